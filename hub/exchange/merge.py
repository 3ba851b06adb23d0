"""When several records speak of one survivor, and when a record no longer says what it said."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from hub.consent.narrowing import denies
from hub.consent.recording import opens
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.needs import no_referral_reason
from hub.fhir.references import reference
from hub.mapping import Mapped, Part, holds
from hub.ports import LedgerEntry

_KEYED_BY = {"extension": "url", "identifier": "type"}
IN_ERROR = "entered-in-error"
YEARS_APART = 2
"""Ages told at two visits may differ by so much and still be one woman's."""


def merge(stored: Resource, arriving: Resource, cleared: Collection[str] = ()) -> Resource:
    """The stored Patient with all that the arriving record says; what the record is silent about stays, but for elements that
    it says are to be empty."""
    stored = {element: value for element, value in stored.items() if element not in cleared}
    merged = {**stored, **arriving}
    for element, key in _KEYED_BY.items():
        said = arriving.get(element, [])
        kept = [item for item in stored.get(element, []) if all(item.get(key) != other.get(key) for other in said)]
        if kept or said:
            merged[element] = said + kept
    return overwrite(stored, merged)


def overwrite(stored: Resource, arriving: Resource) -> Resource:
    """What the arriving record says in place of the stored; the hub's own tags and labels stay."""
    kept = {key: value for key, value in stored.get("meta", {}).items() if key != "profile"}
    return {**arriving, "meta": {**arriving.get("meta", {}), **kept}}


def contradiction(stored: Resource, arriving: Resource) -> str | None:
    """The element in which two records cannot be speaking of the same person; None when they can."""
    if _cin(stored) and _cin(arriving) and _cin(stored) != _cin(arriving):
        return "identifier"
    born = [int(patient["birthDate"][:4]) for patient in (stored, arriving) if "birthDate" in patient]
    if max(born, default=0) - min(born, default=0) > YEARS_APART:
        return "birthDate"
    genders = {patient.get("gender", "unknown") for patient in (stored, arriving)} - {"unknown"}
    return "gender" if len(genders) > 1 else None


def retire(stored: Resource) -> Resource | None:
    """The resource once its source no longer says it; None when it has an end of its own already or has none. A need that was
    not referred was a line of that source and nothing else, whatever became of it."""
    if no_referral_reason(stored):
        return None if stored["status"] == IN_ERROR else {**stored, "status": IN_ERROR}
    ended = {
        "Consent": ("inactive", {"active", "draft", "proposed"}),
        "ServiceRequest": ("revoked", {"active", "draft", "on-hold"}),
        "Observation": (IN_ERROR, {"final", "amended", "preliminary"}),
    }.get(stored["resourceType"])
    if ended is None or stored["status"] not in ended[1]:
        return None
    return {**stored, "status": ended[0]}


def shut(stored: Resource) -> Resource | None:
    """The same of a Consent of which a record that cannot be taken in says nothing: it opens nothing more, and what it closes
    stays closed."""
    left = denies(stored["provision"]) if stored["resourceType"] == "Consent" else None
    if left is None or stored["status"] != "active":
        return retire(stored)
    return {**stored, "provision": left} if opens(stored["provision"]) else None


def untold(known: LedgerEntry | None, mapped: Mapped | None) -> dict[str, str]:
    """What this version of a record could say nothing of: it stands as an earlier one told it."""
    if known is None or mapped is None or not mapped.untold:
        return {}
    return {local: name for local, name in known.resources.items() if mapped.is_untold(local)}


def leave_open(person: Person | None, resources: Mapping[str, Resource], parts: Sequence[Part]) -> dict[str, Resource]:
    """Arriving resources with what an earlier version of the record told of the parts that this one says nothing of."""
    found = dict(resources)
    for local, arriving in resources.items():
        if stored := person.get(reference(arriving)) if person else None:
            found[local] = _left(stored, arriving, [part for part in parts if part.is_of(local)])
    return found


def _left(stored: Resource, arriving: Resource, parts: Iterable[Part]) -> Resource:
    for part in parts:
        before, said = stored.get(part.key), arriving.get(part.key)
        left = _items_left(before, said or [], part) if isinstance(before, list) else _one_left(before, said, part)
        if left:
            arriving = {**arriving, part.key: left}
    return arriving


def _one_left(before: Any, said: Any, part: Part) -> Any:
    """What was told before, in the place of what stands there for want of it."""
    if before is None or said is None or not part.below:
        return said if before is None else before
    return _left(before, said, part.below)


def _items_left(before: Sequence[Any], said: Sequence[Any], part: Part) -> list[Any]:
    """A list in which the items of the part are as they were told before; those of which something is told stay in it."""
    kept, mine = [one for one in before if part.has(one)], [one for one in said if part.has(one)]
    if not mine or (kept and not part.below and not part.several):
        return [*(one for one in said if not part.has(one)), *kept]
    return [_item_left(kept, one, part) if part.has(one) else one for one in said]


def _item_left(kept: Sequence[Any], said: Any, part: Part) -> Any:
    """Of several, what was told before goes on in the one that says all that is said now: of another number nobody was asked."""
    alike = [one for one in kept if holds(one, said)] if part.several else kept
    return _left(alike[0], said, part.below) if part.below and len(alike) == 1 else said


def _cin(patient: Resource) -> str | None:
    for identifier in patient.get("identifier", ()):
        codings = identifier.get("type", {}).get("coding", ())
        if any(c.get("system") == code_system("identifier-type") and c.get("code") == "cin" for c in codings):
            value: str = identifier["value"]
            return value
    return None
