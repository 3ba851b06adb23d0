"""received: a referral that its owner reads for the first time has arrived, and its requester is told so.

https://hl7.org/fhir/R4/valueset-task-status.html (received). The owner itself may say so before; who answers at once has read it.
"""

from hub.exchange import Hub, View
from hub.exchange.change.draft import Draft, carry_out
from hub.fhir.references import split
from hub.fhir.tasks import REFERRAL, kind, party
from hub.ports import Caller
from hub.referral.steps import moved


def looked_at(view: View, caller: Caller, *, hub: Hub) -> View:
    """The view as it is once the hub has noted that it was read; of anything but an unread referral, the view itself."""
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
