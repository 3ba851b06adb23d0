"""Exceptional disclosures: what is open without a consent that covers it, to whom, and until when.

The record of one is a review Task among the survivor's resources (profile `override-review-task`). The keys follow from it as
others follow from a Consent, and end by themselves: nothing has to be closed, and nothing is open of which no record tells.
The purpose is one of its own, as BTG: https://terminology.hl7.org/CodeSystem/v3-ActReason
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from hub.consent.conditions import everything
from hub.consent.keys import CLOSED_TO_RECIPIENTS, Held
from hub.consent.provisions import Provision, answers, asks, in_force, read, verdicts
from hub.consent.rules import Rules
from hub.consent.standing import closed
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.data_classes import shareable
from hub.fhir.instants import span
from hub.fhir.needs import no_referral_reason
from hub.fhir.references import reference, split
from hub.ports import Key

CODE: Final = "review-override"
_CODES: Final = code_system("task-code")
BREAK_GLASS: Final = "BTG"
"""The purpose for which alone a glass is broken."""


@dataclass(frozen=True)
class Opened:
    """What a review Task says is open in [since, until). `task`: its reference; `reason`: a code of `override-reason`."""

    task: str
    kind: str
    recipient: str
    purposes: frozenset[str]
    classes: frozenset[str]
    despite_refusal: bool
    since: datetime
    until: datetime
    reason: str
    review: str = ""  # what a review found; "" until then
    informed: str = ""  # of a disclosure by a duty: a code of `survivor-informed`

    def covers(self, recipient: str, purpose: str, at: datetime) -> bool:
        return recipient == self.recipient and purpose in self.purposes and self.since <= at < self.until


def is_review(resource: Resource) -> bool:
    """A Task by which an exceptional disclosure is reviewed, and from which it follows."""
    return resource["resourceType"] == "Task" and any(
        coding.get("code") == CODE and coding.get("system") == _CODES
        for coding in resource.get("code", {}).get("coding", ())
    )


def opened_by(task: Resource) -> Opened:
    """What a review Task says. Classes that no consent could open are not opened by it either."""
    period = task["restriction"]["period"]
    told = list(_parts(task, "input"))
    return Opened(
        task=reference(task),
        kind=next(value for name, value in told if name == "override-kind"),
        recipient=next(split(value["reference"])[1] for name, value in told if name == "recipient"),
        purposes=frozenset(value for name, value in told if name == "purpose"),
        classes=frozenset(value for name, value in told if name == "data-class") & shareable(),
        despite_refusal=any(value for name, value in told if name == "despite-refusal"),
        since=span(period["start"])[0],
        until=span(period["end"])[0],
        reason=task["reasonCode"]["coding"][0]["code"],
        informed=next((value for name, value in told if name == "survivor-informed"), ""),
        review=next((value for name, value in _parts(task, "output") if name == "review"), ""),
    )


def _parts(task: Resource, name: str) -> Iterator[tuple[str, Any]]:
    """Each input or output by its code."""
    for part in task.get(name, ()):
        (value,) = (value for key, value in part.items() if key.startswith("value"))
        yield part["type"]["coding"][0]["code"], value


def with_overrides(
    keys: Mapping[str, tuple[Key, ...]],
    documents: Iterable[Held],
    classes: Callable[[Resource], frozenset[str]],
    rules: Rules,
    now: datetime,
) -> Mapping[str, tuple[Key, ...]]:
    """The keys of one person's documents, and those that exceptional disclosures add to them while they last.

    One custodian's records are opened by its own review Tasks alone.
    """
    documents = list(documents)
    tasks = [(held.custodian, opened_by(held.resource)) for held in _reviews(documents)]
    lasting = [(custodian, one) for custodian, one in tasks if now < one.until]
    if not lasting:
        return keys
    open_ = [(custodian, one, _effective(one, _kept_by(documents, custodian), rules)) for custodian, one in lasting]
    return {
        reference(held.resource): (*keys[reference(held.resource)], *_added(held, open_, classes)) for held in documents
    }


def excepted(documents: Iterable[Held]) -> frozenset[str]:
    """The grants that review Tasks give or gave: that they end is no withdrawal of anything."""
    opened = (opened_by(held.resource) for held in _reviews(documents))
    return frozenset(f"{o.recipient}|{purpose}|{name}" for o in opened for purpose in o.purposes for name in o.classes)


def _reviews(documents: Iterable[Held]) -> list[Held]:
    return [one for one in documents if one.resource["resourceType"] == "Task" and is_review(one.resource)]


def _kept_by(documents: Iterable[Held], custodian: str) -> list[Resource]:
    return [one.resource for one in documents if one.custodian == custodian]


def _added(
    held: Held, open_: Iterable[tuple[str, Opened, frozenset[str]]], classes: Callable[[Resource], frozenset[str]]
) -> Iterator[Key]:
    never = held.resource["resourceType"] in CLOSED_TO_RECIPIENTS or no_referral_reason(held.resource)
    if never or is_review(held.resource):
        return
    known = classes(held.resource)
    for custodian, one, effective in open_:
        if custodian == held.custodian != one.recipient:
            for purpose in sorted(one.purposes):
                for name in sorted(effective & known):
                    yield Key(f"{one.recipient}|{purpose}|{name}", one.since, one.until, because=(one.task,))


def _effective(one: Opened, kept: Sequence[Resource], rules: Rules) -> frozenset[str]:
    return one.classes if one.despite_refusal else one.classes - refused(one, kept, rules)


def refused(one: Opened, kept: Sequence[Resource], rules: Rules) -> frozenset[str]:
    """Of the classes that it would open, those that she expressly refused at any time while it lasts, and those that are closed
    for her safety whatever is permitted. `kept`: all that one organisation keeps of her.

    A root that only says that nothing is shared but what its exceptions name is no refusal of an emergency.
    """
    found = one.classes & closed(kept, rules.policies).keys()
    consents = [resource for resource in kept if resource["resourceType"] == "Consent"]
    read_ = (read(c.get("provision", {}), rules.under, rules.below) for c in consents if in_force(c))
    for root in (_without_default(one.settled(answers(asks((one,)), None))) for one in read_):
        for at in {one.since, *(bound for bound in _bounds(root) if one.since < bound < one.until)}:
            for purpose in one.purposes:
                found |= verdicts(root, frozenset({one.recipient}), purpose, at, one.classes)[1]
    return found


def _without_default(root: Provision) -> Provision:
    names_nothing = not (root.parties or root.purposes) and root.sure == root.possible == everything()
    return replace(root, type=None) if root.type == "deny" and names_nothing else root


def _bounds(provision: Provision) -> Iterator[datetime]:
    yield from (provision.since, provision.until)
    for exception in provision.exceptions:
        yield from _bounds(exception)
