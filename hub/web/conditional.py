"""Conditional interactions: `If-None-Exist`, and PUT, PATCH and DELETE of what a search finds.

https://hl7.org/fhir/R4/http.html#ccreate · https://hl7.org/fhir/R4/http.html#3.1.0.7.1
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from flask import Response

from hub.errors import BAD_PARAMETER, NO_CONDITION, SCOPE_LACKING, HubError
from hub.exchange import change
from hub.fhir.query import Query
from hub.oauth import scopes
from hub.search import parse
from hub.web.answers import change_answer, done_answer
from hub.web.bodies import read_resource
from hub.web.negotiation import HTTP_PARAMETERS
from hub.web.patch import read_patch
from hub.web.service import Call, Service
from hub.web.update import required_version


def update(call: Call, service: Service) -> Response:
    resource, query = read_resource(call.request, call.type), _of_address(call, service)
    act = change.conditional_update(
        resource, query, service.hub, expected=required_version(call), lacking=lacking(call)
    )
    return performed(act, call, service)


def lacking(call: Call) -> str:
    """The scope without which an update creates nothing: what is narrowed reaches what is there, and there is nothing yet that
    something new could match; one that is not narrowed may create (https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html)."""
    caller = call.caller
    narrowed = any((one.type, one.interaction) == (call.type, "update") for one in caller.within)
    if not narrowed or scopes.permits(caller.scopes, call.type, "create"):
        return ""
    return f"{'user' if caller.practitioner else 'system'}/{call.type}.{scopes.LETTERS['create']}"


def patch(call: Call, service: Service) -> Response:
    act = change.conditional_patch(read_patch(call), _of_address(call, service), expected=required_version(call))
    return performed(act, call, service)


def delete(call: Call, service: Service) -> Response:
    query = _of_address(call, service)
    change.perform_deletion(query, call.caller, expected=required_version(call), hub=service.hub)
    return done_answer("web.deleted", call)


def performed(act: change.Act, call: Call, service: Service, found: str = "web.saved") -> Response:
    """`found`: the sentence of an outcome where there was one already."""
    view, made = change.perform(act, call.caller, hub=service.hub)
    return change_answer(view, call, service, status=201 if made else 200, text="web.saved" if made else found)


def of_header(call: Call, service: Service) -> Query | None:
    """The condition of a create, where there is one."""
    header = call.request.headers.get("If-None-Exist")
    return None if header is None else condition(asked_in(header, call.type), call, service)


def asked_in(header: str, type_: str) -> list[tuple[str, str]]:
    """What an If-None-Exist asks: the query, with or without this type before it. Raises BAD_PARAMETER."""
    place, mark, query = header.strip().partition("?")
    if "=" in place:  # a `?` may stand in a value
        return parse_qsl(header.strip(), keep_blank_values=True)
    if mark and place.rstrip("/").rpartition("/")[2] not in {"", type_}:
        raise HubError(
            BAD_PARAMETER, path="http.If-None-Exist", parameter="If-None-Exist", expected="identifier=system|value"
        )
    return parse_qsl(query if mark else place, keep_blank_values=True)


def _of_address(call: Call, service: Service) -> Query:
    return condition(call.request.args.items(multi=True), call, service)


def condition(pairs: Iterable[tuple[str, str]], call: Call, service: Service) -> Query:
    """A search that leaves nothing out: what is not understood, or a value that is not there, would make it mean more, and so
    somebody else. Raises NO_CONDITION, SCOPE_LACKING."""
    if not scopes.permits(call.caller.scopes, call.type, "search"):
        raise HubError(SCOPE_LACKING, expected=f"{'user' if call.caller.practitioner else 'system'}/{call.type}.s")
    asked = [(name, value) for name, value in pairs if name not in HTTP_PARAMETERS]
    query, _ = parse(call.type, asked, strict=True, base=service.base)
    if not query.matches or not all(value for _, value in asked):
        raise HubError(NO_CONDITION)
    return query
