"""What a CapabilityStatement declares, and the forms in which each of it is asked; what is refused, and what has no route.

https://hl7.org/fhir/R4/search.html#ptypes · https://hl7.org/fhir/R4/http.html
"""

from typing import Final

from hub.fhir import Resource

PREFIXES: Final = ("", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb")
FORMS: Final[dict[str, tuple[str, ...]]] = {
    "token": ("", ":not", ":missing", "system", "code"),
    "reference": ("", ":missing", ":Patient", "id", "url"),
    "date": (*PREFIXES, ":missing"),
    "string": ("", ":exact", ":missing"),
    "uri": ("", ":missing"),
}
"""Parameter type → the forms in which it is asked; a type that is not listed is not covered."""

REFUSED: Final = (
    "_has:Observation:patient:code=x", "_has:Task:patient:status=requested", "patient.name=Souad", "patient.birthdate=2003",
    "owner.name=x", "subject:Patient.identifier=ZZ000000", "_include=*", "_include=Task:patient", "_revinclude=AuditEvent:entity",
    "_revinclude:iterate=Provenance:target", "_query=everything", "_text=Souad", "_content=Souad", "_filter=name eq Souad",
    "name:contains=a", "identifier:text=ZZ", "_elements=name", "_contained=true", "_page=bm90aGluZw", "_sort=name", "_count=many",
    "_summary=data", "_total=exact", "name=Souad", "_security=R", "_tag=SUBSETTED", "_profile=x", "_source=x", "status=",
)  # fmt: skip
"""What is refused or ignored: the same way, whether or not there is something to hide."""

UNROUTED: Final = (
    "GET {type}/{id}/_history/1/x", "GET {type}/{id}/$everything",
    "GET Patient/$export", "GET $export", "POST Patient/$match",     "DELETE {type}", "PUT {type}", "PATCH {type}?_sort=_id", "POST ", "GET Patient/{id}/{type}", "POST Subscription", "GET Subscription/{id}", "GET Binary/{id}",
    "OPTIONS {type}/{id}", "HEAD {type}/{id}", "GET NoSuchType/{id}", "GET {type}/{id}/$no-such", "GET {type}/%20{id}",
)  # fmt: skip


def declared(statement: Resource) -> frozenset[str]:
    """All that a CapabilityStatement declares, in the words of `Ask.covers`."""
    (rest,) = statement["rest"]
    found = {f"system {one['code']}" for one in rest.get("interaction", ())}
    found |= {f"Resource${one['name']}" for one in rest.get("operation", ())}
    for one in rest["resource"]:
        type_ = one["type"]
        found |= {f"{type_} {interaction['code']}" for interaction in one.get("interaction", ())}
        found |= {f"{type_}${operation['name']}" for operation in one.get("operation", ())}
        for name in one.get("searchParam", ()):
            found |= {f"{type_}?{name['name']}{form}" for form in FORMS.get(name["type"], ("of an unknown type",))}
            found.add(f"{type_}?_sort={name['name']}")
    return frozenset(found)
