"""delete: a resource is taken away by who keeps it, and brought back by an update. Its history stays.

https://hl7.org/fhir/R4/http.html#delete. What was said of her in error goes; what has a course of its own ends by its status;
she herself is erased (`hub erase`). To who may not know, a deletion of what is hidden does the same as one of what never was.
"""

from collections.abc import Callable, Mapping
from typing import Final

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub
from hub.exchange.change.conforming import noun, of_profile, require_valid
from hub.exchange.change.draft import Draft, carry_out
from hub.exchange.change.expected import ANYTHING, Expected, require_met
from hub.exchange.change.ownership import PERSON_ELEMENT, owned, person_for, require_keeper, require_known
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.references import split
from hub.ports import Caller

INSTEAD: Final[Mapping[str, str]] = {
    "Patient": "web.delete-patient",
    "Consent": "web.delete-consent",
    "Task": "web.delete-task",
    "Communication": "web.delete-message",
    "AuditEvent": "web.delete-trail",
    "Provenance": "web.delete-trail",
}
"""What is not deleted → the sentence that says what to do instead."""
_ALLOWED: Final = "GET, HEAD, OPTIONS, PATCH, PUT"
DELETED: Final = frozenset(PERSON_ELEMENT) - INSTEAD.keys()


def delete(type_: str, id_: str, caller: Caller, *, expected: Expected, hub: Hub) -> None:
    """Take a resource away; of one that is not there, or no longer, this says nothing."""
    carry_out(deletion(type_, id_, expected=expected), caller, hub=hub)


def foresee_delete(type_: str, id_: str, caller: Caller, *, hub: Hub) -> None:
    """What would speak against this deletion now. Raises HubError."""
    deletion(type_, id_)(Draft(hub, caller, hub.clock.now()))


def deletion(type_: str, id_: str, *, expected: Expected = None, alone: bool = True) -> Callable[[Draft], str]:
    """The act that deletes a resource; it commits nothing, and changes nothing where there is none to see. `alone`: whether it is
    all that is done; else what refers to it is asked at the end (`require_unreferred`).

    Raises NOT_SUPPORTED, NOT_YOURS, STALE or REFERRED_TO.
    """

    def act(draft: Draft) -> str:
        key = f"{type_}/{id_}"
        if type_ not in DELETED:
            raise HubError(errors.NOT_SUPPORTED, text=INSTEAD.get(type_, ""))
        try:
            person, stored = owned(type_, id_, draft, "delete")
        except HubError as problem:
            if problem.problem in (errors.NOT_FOUND, errors.GONE):
                require_met(expected, None)
                return key
            raise
        if not isinstance(person, Person):  # as a list of no survivor's: it is kept
            raise HubError(errors.NOT_SUPPORTED, text="web.delete-list", allow=_ALLOWED)
        if stored.custodian != draft.caller.organization:
            raise HubError(errors.NOT_YOURS)
        require_met(expected, stored.version)
        draft.remove(person, key, f"{noun(stored.resource())}.delete")
        if alone:
            require_unreferred(key, draft)
        return key

    return act


def require_unreferred(key: str, draft: Draft) -> None:
    """Nothing that is left, or that is new, refers to what the draft has taken away. Raises REFERRED_TO."""
    if referring := draft.referring_to(key):
        raise HubError(errors.REFERRED_TO, known=", ".join(sorted({split(one)[0] for one in referring})))


def revive(type_: str, id_: str, resource: Resource, draft: Draft, *, expected: Expected) -> str:
    """Bring back what the caller kept and deleted, as the version after its deletion; judged as if it were new."""
    key = f"{type_}/{id_}"
    gone = draft.hub.store.gone(type_, id_, draft.caller.organization)
    if gone is None or gone.person is None:
        raise HubError(errors.NOT_FOUND)
    deleted = draft.person(gone.person).gone_version(key)
    require_met(expected, None if expected == ANYTHING else deleted)  # of which there is a version, and nothing to see
    back = of_profile(resource)
    require_valid(back)
    if person_for(back, draft).id != gone.person:
        raise HubError(errors.IMMUTABLE, path=type_, element="subject")
    require_keeper(back, draft.caller)
    require_known(back, draft.hub.directory)
    return draft.revive(draft.person(gone.person), back, f"{noun(back)}.update")
