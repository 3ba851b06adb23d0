"""capabilities: what this server does, written from the interactions and search parameters that it runs.

https://hl7.org/fhir/R4/http.html#capabilities · https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import instant
from hub.oauth.endpoints import Endpoints
from hub.search import is_clear, is_sealed
from hub.search.parameters import EVERYWHERE, PARAMETERS
from hub.search.parsing import SEALED_FORMS
from hub.web.negotiation import FHIR_JSON
from hub.web.operations import ANY_TYPE, Operation
from hub.web.patch import FORMATS
from hub.web.update import MATCH_ALWAYS

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def capabilities(
    interactions: Mapping[str, Collection[str]],
    operations: Collection[Operation],
    *,
    base: str,
    endpoints: Endpoints,
    at: datetime,
    people: bool = False,
) -> Resource:
    """The CapabilityStatement. `interactions`: FHIR's code of each → the types it works on. `people`: whether they sign in."""
    only_operated = sorted({operation.type for operation in operations} - {ANY_TYPE} - PARAMETERS.keys())
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(at),
        "kind": "instance",
        "software": {"name": "Ihala", "version": _version()},
        "implementation": {"description": "Ihala", "url": base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "patchFormat": list(FORMATS),
        "rest": [
            {
                "mode": "server",
                "security": _security(endpoints, people),
                "resource": [
                    *(_resource(type_, interactions) | _operations(type_, operations) for type_ in PARAMETERS),
                    *({"type": type_} | _operations(type_, operations) for type_ in only_operated),
                ],
                "interaction": [{"code": code} for code in interactions if code.endswith("-system")],
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
        "searchParam": list(_search_parameters(type_)),
    }


def _operations(type_: str, operations: Collection[Operation]) -> Resource:
    """https://hl7.org/fhir/R4/operations.html: each operation by its name and the canonical of its definition."""
    own = [{"name": one.name, "definition": one.definition} for one in operations if one.type in {type_, ANY_TYPE}]
    return {"operation": own} if own else {}


def _search_parameters(type_: str) -> Iterator[Resource]:
    for parameter in (*EVERYWHERE.values(), *PARAMETERS[type_].values()):
        sealed = is_sealed(type_, parameter.name) and not is_clear(type_, parameter.name)
        about = {"documentation": f"Encrypted: {SEALED_FORMS[parameter.type]}"} if sealed else {}
        yield {"name": parameter.name, "type": parameter.type, **about}
