"""Denial: why a read found nothing, for the audit alone. The answer to the caller is the same in every case, and so is the work.

What is hidden and what never was cost the same questions to the database and the same decision: where there is nothing to
explain, a survivor drawn at random is decided about, and what came out is thrown away. Else the time of a 404 would tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.consent.decide import Deny, decide
from hub.consent.keys import is_referral
from hub.consent.provisions import Question
from hub.exchange import Hub
from hub.exchange.person import purposes_under
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.ports import Caller, Stored, Visible

ABSENT = "consent.absent"
SCOPE = "consent.scope"


@dataclass(frozen=True)
class Look:
    """One person looked at, what of hers, who keeps it, and why not where it was denied."""

    person: str | None = None
    references: tuple[str, ...] = ()
    custodian: str | None = None
    denied: str = ""


def explain(type_: str, id_: str, caller: Caller, visible: Visible, hub: Hub) -> Look:
    """`visible`: what the caller may see, whatever its token is narrowed to."""
    hidden = hub.store.read(type_, id_, None)
    is_narrowed = bool(caller.within) and hub.store.read(type_, id_, visible) is not None
    whose = hidden.person if hidden else None
    grounds = hub.store.grounds(whose)
    because = _because(hidden if whose else next(iter(grounds), None), grounds, caller, visible)
    if hidden is None or whose is None:
        return Look(denied=ABSENT)
    return Look(whose, (f"{type_}/{id_}",), hidden.custodian, SCOPE if is_narrowed else because)


def _because(hidden: Stored | None, grounds: Sequence[Stored], caller: Caller, visible: Visible) -> str:
    if hidden is None:
        return ABSENT
    mine = [stored for stored in grounds if stored.custodian == hidden.custodian]
    consents = [stored.resource() for stored in mine if stored.type == "Consent"]
    tasks = [stored.resource() for stored in mine if stored.type == "Task"]
    profile = load().profile_of(hidden.resource())
    question = Question(caller.organization, caller.purpose, profile.base_class if profile else "custodian", visible.at)
    answer = decide(question, consents, _concerning(hidden, tasks), purposes_under())
    return answer.because if isinstance(answer, Deny) else "consent.class"


def _concerning(hidden: Stored, tasks: list[Resource]) -> list[Resource]:
    """The referrals that could open a document: a need is opened by its own alone, as a referral's notice is."""
    reference = f"{hidden.type}/{hidden.id}"
    if hidden.type == "Task":
        return [task for task in tasks if task["id"] == hidden.id]
    tasks = [task for task in tasks if is_referral(task)]
    if hidden.type == "ServiceRequest":
        return [task for task in tasks if task["focus"]["reference"] == reference]
    return tasks
