"""Denial: why a read found nothing, for the audit alone. The answer to the caller is the same in every case, and so is the work.

What is hidden and what never was cost the same questions to the database and the same decision: where there is nothing to
explain, a survivor drawn at random is decided about, and what came out is thrown away. Else the time of a 404 would tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.consent.belonging import is_referral
from hub.consent.decide import Deny, decide_of
from hub.consent.keys import Granted, Held, granted
from hub.consent.provisions import Question, in_force
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.references import of_version, reference
from hub.ports import Caller, Stored, Visible

ABSENT = "consent.absent"
SCOPE = "consent.scope"


@dataclass(frozen=True)
class Look:
    """One person looked at, what of hers, who keeps it, and why not where it was denied; `under`: the Consents and review Tasks
    that decided so."""

    person: str | None = None
    references: tuple[str, ...] = ()
    custodian: str | None = None
    denied: str = ""
    under: tuple[str, ...] = ()


def explain(type_: str, id_: str, caller: Caller, visible: Visible, hub: Hub) -> Look:
    """`visible`: what the caller may see, whatever its token is narrowed to."""
    hidden = hub.store.read(type_, id_, None)
    is_narrowed = bool(caller.within or caller.bound) and hub.store.read(type_, id_, _wide(visible)) is not None
    whose = hidden.person if hidden else None
    grounds = hub.store.grounds(whose)
    because, by = _because(hidden if whose else next(iter(grounds), None), grounds, caller, visible, hub)
    if hidden is None or whose is None:
        return Look(denied=ABSENT)
    because, by = (SCOPE, ()) if is_narrowed else (because, by)
    return Look(whose, (f"{type_}/{id_}",), hidden.custodian, because, under=by)


def _wide(visible: Visible) -> Visible:
    return replace(visible, bound=frozenset(), others=tuple(replace(one, bound=frozenset()) for one in visible.others))


def _because(
    hidden: Stored | None, grounds: Sequence[Stored], caller: Caller, visible: Visible, hub: Hub
) -> tuple[str, tuple[str, ...]]:
    """The reason, and the Consents that decided: those that speak of it, or where none does, all that are in force."""
    if hidden is None:
        return ABSENT, ()
    documents = {f"{stored.type}/{stored.id}": stored for stored in (*grounds, hidden)}
    held = [Held(stored.resource(), stored.custodian or "", stored.at) for stored in documents.values()]
    permitted = granted(held, hub.rules)[hidden.custodian or ""]
    tasks = [
        one.resource for one in held if one.custodian == hidden.custodian and one.resource["resourceType"] == "Task"
    ]
    answer = decide_of(_question(hidden, caller, visible.at, permitted), permitted, _concerning(hidden, tasks))
    by = dict.fromkeys(one.partition("#")[0] for one in answer.by) or _in_force(held, hidden)
    versions = tuple(of_version(one, documents[one].version) for one in by)
    return answer.because if isinstance(answer, Deny) else "consent.class", versions


def _in_force(held: Sequence[Held], hidden: Stored) -> list[str]:
    mine = (one.resource for one in held if one.custodian == hidden.custodian)
    return [reference(one) for one in mine if one["resourceType"] == "Consent" and in_force(one)]


def _question(hidden: Stored, caller: Caller, now: datetime, permitted: Granted) -> Question:
    profile = load().profile_of(hidden.resource())
    return Question(
        caller.organization,
        caller.purpose,
        profile.base_class if profile else "custodian",
        now,
        caller.practitioner,
        caller.roles,
        permitted.documents.get(f"{hidden.type}/{hidden.id}"),
    )


def _concerning(hidden: Stored, tasks: list[Resource]) -> list[Resource]:
    """The referrals that could open a document: a need is opened by its own alone, as a referral's notice is."""
    named = f"{hidden.type}/{hidden.id}"
    if hidden.type == "Task":
        return [task for task in tasks if task["id"] == hidden.id]
    tasks = [task for task in tasks if is_referral(task)]
    if hidden.type == "ServiceRequest":
        return [task for task in tasks if task["focus"]["reference"] == named]
    return tasks
