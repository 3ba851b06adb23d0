"""received: a referral that its owner reads for the first time has arrived, and its requester is told so; so has a message.

https://hl7.org/fhir/R4/valueset-task-status.html (received). The owner itself may say so before; who answers at once has read it.
"""

from hub.exchange import Hub, View
from hub.exchange.change.draft import Draft, carry_out
from hub.exchange.change.message import SENT, told
from hub.fhir.messages import is_message, recipients
from hub.fhir.references import split
from hub.fhir.tasks import REFERRAL, kind, party
from hub.ports import Caller
from hub.referral.steps import moved


def looked_at(view: View, caller: Caller, *, hub: Hub) -> View:
    """The view as it is once the hub has noted that it was read; of anything but an unread referral, the view itself."""
    if view.type == "Communication" and f'"{SENT}"' in view.text:
        return _read_message(view, caller, hub=hub)
    if view.type != "Task" or '"requested"' not in view.text:
        return view

    def act(draft: Draft) -> bool:
        person = draft.holding(f"Task/{view.id}")
        task = person.get(f"Task/{view.id}") if person else None
        if person is None or task is None or kind(task) != REFERRAL or task["status"] != "requested":
            return False
        keeper = person.custodian(f"Task/{view.id}") or ""
        is_owner = split(party(task, "owner"))[1] == caller.organization
        if not is_owner or not person.may_be_told(task, keeper, draft.now):
            return False
        draft.put(person, moved(task, "received", draft.now), "referral.receive", "update")
        return True

    draft, received = carry_out(act, caller, hub=hub)
    return draft.view(f"Task/{view.id}") if received else view


def _read_message(view: View, caller: Caller, *, hub: Hub) -> View:
    """Who reads it by its id has received it. A search says nothing about anybody having looked."""
    key = f"Communication/{view.id}"

    def act(draft: Draft) -> bool:
        person = draft.holding(key)
        message = person.get(key) if person else None
        if person is None or message is None or not is_message(message) or message["status"] != SENT:
            return False
        if caller.organization not in recipients(message) or not person.shows(key, caller.organization, draft.now):
            return False
        draft.put(person, *told(message, {**message, "status": "completed"}, caller, draft.now), "update")
        return True

    draft, received = carry_out(act, caller, hub=hub)
    return draft.view(key) if received else view
