"""capabilities: what this server does, written from the interactions and search parameters that it runs.

https://hl7.org/fhir/R4/http.html#capabilities · https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import instant
from hub.fhir.query import Include
from hub.oauth.endpoints import Endpoints
from hub.search import is_sealed
from hub.search.compartments import DEFINITION as COMPARTMENT
from hub.search.including import followed, pointing
from hub.search.matching import sealed_forms
from hub.search.parameters import EVERYWHERE, PARAMETERS, Parameter
from hub.web.negotiation import FHIR_JSON
from hub.web.operations import ANY_TYPE, OF_THE_SYSTEM
from hub.web.patch import FORMATS
from hub.web.update import MATCH_ALWAYS

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"


class Operation(Protocol):
    """What is said of an operation."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def definition(self) -> str: ...

    @property
    def of_records(self) -> bool: ...


def capabilities(
    interactions: Mapping[str, Collection[str]],
    operations: Collection[Operation],
    *,
    base: str,
    endpoints: Endpoints,
    at: datetime,
    system: Collection[str] = (),
    people: bool = False,
    instantiates: Collection[str] = (),
    others: Collection[Resource] = (),
) -> Resource:
    """The CapabilityStatement. `interactions`: FHIR's code of each → the types it works on; `system`: those of the whole server.
    `people`: whether they sign in. `instantiates`: what of others' it promises to do. `others`: what it says of
    types that are no records."""
    without_records = [one for one in operations if not one.of_records]
    only_operated = sorted({operation.type for operation in operations} - {ANY_TYPE, OF_THE_SYSTEM} - PARAMETERS.keys())
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(at),
        "kind": "instance",
        **({"instantiates": list(instantiates)} if instantiates else {}),
        "software": {"name": "Ihala", "version": _version()},
        "implementation": {"description": "Ihala", "url": base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "patchFormat": list(FORMATS),
        "rest": [
            {
                "mode": "server",
                "documentation": f"OpenAPI: {endpoints.issuer}/openapi.json",
                "security": _security(endpoints, people),
                "resource": [
                    *(_resource(type_, interactions) | _operations(type_, operations) for type_ in PARAMETERS),
                    *({"type": type_} | _operations(type_, without_records) for type_ in only_operated),
                    *others,
                ],
                "searchParam": [_told(one) for one in EVERYWHERE.values()],
                "interaction": [
                    {"code": code}
                    for code in ("search-system", *(one for one in interactions if one.endswith("-system")), *system)
                ],
                "compartment": [COMPARTMENT],
                **_operations(ANY_TYPE, operations),  # of every type of R4, whether or not it is stored here
            }
        ],
    }


def _version() -> str:
    try:
        return version("ihala")
    except PackageNotFoundError:
        return "0"


def _security(endpoints: Endpoints, people: bool) -> Resource:
    addresses = {"authorize": endpoints.authorization} if people else {}
    addresses |= {"token": endpoints.token, "introspect": endpoints.introspection, "revoke": endpoints.revocation}
    known = [{"url": name, "valueUri": address} for name, address in addresses.items()]
    return {
        "extension": [{"url": _OAUTH, "extension": known}],
        "service": [{"coding": [{"system": _SERVICE, "code": "SMART-on-FHIR"}]}],
    }


def _resource(type_: str, interactions: Mapping[str, Collection[str]]) -> Resource:
    known = load().of_type(type_)
    return {
        "type": type_,
        **({"supportedProfile": [one.url for one in known]} if known else {}),
        "interaction": [
            {"code": code} for code, types in interactions.items() if type_ in types and not code.endswith("-system")
        ],
        "versioning": "versioned-update" if type_ in MATCH_ALWAYS else "versioned",
        "readHistory": type_ in interactions.get("vread", ()),
        "updateCreate": False,
        "conditionalCreate": type_ in interactions.get("create", ()),
        "conditionalRead": "full-support",
        "conditionalUpdate": type_ in interactions.get("update", ()),
        "conditionalDelete": "single" if type_ in interactions.get("delete", ()) else "not-supported",
        "referencePolicy": ["literal", "local"],
        **_along(type_),
        "searchParam": list(_search_parameters(type_)),
    }


def _operations(type_: str, operations: Collection[Operation]) -> Resource:
    """https://hl7.org/fhir/R4/operations.html: each operation by its name and the canonical of its definition."""
    here = {type_, ANY_TYPE} | ({OF_THE_SYSTEM} if type_ == ANY_TYPE else set())
    own = [{"name": one.name, "definition": one.definition} for one in operations if one.type in here]
    return {"operation": own} if own else {}


@cache
def _along(type_: str) -> Resource:
    """What may be sent along with a match: https://hl7.org/fhir/R4/search.html#revinclude."""
    forward = [f"{type_}:{name}" for name in followed(Include("*", "*"), type_)]
    back = [f"{source}:{name}" for source, name in pointing(Include("*", "*", reverse=True), type_)]
    return {name: found for name, found in (("searchInclude", forward), ("searchRevInclude", back)) if found}


def _search_parameters(type_: str) -> Iterator[Resource]:
    """Those that are answered. What is encrypted in any profile of the type is asked in the forms that are told."""
    for parameter in (*EVERYWHERE.values(), *PARAMETERS[type_].values()):
        sealed = is_sealed(type_, parameter.name)
        if sealed and not sealed_forms(parameter.type):
            continue
        yield _told(parameter) | ({"documentation": f"Encrypted: {sealed_forms(parameter.type)}"} if sealed else {})


def _told(parameter: Parameter) -> Resource:
    return {"name": parameter.name, "definition": parameter.definition, "type": parameter.type}
