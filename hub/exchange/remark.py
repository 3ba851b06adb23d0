"""Remark: words that a recipient's own tool adds to its answer, as a message to the referral's requester.

They are written once: an answer that is sent again says nothing new. `hub.exchange.change.message` judges whether they may be.
"""

from hub.exchange import Hub, change
from hub.exchange.change.message import write, written_message
from hub.exchange.change.refer import seen_referral
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.messages import is_message, referral_of, sender
from hub.ports import Caller


def remark(said: Resource, task: str, caller: Caller, *, hub: Hub) -> bool:
    """Whether it was new. `said`: the message, of which the hub knows all but the words. Raises HubError."""
    made = written_message({**said, "about": [{"reference": f"Task/{task}"}]}, hub)

    def act(draft: change.Draft) -> bool:
        person, _ = seen_referral(f"Task/{task}", "Communication.about", draft)
        if any(_says_the_same(one, made, caller) for one in _kept(person, f"Task/{task}")):
            return False
        write(made, draft)
        return True

    _, new = change.carry_out(act, caller, hub=hub)
    return bool(new)


def _kept(person: Person, task: str) -> list[Resource]:
    found = person.kept_by(person.custodian(task) or "")
    return [one for one in found if is_message(one) and referral_of(one) == task]


def _says_the_same(stored: Resource, made: Resource, caller: Caller) -> bool:
    return sender(stored) == caller.organization and stored["payload"] == made["payload"]
