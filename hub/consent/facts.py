"""What a Consent can ask of one document: its kind, codes, labels, time, authors, and what it has to do with others.

Only what is recorded counts, in the document itself and in the same person's documents of the same custodian.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from hub.consent.actors import NONE, Names
from hub.fhir import Resource
from hub.fhir.data_classes import CONFIDENTIALITY, data_classes
from hub.fhir.definitions import load
from hub.fhir.instants import period, span
from hub.fhir.labels import labels as by_content
from hub.fhir.references import reference, slots, split
from hub.ports import FOREVER, LONG_AGO

LEVELS: Final = "ULMNRV"
"""v3-Confidentiality from the least to the most, http://terminology.hl7.org/CodeSystem/v3-Confidentiality."""
AUTHORS: Final = ("recorder", "author", "performer", "asserter", "sender", "requester")
RELEVANT: Final[Mapping[str, tuple[str, ...]]] = {
    "CarePlan": ("period", "created"),
    "Communication": ("sent", "received"),
    "Composition": ("date",),
    "Condition": ("onsetPeriod", "onsetDateTime", "recordedDate"),
    "DocumentReference": ("context.period", "date"),
    "Encounter": ("period",),
    "EpisodeOfCare": ("period",),
    "Flag": ("period",),
    "Observation": ("effectivePeriod", "effectiveDateTime", "effectiveInstant", "issued"),
    "Procedure": ("performedPeriod", "performedDateTime"),
    "QuestionnaireResponse": ("authored",),
    "RiskAssessment": ("occurrencePeriod", "occurrenceDateTime"),
    "ServiceRequest": ("occurrencePeriod", "occurrenceDateTime", "authoredOn"),
    "Task": ("authoredOn",),
}
"""Type → the elements that say when what it tells of happened; the first that is there. Without any: when it was stored."""

Label = tuple[int, Names]
"""Confidentiality, as a place in LEVELS, and the other labels as `system|code`."""
Codes = frozenset[tuple[str, str]]
_VERY: Final = len(LEVELS) - 1


@dataclass(frozen=True, eq=False, repr=False)
class Facts:
    """One document. `referred_by`: what refers to it; `known`: everything in the same hands; `stored`: when it was written."""

    resource: Resource
    custodian: str
    stored: datetime | None = None
    referred_by: Names = NONE
    known: Names = NONE

    @cached_property
    def reference(self) -> str:
        return reference(self.resource)

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    @cached_property
    def profiles(self) -> Names:
        """Those that it names, and the one by which it is read."""
        read_by = load().profile_of(self.resource)
        claimed = {str(url).partition("|")[0] for url in self.resource.get("meta", {}).get("profile", ())}
        return frozenset(claimed | ({read_by.url} if read_by else set()))

    @cached_property
    def refers_to(self) -> Names:
        return frozenset(map(_literal, slots(self.resource)))

    @cached_property
    def authors(self) -> Names:
        """As recorded; of its organisation nothing needs to be recorded: it is who keeps it."""
        found = frozenset(_literal(one) for name in AUTHORS for one in slots(self.resource.get(name, ())))
        if any(one.startswith("Organization/") for one in found):
            return found
        return found | {f"Organization/{self.custodian}"}

    @cached_property
    def time(self) -> tuple[datetime, datetime] | None:
        """[from, to) of what it tells of; None when nobody can say."""
        for path in RELEVANT.get(self.type, ()):
            value: Any = self.resource
            for name in path.split("."):
                value = value.get(name, {}) if isinstance(value, dict) else {}
            if value:
                return period(value, low=LONG_AGO, high=FOREVER) if isinstance(value, dict) else span(value)
        return (self.stored, self.stored) if self.stored else None

    @cached_property
    def codes(self) -> Codes:
        return frozenset(
            (str(one.get("system", "")), one["code"])
            for one in _objects(self.resource)
            if isinstance(one.get("code"), str)
        )

    @cached_property
    def bare(self) -> Names:
        """Every code that stands without a code system: it may be one of any."""
        words = (value for one in _objects(self.resource) for value in one.values() if isinstance(value, str))
        items = (
            v for one in _objects(self.resource) for value in one.values() if isinstance(value, list) for v in value
        )
        return frozenset([*words, *(one for one in items if isinstance(one, str))])

    @cached_property
    def marked(self) -> Label | None:
        """What its keeper wrote on it in `meta.security` beside the labels that it has by rule, if anything."""
        written = self.resource.get("meta", {}).get("security", ())
        by_rule = by_content(self.resource) if written else ()
        security = [label for label in written if label not in by_rule]
        return _label(security) if security else None

    @cached_property
    def labels(self) -> Mapping[str, Label]:
        """The label of each data class in it: the class's own, raised by what is written on the document."""
        return labels() if self.marked is None else {name: _raised(one, self.marked) for name, one in labels().items()}


def labels() -> Mapping[str, Label]:
    """The label that elements of each data class carry where nothing else is said."""
    return {name: _label(one.labels) for name, one in data_classes().items()}


def _label(codings: Iterable[Mapping[str, Any]]) -> Label:
    level, others = 0, set()
    for coding in codings:
        system, code = coding.get("system", ""), coding.get("code", "")
        if system == CONFIDENTIALITY:
            level = max(level, LEVELS.index(code) if code and code in LEVELS else _VERY)
        else:
            others.add(f"{system}|{code}")
    return level, frozenset(others)


def _raised(one: Label, other: Label) -> Label:
    return max(one[0], other[0]), one[1] | other[1]


def _literal(slot: Mapping[str, Any]) -> str:
    return "/".join(split(slot["reference"]))


def _objects(resource: Resource) -> Iterator[dict[str, Any]]:
    """Every object of a resource but those in its `meta`."""
    pending: list[Any] = [value for name, value in resource.items() if name != "meta"]
    yield {name: value for name, value in resource.items() if name not in {"meta", "resourceType", "id"}}
    while pending:
        here = pending.pop()
        if isinstance(here, dict):
            yield here
            here = here.values()
        elif not isinstance(here, list):
            continue
        pending += here
