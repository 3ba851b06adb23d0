"""What a CapabilityStatement declares, and the forms in which each of it is asked; what is refused, and what has no route.

https://hl7.org/fhir/R4/search.html#ptypes · https://hl7.org/fhir/R4/http.html
"""

from typing import Final

from hub.fhir import Resource

PREFIXES: Final = ("", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")
FORMS: Final[dict[str, tuple[str, ...]]] = {
    "token": ("", ":not", ":missing", "system", "code", ":text", ":in", ":not-in", ":above", ":below", ":of-type"),
    "reference": ("", ":missing", ":Patient", ":identifier", "id", "url", "."),
    "date": (*PREFIXES, ":missing"),
    "number": (*PREFIXES, ":missing"),
    "quantity": (*PREFIXES, ":missing", "unit"),
    "string": ("", ":exact", ":contains", ":missing"),
    "uri": ("", ":above", ":below", ":missing"),
    "composite": ("",),
    "special": ("", ":missing"),
}
"""Parameter type → the forms in which it is asked; a type that is not listed is not covered. `.` is a chain."""

REFUSED: Final = (
    "_has:Observation:patient:nothing=x", "_has:Task:owner:status=requested", "patient.nothing=Souad", "patient.name:missing=true",
    "owner:Patient.name=x", "_include=Task:nothing", "_revinclude=Nothing:entity", "patient.organization.nothing=x", "_query=everything", "_text=Souad", "_content=Souad", "_filter=name eq Souad",
    "name:contains=a", "identifier:text=ZZ", "_elements=name", "_contained=true", "_page=bm90aGluZw", "_sort=name", "_count=many",
    "_summary=data", "_total=exact", "name=Souad", "status=",
)  # fmt: skip
"""What is refused or ignored: the same way, whether or not there is something to hide."""

UNROUTED: Final = (
    "GET {type}/{id}/_history/1/x", "GET Task/{id}/$everything", "GET Task/{id}/$export", "PUT $export/{id}", "GET $export/{id}",
    "GET $export/{id}/1", "DELETE $export/{id}", "GET Patient/$match", "GET HealthcareService/$match", "DELETE {type}", "PUT {type}", "PATCH {type}?_sort=_id",
    "GET Task/{id}/{type}", "GET Subscription/{id}/_history", "PATCH Subscription/{id}", "GET Binary/{id}",
    "OPTIONS {type}/{id}", "HEAD {type}/{id}", "GET NoSuchType/{id}", "GET {type}/{id}/$no-such", "GET {type}/%20{id}",
)  # fmt: skip


def declared(statement: Resource) -> frozenset[str]:
    """All that a CapabilityStatement declares, in the words of `Ask.covers`."""
    (rest,) = statement["rest"]
    found = {f"Resource${one['name']}" for one in rest.get("operation", ())}
    found |= {one["code"] for one in rest.get("interaction", ())} | {"compartment" for _ in rest.get("compartment", ())}
    for one in rest["resource"]:
        type_ = one["type"]
        found |= {f"{type_} {interaction['code']}" for interaction in one.get("interaction", ())}
        found |= {f"{type_}${operation['name']}" for operation in one.get("operation", ())}
        found |= {f"{type_}?_include={named}" for named in one.get("searchInclude", ())}
        found |= {f"{type_}?_revinclude={named}" for named in one.get("searchRevInclude", ())}
        found |= {f"{type_}?_has" for _ in one.get("searchRevInclude", ())}
        for name in one.get("searchParam", ()):
            found |= {f"{type_}?{name['name']}{form}" for form in FORMS.get(name["type"], ("of an unknown type",))}
            found.add(f"{type_}?_sort={name['name']}")
    return frozenset(found)
