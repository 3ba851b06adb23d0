"""Subscription: create, read, update, delete, search, `$status` and `$events`. Each organisation's own, for its systems alone.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/. Headers are never read back: they are secrets.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import Flask, Request, Response, request

from hub.errors import BAD_PARAMETER, SCOPE_LACKING, UNKNOWN_PARAMETER, HubError
from hub.exchange import View, subscribe
from hub.exchange.subscribe import TYPE, Allows
from hub.exchange.subscribed import MOST, asked_of, missed, standing
from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.fhir.instants import instant
from hub.fhir.serial import dumps
from hub.oauth import scopes
from hub.ports import Subscription
from hub.search.asked import shown
from hub.subscription import extensions as named
from hub.subscription.channels import CONTENTS
from hub.subscription.finding import FOUND_BY, PAGE, Finding, finding
from hub.subscription.notification import notification, statuses
from hub.subscription.topics import topics
from hub.subscription.wanted import wanted
from hub.texts import say
from hub.web.answers import change_answer, done_answer, json_answer, resource_answer
from hub.web.asker import asker
from hub.web.bodies import read_form, read_resource
from hub.web.negotiation import HTTP_PARAMETERS, answer_media, expected_version
from hub.web.operations import Inputs, read_inputs
from hub.web.service import Call, Service

CODES: Final = ("read", "create", "update", "delete", "search-type")
_DEFINED: Final = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition"
_ALL: Final = 2**31 - 1
CONTROLS: Final = ("_sort", "_count")
_ROUTES: Final = {
    (f"/fhir/{TYPE}", "POST"): "create",
    (f"/fhir/{TYPE}", "GET"): "search-type",
    (f"/fhir/{TYPE}/_search", "POST"): "search-type",
    (f"/fhir/{TYPE}/<id_>", "GET"): "read",
    (f"/fhir/{TYPE}/<id_>", "PUT"): "update",
    (f"/fhir/{TYPE}/<id_>", "DELETE"): "delete",
}


@dataclass(frozen=True)
class Asked:
    """An operation, as the CapabilityStatement says it."""

    name: str
    definition: str
    type: str = TYPE


OPERATIONS: Final = (
    Asked("status", f"{_DEFINED}/backport-subscription-status"),
    Asked("events", f"{_DEFINED}/backport-subscription-events"),
    Asked("confirm", f"{BASE}/OperationDefinition/subscription-confirm"),
)
_OF_STATUS: Final[Mapping[str, str]] = {"id": "id*", "status": "code*"}
_OF_CONFIRM: Final[Mapping[str, str]] = {"code": "string"}
_OF_EVENTS: Final[Mapping[str, str]] = {"eventsSinceNumber": "string", "eventsUntilNumber": "string", "content": "code"}


class Subscriptions:
    """`allows`: where the hub may send to."""

    def __init__(self, service: Service, allows: Allows) -> None:
        self._service, self._hub, self._allows = service, service.hub, allows

    def create(self, call: Call) -> Response:
        resource = read_resource(call.request, TYPE)
        self._require_reach(resource, call)
        made = subscribe.create(resource, call.caller, self._allows, hub=self._hub)
        return change_answer(self._view(made, call), call, self._service, status=201)

    def read(self, call: Call) -> Response:
        return resource_answer(self._view(subscribe.find(call.id, call.caller, hub=self._hub), call), call)

    def update(self, call: Call) -> Response:
        resource = read_resource(call.request, TYPE, call.id)
        self._require_reach(resource, call)
        expected = expected_version(call.request)
        made = subscribe.update(call.id, resource, call.caller, self._allows, expected=expected, hub=self._hub)
        return change_answer(self._view(made, call), call, self._service, status=200)

    def confirm(self, call: Call) -> Response:
        """The code that was sent to the address by mail."""
        inputs = read_inputs(call.request, _OF_CONFIRM)
        code = str(inputs["code"][0]) if "code" in inputs else ""
        made = subscribe.confirm(call.id, code, call.caller, hub=self._hub)
        return change_answer(self._view(made, call), call, self._service, status=200)

    def delete(self, call: Call) -> Response:
        subscribe.delete(call.id, call.caller, expected=expected_version(call.request), hub=self._hub)
        return done_answer("web.deleted", call)

    def search(self, call: Call) -> Response:
        pairs = [(name, value) for name, value in _pairs(call.request) if name not in HTTP_PARAMETERS]
        looked_for = _finding(pairs)
        found = looked_for.found(shown_as(one, call.language) for one in subscribe.listed(call.caller, hub=self._hub))
        base = f"{self._service.base}/{TYPE}"
        entries = [
            {"fullUrl": f"{base}/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in looked_for.paged(found)
        ]
        links = [("self", pairs)]
        if looked_for.goes_on(found):
            links.append(("next", [*((n, v) for n, v in pairs if n != PAGE), (PAGE, str(looked_for.page + 1))]))
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": [{"relation": name, "url": f"{base}?{urlencode(to)}".rstrip("?")} for name, to in links],
            **({"entry": entries} if entries else {}),
        }
        return json_answer(dumps(bundle), call)

    def status(self, call: Call) -> Response:
        inputs = read_inputs(call.request, _OF_STATUS)
        if call.id:
            found = [subscribe.find(call.id, call.caller, hub=self._hub)]
        else:
            found = list(subscribe.listed(call.caller, hub=self._hub))
        found = [one for one in found if _among(one.id, inputs, "id") and _among(one.status, inputs, "status")]
        new, now = self._hub.ids.new, self._hub.clock.now()
        told = [(new(), standing(one, call.language)) for one in found]
        return json_answer(dumps(statuses(told, id_=new(), base=self._service.base, at=now)), call)

    def events(self, call: Call) -> Response:
        """What may be known of them now; what may not is not there, as if it were forgotten."""
        inputs = read_inputs(call.request, _OF_EVENTS)
        one = subscribe.find(call.id, call.caller, hub=self._hub)
        asked = asked_of(one)
        types = self._reached(asked.types, call, "read")
        since, until = _number(inputs, "eventsSinceNumber", 1), _number(inputs, "eventsUntilNumber", _ALL)
        content = _content(inputs, asked.content)
        told = missed(one, range(since, until + 1), content, types, call.caller, hub=self._hub)
        new, now, stands = self._hub.ids.new, self._hub.clock.now(), standing(one, call.language)
        bundle = notification(new(), "query-event", stands, told, base=self._service.base, at=now, status_id=new())
        return json_answer(dumps(bundle), call)

    def _require_reach(self, resource: Resource, call: Call) -> None:
        """Who subscribes is told what a search would find: so its token must be able to."""
        self._reached(wanted(resource).types, call, "read", "search")

    def _reached(self, types: Iterable[str], call: Call, *interactions: str) -> frozenset[str]:
        """Of these types those that the token opens, of which there must be one."""
        types = tuple(types)
        found = {one for one in types if all(scopes.permits(call.caller.scopes, one, each) for each in interactions)}
        if not found:
            raise HubError(SCOPE_LACKING, expected=" ".join(f"system/{one}.rs" for one in types))
        return frozenset(found)

    def _view(self, one: Subscription, call: Call) -> View:
        return View(TYPE, one.id, one.version, one.at, dumps(shown_as(one, call.language)))


def shown_as(one: Subscription, language: str) -> Resource:
    """A subscription as it is read."""
    error = {"error": say(one.error, language)} if one.error else {}
    meta = {"versionId": str(one.version), "lastUpdated": instant(one.at), "profile": [named.SUBSCRIPTION]}
    return {"resourceType": TYPE, "id": one.id, "meta": meta, "status": one.status, **one.resource, **error}


def announced() -> Resource:
    """What the CapabilityStatement says of it."""
    return {
        "extension": [{"url": named.ANNOUNCED, "valueCanonical": url} for url in topics()],
        "type": TYPE,
        "supportedProfile": [named.SUBSCRIPTION],
        "interaction": [{"code": code} for code in CODES],
        "versioning": "versioned",
        "readHistory": False,
        "updateCreate": False,
        "searchParam": [
            {"name": one.name, "definition": one.definition, "type": one.type} for one in FOUND_BY.values()
        ],
        "operation": [{"name": one.name, "definition": one.definition} for one in OPERATIONS],
    }


def named_as(rule: str, method: str) -> str:
    """FHIR's name of an interaction, by its route; "" where it is none of these."""
    code = _ROUTES.get((rule, method), "")
    return f"{code} {TYPE}" if code else ""


