"""update and patch: the next version of a resource. The same content again is the same version.

https://hl7.org/fhir/R4/http.html#update · https://hl7.org/fhir/R4/http.html#patch
"""

from collections.abc import Callable
from typing import Final

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, View, disclose
from hub.exchange.change.conforming import (
    INVARIANT,
    findings,
    keep_meta,
    keep_profile,
    noun,
    require_heeded,
    require_none,
    without,
)
from hub.exchange.change.consequences import follow_step
from hub.exchange.change.delete import revive
from hub.exchange.change.draft import Draft, Holder, carried_out
from hub.exchange.change.expected import Expected, is_met, require_any
from hub.exchange.change.message import is_between, is_told_already, told
from hub.exchange.change.ownership import (
    CHANGED,
    is_author,
    owned,
    require_keeper,
    require_known,
    require_same_person,
)
from hub.exchange.change.referral import (
    GIVEN,
    SENT,
    actor_of,
    is_said_already,
    judge,
    require_answers,
    require_consent,
    stamp,
    was_claimed,
)
from hub.exchange.person import Person
from hub.exchange.recording import require_recorded
from hub.exchange.supersede import require_same
from hub.fhir import Resource
from hub.fhir.fhirpath_patch import BadFhirPathPatch
from hub.fhir.json_patch import BadPatch, PatchFailed, apply
from hub.fhir.references import reference
from hub.fhir.serial import written_alike
from hub.ports import Caller, Stored
from hub.referral.requests import machine_of

_SAID_AGAIN: Final = {"Task": is_said_already, "Communication": is_told_already}
Revise = Callable[[Resource], Resource]
"""What is stored → what is to be."""


def update(type_: str, id_: str, resource: Resource, caller: Caller, *, expected: Expected, hub: Hub) -> View:
    """Replace a resource by its next version."""
    return carried_out(replacement(type_, id_, resource, expected=expected), caller, hub=hub)


def replacement(type_: str, id_: str, resource: Resource, *, expected: Expected) -> Callable[[Draft], str]:
    """The act of an update."""
    return revision(type_, id_, replacing(type_, id_, resource), expected=expected, interaction="update")


def patch(
    type_: str, id_: str, revise: Revise | list[Resource], caller: Caller, *, expected: Expected, hub: Hub
) -> View:
    """Change a resource by what a patch makes of it, or by the steps of a JSON Patch; the result is judged like an update."""
    made = revise if callable(revise) else lambda stored: apply(stored, revise)
    act = revision(type_, id_, made, expected=expected, interaction="patch")
    return carried_out(act, caller, hub=hub)


def foresee_update(type_: str, id_: str, resource: Resource, caller: Caller, *, hub: Hub) -> None:
    """What would speak against this update now; the look at what is stored is recorded. Raises HubError."""
    if type_ not in CHANGED:
        disclose.read(type_, id_, caller, hub=hub)
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    act = revision(type_, id_, replacing(type_, id_, resource), expected=None, interaction="update")
    act(Draft(hub, caller, hub.clock.now()))


def replacing(type_: str, id_: str, resource: Resource) -> Revise:
    body = {"resourceType": type_, "id": id_, **without(resource, {"resourceType", "id"})}
    return lambda _: body


def revision(type_: str, id_: str, revise: Revise, *, expected: Expected, interaction: str) -> Callable[[Draft], str]:
    """The act that revises a resource, with everything that may speak against it; it commits nothing."""

    def act(draft: Draft) -> str:
        try:
            person, stored = owned(type_, id_, draft)
        except HubError as problem:
            if problem.problem is errors.GONE and interaction == "update":
                return revive(type_, id_, revise({}), draft, expected=expected)
            if problem.problem in {errors.NOT_FOUND, errors.GONE}:
                require_any(expected)
            if problem.problem is errors.NOT_FOUND and expected is not None and was_claimed(type_, id_, draft):
                raise HubError(errors.STALE) from problem
            raise
        # with what an earlier act of this draft has made of it
        before = person.get(f"{type_}/{id_}") or {"resourceType": type_, "id": id_}
        _require_side(before, person, draft)
        is_stale = not is_met(expected, stored.version)
        if is_stale and (type_ != "Task" or interaction != "update"):
            raise HubError(errors.STALE)
        after = _revised(before, revise, interaction)
        if (after.get("resourceType"), after.get("id")) != (type_, id_):
            raise HubError(errors.WRONG_ID, path=f"{type_}.id")
        if written_alike(after, before) or (type_ in _SAID_AGAIN and _SAID_AGAIN[type_](before, after)):
            return f"{type_}/{id_}"
        if is_stale:
            raise HubError(errors.STALE)
        after, action = _judged(before, after, person, stored, draft)
        if interaction == "patch":
            require_heeded(before, after)
        require_recorded(after, before, draft.caller)
        require_same(after, before)
        return draft.put(person, after, action, interaction)

    return act


def _require_side(before: Resource, holder: Holder, draft: Draft) -> None:
    """Asked before anything is read: a patch must not probe."""
    key, type_ = reference(before), before["resourceType"]
    mine = holder.custodian(key) == draft.caller.organization or is_author(before, draft.caller)
    if type_ == "Communication":
        mine = is_between(before, draft.caller)
    if type_ != "Task" and not mine:
        raise HubError(errors.NOT_YOURS)
    if type_ == "Task" and machine_of(before) is None:  # the states of a referral are not those of other tasks
        raise HubError(errors.NOT_SUPPORTED, type=type_)


def _revised(before: Resource, revise: Revise, interaction: str) -> Resource:
    keep = keep_meta if interaction == "update" else keep_profile
    return keep(before, _made(revise, before))


def _made(revise: Revise, before: Resource) -> Resource:
    """Raises BAD_PATCH or PATCH_FAILED where a patch does not make anything of it."""
    try:
        return revise(before)
    except BadFhirPathPatch as problem:
        number = problem.operation
        path = f"Parameters.parameter[{number - 1}]" if number else "Parameters.parameter"
        raise HubError(errors.BAD_PATCH, path=path, text="web.bad-fhirpath-patch", operation=str(number)) from None
    except BadPatch as problem:
        raise HubError(errors.BAD_PATCH, operation=str(problem.operation)) from None
    except PatchFailed as problem:
        raise HubError(errors.PATCH_FAILED, operation=str(problem.operation)) from None


def _judged(before: Resource, after: Resource, person: Holder, stored: Stored, draft: Draft) -> tuple[Resource, str]:
    """What is to be stored, and the verb of the change. Raises HubError for what must not be."""
    issues = findings(after)
    require_none(issue for issue in issues if issue.code != INVARIANT)
    if (
        isinstance(person, Person) and stored.type == "Task"
    ):  # the state machine says more exactly than an invariant what is missing
        action, actor = judge(before, after, draft.caller), actor_of(before, draft.caller)
        if action == SENT:
            require_consent(person, after, stored.custodian or "", draft.now)
        if action == GIVEN:
            require_answers(after, person, draft.caller)
        after = stamp(before, after, draft.now)
        require_none(findings(after))  # times are the hub's, whatever was sent
        follow_step(before, after, actor, person, draft)
        return after, action
    if stored.type == "Communication":
        require_none(issues)
        return told(before, after, draft.caller, draft.now)
    require_same_person(before, after)
    require_keeper(after, draft.caller)
    require_known(after, draft.hub.directory)
    require_none(issues)
    withdrawn = stored.type == "Consent" and before["status"] == "active" and after["status"] != "active"
    return after, "consent.withdraw" if withdrawn else f"{noun(before)}.update"
