"""Same or not: what an organisation says of two persons whom it sees. It merges nothing and moves nothing from one to the other:
consents differ, and so may those who must not know. It is a note of that organisation's, with its audit in one transaction.
"""

from typing import Final

from hub.audit import events
from hub.consent.keys import own
from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub, disclose
from hub.exchange.duplicates import TYPE, Asking, Known, Standing, key
from hub.exchange.queue import Turn
from hub.ports import Caller, Changes, Judgement, Key, Save

VERBS: Final[dict[Standing, str]] = {
    "same": "duplicate.confirm",
    "different": "duplicate.refuse",
    "undecided": "duplicate.reopen",
}


def judge(one: str, other: str, said: Standing, caller: Caller, *, hub: Hub) -> Standing:
    """What its organisation says from now on; the same again changes nothing. Raises HubError(NOT_FOUND) where the caller does
    not see both, by name, or one organisation keeps them: it tells nobody whether there is a second record."""

    def attempt(_: Turn) -> Standing:
        asking = Asking(caller, hub.clock.now(), hub)
        both = _both(one, other, asking)
        before = _before(one, other, asking)
        if before is not None and said == "undecided":
            hub.store.judgements.remove(before, _told(said, both, asking))
        elif said != "undecided" and not (before and _holds(before, said, both, asking)):
            hub.store.judgements.put(_judgement(said, both, before, asking), _told(said, both, asking))
        return said

    return hub.queue.tried(attempt)


def _both(one: str, other: str, asking: Asking) -> list[Known]:
    found = {known.seen.id: known for known in asking.persons([one, other])}
    hidden = [id_ for id_ in dict.fromkeys((one, other)) if id_ not in found]
    for id_ in hidden:
        disclose.deny(TYPE, id_, asking.caller, asking.now, "operation", hub=asking.hub)
    both = sorted(found.values(), key=lambda known: known.seen.id)
    if len(both) != 2 or both[0].seen.keeper == both[1].seen.keeper:
        raise HubError(NOT_FOUND)
    return both


def _before(one: str, other: str, asking: Asking) -> Judgement | None:
    known = asking.hub.store.judgements.of(asking.caller.organization, one)
    return next((each for each in known if each.persons == key(one, other)), None)


def _holds(before: Judgement, said: Standing, both: list[Known], asking: Asking) -> bool:
    return before.said == said and asking.stands(before, *(known.seen for known in both))


def _judgement(said: Standing, both: list[Known], before: Judgement | None, asking: Asking) -> Judgement:
    assert said != "undecided"
    caller = asking.caller
    return Judgement(
        caller.organization,
        key(both[0].seen.id, both[1].seen.id),
        said,
        asking.now,
        caller.practitioner or caller.client,
        {known.seen.id: asking.compared(known.seen) for known in both},
        before.version + 1 if before else 1,
    )


def _told(said: Standing, both: list[Known], asking: Asking) -> Changes:
    """For the organisation that says it alone: whoever keeps one of the records would learn that there is another."""
    us = asking.caller.organization
    event = events.event(
        asking.hub.ids.new(),
        VERBS[said],
        asking.now,
        interaction="operation",
        caller=asking.caller,
        person=None,
        entities=[f"{TYPE}/{known.seen.id}" for known in both],
    )
    return Changes(saves=[Save(event, None, us, (Key(own(us)),))])
