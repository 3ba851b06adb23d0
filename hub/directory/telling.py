"""A reason of a rank in words, in the reader's language: the label of its code, and when or what."""

from collections.abc import Mapping
from typing import Final

from hub import texts
from hub.directory.matching import Reason
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO

DATED: Final[Mapping[str, str]] = {
    "room-not-confirmed": "%d/%m/%Y",
    "refused-for-room": "%d/%m/%Y",
    "opens-within-a-day": "%d/%m/%Y %H:%M",
    "opens-later": "%d/%m/%Y %H:%M",
}
"""Findings of which it is told since when, or from when on: as the day is written in Morocco."""
_CODED_BY: Final = ("urn:ietf:bcp:47", code_system("service-characteristic"), code_system("service-eligibility"))


def explained(reason: Reason, language: str) -> str:
    label = load().display("match-reason", reason.code, language) or reason.code
    if reason.at is not None and reason.code in DATED:
        when = reason.at.astimezone(MOROCCO).strftime(DATED[reason.code])
        return texts.say(f"services.{reason.code}", language, when=when)
    if reason.codes:
        lacking = texts.say("services.separator", language).join(_named(code, language) for code in reason.codes)
        return texts.say("services.lacking", language, reason=label, lacking=lacking)
    return label


def _named(code: str, language: str) -> str:
    return next((name for system in _CODED_BY if (name := load().display(system, code, language))), code)
