"""Trace: what is recorded of looks, and of the decisions that permitted or denied them, before the answer leaves.

A token says who asks and for what, a survivor's Consents say who may: while both stay, each look of that token at her is the same
decision. It is told with the first look that names a Consent or a review Task of which it was not yet told; a denial each time,
and one of nothing like one of somebody, so that the work of an answer does not tell whether there is something to hide.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from hub.audit.decisions import decision
from hub.audit.looks import look as looked
from hub.consent.keys import own_key
from hub.exchange import Hub
from hub.exchange.decided import Case
from hub.exchange.denial import Look
from hub.fhir import Resource
from hub.fhir.references import of_any_version
from hub.ports import Alike, Caller, Changes, Key, Save


def record(hub: Hub, caller: Caller, now: datetime, interaction: str, looks: Sequence[Look]) -> None:
    """Kept with the keeper of what was looked at: an association can see who read of the women it accompanies."""
    record_each(hub, [(caller, look) for look in looks], now, interaction)


def record_each(hub: Hub, looks: Sequence[tuple[Caller, Look]], now: datetime, interaction: str) -> None:
    """The same of several callers at once, in one commit."""
    untold = [(caller, look) for caller, look in looks if _is_untold(look, caller, hub)]
    saves = [save for caller, look in untold for save in _decisions(look, caller, now, hub)]
    saves += [_look(look, caller, now, interaction, hub) for caller, look in looks]
    if saves:
        hub.store.commit(Changes(saves=saves))
    for caller, look in untold:
        if caller.token and not look.denied:
            hub.decided.remember(_case(look, caller), look.under)


def _is_untold(look: Look, caller: Caller, hub: Hub) -> bool:
    """What an organisation keeps itself and what is nobody's needs no decision."""
    return bool(look.denied) or (bool(look.under) and not hub.decided.knows(_case(look, caller), look.under))


def _case(look: Look, caller: Caller) -> Case:
    return caller.token, look.person or "", look.custodian or ""


def _decisions(look: Look, caller: Caller, now: datetime, hub: Hub) -> Iterator[Save]:
    """What was seen partly by her Consents, partly by an exception, was decided twice."""
    for by in _apart(look.under):
        yield _kept(decision(hub.ids.new(), now, caller, look.person, by=by, because=look.denied), look)


def _apart(under: Iterable[str]) -> Iterable[list[str]]:
    consents, others = list[str](), list[str]()
    for one in under:
        (consents if one.startswith("Consent/") else others).append(one)
    return [by for by in (consents, others) if by] or [[]]


def _look(look: Look, caller: Caller, now: datetime, interaction: str, hub: Hub) -> Save:
    made = looked(
        hub.ids.new(),
        now,
        caller,
        interaction,
        person=look.person,
        entities=look.references,
        under=tuple(dict.fromkeys(map(of_any_version, look.under))),
        denied=look.denied,
    )
    return Alike(made, look.person, look.custodian, _keys(look))


def _kept(event: Resource, look: Look) -> Save:
    return Save(event, look.person, look.custodian, _keys(look))


def _keys(look: Look) -> tuple[Key, ...]:
    return (own_key(look.custodian),) if look.custodian else ()
