"""REF^I12, I13 and I14: a referral that somebody sends to the hospital, with what the hospital may know of it and nothing else.

RF1-6 is the number of the referral, by which answers find it. PID-3 is the number under which the hub tells this hospital of
her, PID-5 says that it is no name (HL7 table 0200, S) unless consent opens hers.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from adapters.hl7v2.answer import ASKED
from adapters.hl7v2.compose import Draft, message
from adapters.hl7v2.places import PlaceInMessage, places
from adapters.hl7v2.terms import Terms
from hub.ports import FollowUp, Layout

EVENTS: Final[Mapping[str, str]] = {"new": "I12", "changed": "I13", "cancelled": "I14"}


def ref(referral: FollowUp, layout: Layout, terms: Terms) -> bytes:
    values = _values(referral, layout)
    draft = Draft()
    draft.put("RF1", 1, "P")
    draft.fill(values, terms.zone)
    draft.put("RF1", 6, referral.handle["referral"])
    draft.put("RF1", 6, terms.authority, 2)
    draft.put("PRD", 7, terms.us.facility or terms.us.application, role="RP")
    draft.put("PRD", 7, terms.them.facility or terms.them.application, role="RT")
    draft.put("PID", 1, "1")
    draft.put("PID", 3, _patient(values) or referral.handle["referral"])
    draft.put("PID", 3, terms.authority, 4)
    draft.put("PID", 3, "AN", 5)
    draft.put("PID", 5, "L" if _named(values) else "S", 7)
    kind = f"REF^{EVENTS[referral.handle['event']]}"
    key = f"{referral.id} {referral.handle['referral']}"
    return message(kind, draft, key=key, at=datetime.now(UTC), terms=terms, modes=("AL", "NE"))


def known_by(referral: FollowUp, layout: Layout, terms: Terms) -> Iterator[str]:
    """The number by which the hospital may speak of her without the referral's."""
    if number := _patient(_values(referral, layout)):
        yield f"PID-3 {number} {terms.authority}"


def _values(referral: FollowUp, layout: Layout) -> dict[PlaceInMessage, str]:
    """What stands in the record comes after what its notice said, which stays as it was sent. The hospital's own words are not
    told to it again."""
    at = places(layout.columns)
    told = sorted(referral.values.items(), key=lambda one: one[0] not in layout.follow_up)
    return {
        at[name]: text for name, text in told if name in at and (name not in layout.follow_up or _is_ours(at[name]))
    }


def _is_ours(at: PlaceInMessage) -> bool:
    return at.segment == "PID" or (at.segment, at.field) in {*ASKED, ("RF1", 1)}


def _patient(values: Mapping[PlaceInMessage, str]) -> str:
    return next((text for at, text in values.items() if (at.segment, at.field, at.kind) == ("PID", 3, "")), "")


def _named(values: Mapping[PlaceInMessage, str]) -> bool:
    return any((at.segment, at.field) == ("PID", 5) for at in values)
