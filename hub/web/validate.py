"""$validate: is a resource right, and would it be accepted? Whatever is found, the operation has run and the answer is 200.

https://hl7.org/fhir/R4/resource-operation-validate.html. Nothing is stored. At type level no record is read, so any valid
token will do. At instance level the caller must be able to read the resource, and what is examined where it sends none is
its own view. A body that is a Parameters resource is always taken for the parameters of the operation: one that is itself to
be validated is wrapped in another, as `resource`.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from hub import conformance
from hub.conformance import Examiner
from hub.errors import (
    BAD_PARAMETER,
    NOT_FOUND,
    ONE_OF_REQUIRED,
    SCOPE_LACKING,
    UNKNOWN_CANONICAL,
    UNKNOWN_TYPE,
    WRONG_ID,
    HubError,
)
from hub.exchange import Invalid, change, disclose
from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.search.parameters import PARAMETERS
from hub.web.answers import said
from hub.web.operations import ANY_TYPE, Inputs, Operation
from hub.web.problems import BLANKS
from hub.web.read import ID
from hub.web.service import Call, Service

MODES: Final = ("create", "update", "delete", "profile")
CHANGED_BY_BOTH: Final = "Task"
_ALL_WELL: Final = Issue("information", "informational", "web.valid")
_PART_ONLY: Final = Issue("information", "informational", "web.partial-view")


def validate(inputs: Inputs, call: Call, service: Service) -> Resource:
    """The OperationOutcome, in the caller's language."""
    if not conformance.is_resource_type(call.type):
        raise HubError(UNKNOWN_TYPE)
    mode, profiles = _mode(inputs), _profiles(inputs)
    if call.id and call.type not in PARAMETERS:  # none is stored
        raise HubError(UNKNOWN_TYPE)
    find = _at_instance if call.id else _at_type
    issues = tuple(find(_one(inputs, "resource"), mode, profiles, call, service))
    if not any(issue.blocks for issue in issues):  # there may be warnings all the same
        issues += (_ALL_WELL,)
    return said(issues, call.language)


# --- what is asked ----------------------------------------------------------------------------------------------------


def _one(inputs: Inputs, name: str) -> Any:
    return inputs[name][0] if name in inputs else None


def _mode(inputs: Inputs) -> str:
    mode: str = _one(inputs, "mode") or ""
    if mode and mode not in MODES:
        raise HubError(BAD_PARAMETER, path="http.mode", parameter="mode", expected=", ".join(MODES))
    if mode == "profile" and "profile" not in inputs:
        raise HubError(ONE_OF_REQUIRED, path="http.profile", expected="profile")
    return mode


def _profiles(inputs: Inputs) -> tuple[str, ...]:
    """A profile that is not known here cannot have been validated against: the answer is 404 and not an outcome."""
    asked: str | None = _one(inputs, "profile")
    if asked is not None and not conformance.knows(asked):
        raise HubError(UNKNOWN_CANONICAL, path="http.profile", type="StructureDefinition")
    return (asked,) if asked else ()


# --- what is found ----------------------------------------------------------------------------------------------------


def _at_type(
    resource: Resource | None, mode: str, profiles: tuple[str, ...], call: Call, service: Service
) -> Iterator[Issue]:
    if mode == "delete":
        yield from [] if call.type in change.DELETED else [_not_deletable(call.type)]
        return
    if resource is None:
        raise HubError(ONE_OF_REQUIRED, expected="resource")
    issues = tuple(_examined(resource, profiles, call))
    yield from issues
    if any(issue.blocks for issue in issues):
        return
    if mode == "update" and "id" not in resource:
        yield _of_element("required", "conformance.required", f"{call.type}.id")
    if mode == "create" or (mode == "update" and call.type != CHANGED_BY_BOTH):
        yield from _refusals(lambda: change.foresee_create(resource, call.caller, hub=service.hub))


def _at_instance(
    resource: Resource | None, mode: str, profiles: tuple[str, ...], call: Call, service: Service
) -> Iterator[Issue]:
    _require_scope("read", call)
    if not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)
    if resource is not None and mode == "update" and resource.get("id") == call.id:
        yield from _as_update(resource, profiles, call, service)
        return
    view = disclose.read(call.type, call.id, call.caller, hub=service.hub).text  # leaves the trace that reading leaves
    if mode == "delete":
        yield from _at_deletion(call, service)
    elif resource is None:
        seen = loads(view)
        yield from _examined(seen, profiles, call)
        yield from [_PART_ONLY] if _is_partial(seen) else []
    else:
        yield from _examined(resource, profiles, call)
        if mode == "update":
            yield from _refusals(_wrong_id(call))


def _at_deletion(call: Call, service: Service) -> Iterator[Issue]:
    if call.type not in change.DELETED:
        yield _not_deletable(call.type)
        return
    _require_scope("delete", call)
    yield from _refusals(lambda: change.foresee_delete(call.type, call.id, call.caller, hub=service.hub))


def _as_update(resource: Resource, profiles: tuple[str, ...], call: Call, service: Service) -> Iterator[Issue]:
    """Refused as the update would be now: first of all where there is nothing that the caller can see."""
    _require_scope("update", call)
    foreseen = tuple(
        _refusals(lambda: change.foresee_update(call.type, call.id, resource, call.caller, hub=service.hub))
    )
    issues = tuple(_examined(resource, profiles, call))
    yield from issues
    yield from (issue for issue in foreseen if issue not in issues)


def _examined(resource: Resource, profiles: tuple[str, ...], call: Call) -> Iterator[Issue]:
    if resource.get("resourceType") != call.type:
        params = {"element": call.type, "expected": call.type}
        yield Issue("error", "structure", "conformance.resource-type", call.type, params=params)
    else:
        yield from _examiner().examine(resource, profiles)


@cache
def _examiner() -> Examiner:
    """One for all requests: what it has compiled is kept. A profile is assumed where one would be at the entrance."""
    return Examiner(assumed=conformance.assumed())


def _refusals(act: Callable[[], object]) -> Iterator[Issue]:
    """Why an act would be refused. That there is nothing, or that nothing can be said now, is an answer of its own."""
    try:
        act()
    except Invalid as refused:
        yield from refused.issues
    except HubError as refused:
        if refused.problem is NOT_FOUND or refused.problem.status >= 500:
            raise
        params = {**BLANKS, **refused.params}
        yield Issue("error", refused.problem.issue, refused.text, refused.path, params=params)


def _wrong_id(call: Call) -> Callable[[], object]:
    def refuse() -> None:
        raise HubError(WRONG_ID, path=f"{call.type}.id")

    return refuse


def _not_deletable(type_: str) -> Issue:
    return _of_element("not-supported", "web.not-deletable", type_)


def _of_element(code: str, text: str, path: str) -> Issue:
    return Issue("error", code, text, path, params={"element": path})


# --- the stored resource ----------------------------------------------------------------------------------------------


def _require_scope(interaction: str, call: Call) -> None:
    if not scopes.permits(call.caller.scopes, call.type, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{call.type}.{scopes.LETTERS[interaction]}")


def _is_partial(view: Resource) -> bool:
    return any(tag.get("code") == "SUBSETTED" for tag in view.get("meta", {}).get("tag", ()))


OPERATIONS: Final = (
    Operation(
        "validate", ANY_TYPE, {"resource": "Resource", "mode": "code", "profile": "uri"}, validate, bare="resource"
    ),
)
