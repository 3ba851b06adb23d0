"""Close a referral that its owner sees nothing of any more, because consent was withdrawn: it still is to be ended."""

from collections.abc import Callable

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, disclose
from hub.exchange.change.conforming import findings, require_none
from hub.exchange.change.draft import Draft, carry_out
from hub.exchange.change.referral import judge, stamp
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.ports import Caller
from hub.referral.transitions import business_status


def close_unseen(id_: str, close: Callable[[Resource], Resource], caller: Caller, *, hub: Hub) -> str:
    """The status of the referral that was closed."""

    def act(draft: Draft) -> None:
        person, before = _held_for_withdrawal(id_, draft)
        after = close(before)
        action = judge(before, after, caller)
        after = stamp(before, after, draft.now)
        require_none(findings(after))
        draft.put(person, after, action, "update")

    carry_out(act, caller, hub=hub)
    stored = hub.store.read("Task", id_, None)
    assert stored is not None
    return str(stored.resource()["status"])


def _held_for_withdrawal(id_: str, draft: Draft) -> tuple[Person, Resource]:
    """Only its owner's, and only while it is on hold for that reason; whatever else the caller does not see is absent."""
    hub, caller = draft.hub, draft.caller
    stored = hub.store.read("Task", id_, None)
    task = stored.resource() if stored else {}
    mine = task.get("owner", {}).get("reference") == f"Organization/{caller.organization}"
    narrowed = any((one.type, one.interaction) == ("Task", "update") for one in caller.within)
    held = mine and task["status"] == "on-hold" and business_status(task) == "consent-withdrawn"
    if stored is None or stored.person is None or narrowed or not held:
        disclose.read("Task", id_, caller, hub=hub, reach="update")
        raise HubError(errors.NOT_YOURS, path="Task.status")
    return draft.person(stored.person), task