def register(app: Flask, service: Service, allows: Allows) -> None:
    room = Subscriptions(service, allows)
    whole, one = f"/fhir/{TYPE}", f"/fhir/{TYPE}/<id_>"
    for rule, methods, interaction, answer in (
        (whole, ["POST"], "create", room.create),
        (whole, ["GET"], "search", room.search),
        (f"{whole}/_search", ["POST"], "search", room.search),
        (one, ["GET"], "read", room.read),
        (one, ["PUT"], "update", room.update),
        (one, ["DELETE"], "delete", room.delete),
        (f"{whole}/$status", ["GET", "POST"], "search", room.status),
        (f"{one}/$status", ["GET", "POST"], "read", room.status),
        (f"{one}/$events", ["GET", "POST"], "read", room.events),
        (f"{one}/$confirm", ["POST"], "update", room.confirm),
    ):
        name = f"{TYPE} {interaction} {rule}".replace(".", "_")
        app.add_url_rule(rule, name, _view(interaction, answer, service), methods=methods)


def _view(interaction: str, answer: Callable[[Call], Response], service: Service) -> Callable[..., Response]:
    def view(id_: str = "") -> Response:
        media = answer_media(request)
        call = Call(request, TYPE, id_, asker(request, service), media)
        _require_scope(call, TYPE, interaction)
        return answer(call)

    return view


def _require_scope(call: Call, type_: str, interaction: str) -> None:
    """A system's own: who signed in reads the pages, and a token that stands on a consent ends with it."""
    caller = call.caller
    if caller.practitioner or caller.bound or not scopes.permits(caller.scopes, type_, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{type_}.{scopes.LETTERS[interaction]}")


def _pairs(request: Request) -> list[tuple[str, str]]:
    """Of the query, and of a form: https://hl7.org/fhir/R4/http.html#search"""
    form = read_form(request) if request.method == "POST" else ()
    return [*request.args.items(multi=True), *form]


def _finding(pairs: Iterable[tuple[str, str]]) -> Finding:
    try:
        return finding(pairs)
    except KeyError as unknown:
        raise HubError(UNKNOWN_PARAMETER, parameter=shown(str(unknown.args[0])), known=", ".join(FOUND_BY)) from None


def _among(value: str, inputs: Inputs, name: str) -> bool:
    return name not in inputs or value in inputs[name]


def _number(inputs: Inputs, name: str, default: int) -> int:
    given: Iterable[str] = inputs.get(name, ())
    for text in given:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(_ALL))):
            raise HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=f"1, 2, 3 … (<= {MOST})")
        return int(text)
    return default


def _content(inputs: Inputs, default: str) -> str:
    given = str(inputs["content"][0]) if "content" in inputs else default
    if given not in CONTENTS:
        raise HubError(BAD_PARAMETER, path="http.content", parameter="content", expected=", ".join(CONTENTS))
    return given
