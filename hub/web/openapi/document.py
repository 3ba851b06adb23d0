"""The OpenAPI document: every route once, from the table that made it.

https://spec.openapis.org/oas/v3.1.1.html#openapi-object
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.routing import Rule

from hub.fhir import Resource
from hub.oauth.endpoints import Endpoints
from hub.texts import say
from hub.web.interactions import INTERACTIONS, OPERATIONS, OVER_TYPES
from hub.web.openapi import interactions, operations, plain
from hub.web.openapi.parts import Part, SearchForm, components, ref

_PLACE: Final = re.compile(r"<(?:[^:<>]+:)?(\w+?)_?>")
_BY_ITSELF: Final = frozenset({"HEAD", "OPTIONS"})
"""What the framework answers wherever there is a GET or any route."""


@dataclass(frozen=True)
class Route:
    """A rule of the application with the methods that it was made for."""

    rule: str
    methods: frozenset[str]

    @classmethod
    def of(cls, rule: Rule) -> "Route":
        return cls(rule.rule, frozenset(rule.methods or ()) - _BY_ITSELF)


def describe(routes: Iterable[Route], statement: Resource, where: Endpoints, language: str) -> dict[str, Any]:
    """The description in one language. `statement`: the CapabilityStatement of the same application."""
    (rest,) = statement["rest"]
    about = {one["type"]: one for one in rest["resource"]}
    forms = {SearchForm.of(resource, one) for resource in about.values() for one in resource.get("searchParam", ())}
    shared = components(sorted(forms), language)
    shared["schemas"] |= {type_: interactions.resource_schema(type_, one) for type_, one in about.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": statement["software"]["name"],
            "version": statement["software"]["version"],
            "description": say("openapi.about", language),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": where.issuer}],
        "externalDocs": {"url": f"{where.base}/metadata"},
        "paths": _named(_paths(routes, statement, language)),
        "components": shared | {"securitySchemes": {"oauth2": _oauth(about, where)}},
    }


def _paths(routes: Iterable[Route], statement: Resource, language: str) -> dict[str, Part]:
    paths: dict[str, Part] = {}
    told: set[tuple[str, str]] = set()
    for one in (*INTERACTIONS, *OVER_TYPES):
        told.add((one.rule, one.method))
        for found in interactions.described(one, statement, language):
            _add(paths, *found)
    for operation in OPERATIONS:
        told |= {(rule, method) for rule in operation.rules for method in operation.methods}
        for found in operations.described(operation, language):
            _add(paths, *found)
    for rule, method in _others(routes, told):
        _add(paths, rule, method, plain.described(rule, method, language))
    return dict(sorted(paths.items()))


def _others(routes: Iterable[Route], told: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for route in routes:
        yield from ((route.rule, method) for method in sorted(route.methods) if (route.rule, method) not in told)


def _add(paths: dict[str, Part], rule: str, method: str, description: Part) -> None:
    """Two interactions at one address (batch, transaction) are one operation of OpenAPI."""
    path = _PLACE.sub(r"{\1}", rule)
    item, name = paths.setdefault(path, _addressed(rule)), method.lower()
    if before := item.get(name):
        description["summary"] = f"{before['summary']}, {description['summary']}"
        description["responses"] = before["responses"] | description["responses"]
    item[name] = description


def _named(paths: dict[str, Part]) -> dict[str, Part]:
    """A name is used once: of an interaction with two addresses the second is numbered."""
    used: Counter[str] = Counter()
    for item in paths.values():
        for one in (item[name] for name in sorted(item.keys() - {"parameters"})):
            used[one["operationId"]] += 1
            if used[one["operationId"]] > 1:
                one["operationId"] += f"-{used[one['operationId']]}"
    return paths


def _addressed(rule: str) -> Part:
    names = _PLACE.findall(rule)
    schemas = {"id": ref("schemas", "id")}
    return {
        "parameters": [
            {"name": one, "in": "path", "required": True, "schema": schemas.get(one, {"type": "string", "minLength": 1})}
            for one in names
        ]
    } if names else {}  # fmt: skip


def _oauth(about: dict[str, Resource], where: Endpoints) -> Part:
    """https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html; how a client proves itself, discovery says."""
    scopes = {f"system/{type_}.{letter}": type_ for type_ in ("*", *about) for letter in "cruds"}
    flow = {"tokenUrl": where.token, "scopes": scopes}
    return {
        "type": "oauth2",
        "description": f"SMART Backend Services, private_key_jwt: {where.issuer}/.well-known/smart-configuration",
        "flows": {"clientCredentials": flow},
    }
