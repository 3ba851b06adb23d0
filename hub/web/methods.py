"""Which methods an address answers, for those that are refused another: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6

An operation stands where a resource could, and is none: `GET Patient/$match` reads no record of the id `$match`.
"""

from collections.abc import Iterator
from typing import Final

from flask import Request, current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from hub.conformance import is_resource_type
from hub.errors import NOT_SUPPORTED, UNKNOWN_OPERATION, HubError
from hub.exchange import subscribe
from hub.search.parameters import PARAMETERS
from hub.web.names import BELOW, Address

_OF_R4: Final = frozenset({"/fhir/<type_>/$validate"})
_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")


def allowed(request: Request) -> str:
    """What the address answers of its type, but for what was just refused."""
    adapter = current_app.create_url_adapter(request)
    methods = set(adapter.allowed_methods()) if adapter is not None else set()
    served = {one for one in methods if adapter is None or _answers(adapter, one)}
    return ", ".join(sorted(served - {request.method}))


def _answers(adapter: MapAdapter, method: str) -> bool:
    """Whether what answers this method answers it of this type; of a type that there is not, what it would of one."""
    rule, said = adapter.match(method=method, return_rule=True)
    type_ = said.get("type_")
    return type_ not in PARAMETERS or not isinstance(rule, Address) or type_ in rule.types


def is_operation(request: Request) -> bool:
    place, _, name = request.path.rstrip("/").rpartition("/")
    return f"{place}/".startswith("/fhir/") and name.startswith("$")


def is_of_a_subscription(request: Request) -> bool:
    """Whether something is asked of a Subscription that other types have: it has rules of its own, and no versions."""
    return request.path.startswith(f"{BELOW}{subscribe.TYPE}/")


def refused_operation(request: Request) -> HubError:
    """By which methods the operation of this address is asked, or that there is none of this name here."""
    served = {*_served(request)}
    if not served:
        return HubError(UNKNOWN_OPERATION)
    listed = {*served, "OPTIONS", *(("HEAD",) if "GET" in served else ())}
    return HubError(NOT_SUPPORTED, allow=", ".join(sorted(listed)))


def _served(request: Request) -> Iterator[str]:
    adapter = current_app.create_url_adapter(request)
    if adapter is None:
        return
    for method in _METHODS:
        try:
            rule, said = adapter.match(method=method, return_rule=True)
        except HTTPException:
            continue
        if "$" in rule.rule and _is_of(said.get("type_"), rule.rule):
            yield method


def _is_of(type_: str | None, rule: str) -> bool:
    """Whether an operation of every type is of this one: of all that are stored, and what is not stored can be validated too."""
    return type_ is None or type_ in PARAMETERS or (rule in _OF_R4 and is_resource_type(type_))
