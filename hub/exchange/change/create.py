"""create: a new resource of the caller's own. https://hl7.org/fhir/R4/http.html#create"""

from collections.abc import Callable
from typing import Final

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, View
from hub.exchange.change.conforming import fresh, noun, require_valid
from hub.exchange.change.draft import Draft, carried_out
from hub.exchange.change.message import write, written_message
from hub.exchange.change.ownership import CREATED, kept_with, person_for, require_keeper, require_known
from hub.exchange.change.refer import refer, written_task
from hub.exchange.person import Person
from hub.exchange.recording import require_recorded
from hub.exchange.supersede import end_superseded
from hub.fhir import Resource
from hub.ports import Caller

_MADE: Final = {"Task": written_task, "Communication": written_message}
"""Types that are understood by more than what they say."""


def create(resource: Resource, caller: Caller, *, hub: Hub) -> View:
    """Store a new resource of the caller's own. The id, version and instant that it carries are ignored."""
    return carried_out(creation(resource, hub), caller, hub=hub)


def creation(resource: Resource, hub: Hub, id_: str = "") -> Callable[[Draft], str]:
    """The act that creates it, under an id of its own; it commits nothing. `id_`: one that was drawn for it before."""
    made = _fresh(resource, hub, id_)

    def act(draft: Draft) -> str:
        if made["resourceType"] == "Task":
            return refer(made, draft)
        if made["resourceType"] == "Communication":
            return write(made, draft)
        require_valid(made)
        person = person_for(made, draft)
        require_keeper(made, draft.caller)
        require_recorded(made, None, draft.caller)
        require_known(made, hub.directory)
        if isinstance(person, Person) and made["resourceType"] == "Consent":
            end_superseded(made, person, draft.caller.organization)
        return draft.put(person, made, f"{noun(made)}.create", "create", kept_with(made, person))

    return act


def foresee_create(resource: Resource, caller: Caller, *, hub: Hub, unsigned: bool = False) -> None:
    """What would speak against storing this, as far as no record has to be read to know it. Raises HubError.

    `unsigned`: a consent that is not given yet, so that nothing can tell who gave it.
    """
    made = _fresh(resource, hub)
    require_valid(made)
    require_keeper(made, caller)
    if not unsigned:
        require_recorded(made, None, caller)
    require_known(made, hub.directory)


def _fresh(resource: Resource, hub: Hub, id_: str = "") -> Resource:
    if resource["resourceType"] not in CREATED:
        raise HubError(errors.NOT_SUPPORTED, type=resource["resourceType"])
    return _MADE.get(resource["resourceType"], fresh)(resource, hub, id_)
