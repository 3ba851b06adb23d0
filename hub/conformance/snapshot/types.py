"""How the types of an element are narrowed: fewer of them, more special ones, profiles derived from those that were there.

https://hl7.org/fhir/R4/profiling.html#limits · https://hl7.org/fhir/R4/datatypes.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from hub.conformance.snapshot.refusal import SnapshotError
from hub.fhir import Resource
from hub.fhir.r4 import EXTENSION

Lineage = Callable[[str], tuple[str, ...]]
"""Canonical → itself and the definitions it is derived from, down to R4's; empty when not all of them are known here."""

FHIR_TYPE: Final = f"{EXTENSION}structuredefinition-fhir-type"
SYSTEM: Final = "http://hl7.org/fhirpath/"
RESOURCES: Final = ("Resource", "DomainResource")
ANYTHING: Final = tuple(EXTENSION + name for name in RESOURCES)
SPECIAL: Final[Mapping[str, tuple[str, ...]]] = {
    "Quantity": ("Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity"),
    "Element": ("BackboneElement",),
    "uri": ("canonical", "oid", "url", "uuid"),
    "string": ("code", "id", "markdown"),
    "integer": ("positiveInt", "unsignedInt"),
    "System.String": ("string", "uri", "id", "code"),
}
"""Types that R4 derives from others."""


def code_of(type_: Resource) -> str:
    """The name of a type: R4 writes those of ids and urls as FHIRPath's own, with FHIR's in an extension."""
    code: str = type_["code"]
    if not code.startswith(SYSTEM):
        return code.removeprefix(EXTENSION)
    named = [e.get("valueUrl") for e in type_.get("extension", ()) if e["url"] == FHIR_TYPE]
    return next((name for name in named if isinstance(name, str)), code.removeprefix(SYSTEM))


def canonical(type_: Resource) -> str:
    """The definition that says what is below an element of this type: its profile's, if it has one, else its own."""
    profiles = type_.get("profile", ())
    code = code_of(type_)
    return bare(profiles[0]) if len(profiles) == 1 else code if ":" in code else EXTENSION + code


def is_value(element: Resource) -> bool:
    """Whether this is the value itself of a primitive type, such as `date.value`."""
    return any(one["code"].startswith(SYSTEM) for one in element["type"]) and element["base"]["path"].endswith(".value")


def bare(url: str) -> str:
    """A canonical without its version."""
    return url.partition("|")[0]


def narrowed(id_: str, inherited: Resource, stated: Resource, lineage: Lineage) -> list[Resource]:
    """The types of an element after `stated` has spoken of them. SnapshotError when one is not allowed."""
    before = inherited.get("type", [])
    if "type" not in stated or "contentReference" in inherited:
        return list(before)
    return [_one(id_, type_, before, lineage) for type_ in stated["type"]]


def _one(id_: str, type_: Resource, before: list[Resource], lineage: Lineage) -> Resource:
    allowed = [one for one in before if _is_a(code_of(type_), code_of(one))]
    if not allowed:
        raise SnapshotError(id_, "type", type=code_of(type_))
    for key in ("profile", "targetProfile"):
        for url in type_.get(key, ()):
            _within(id_, url, allowed, key, lineage)
    return _with_what_it_had(type_, allowed[0])


def _is_a(code: str, other: str) -> bool:
    if code == other or code in SPECIAL.get(other, ()):
        return True
    return other in RESOURCES and ":" not in code and code[:1].isupper()


def _within(id_: str, url: str, allowed: list[Resource], key: str, lineage: Lineage) -> None:
    """A profile must be one of those allowed, or derived from one; of one that is not known here nothing can be said."""
    before = [one.get(key, [_any(key, one)]) for one in allowed]
    permitted = {bare(other) for one in before for other in one}
    known = lineage(bare(url))
    if known and not permitted & {*known, *ANYTHING}:
        raise SnapshotError(id_, "profile", profile=bare(url))


def _any(key: str, type_: Resource) -> str:
    """What a type without profiles allows: any of its own; without targets: any."""
    return EXTENSION + code_of(type_) if key == "profile" else ANYTHING[0]


def _with_what_it_had(type_: Resource, inherited: Resource) -> Resource:
    """A type restated keeps the notes, profiles and targets that it had, where it does not say otherwise itself."""
    said = {extension["url"] for extension in type_.get("extension", ())}
    said |= {FHIR_TYPE} if type_["code"] != inherited["code"] else set()
    notes = [e for e in inherited.get("extension", ()) if e["url"] not in said] + type_.get("extension", [])
    whole = {**inherited, **type_, "extension": notes}
    return whole if notes else {key: value for key, value in whole.items() if key != "extension"}


def of_choice(stem: str, name: str, types: list[Resource]) -> Iterator[Resource]:
    """The types of `value[x]` that the short form `valueQuantity` means."""
    for type_ in types:
        code = code_of(type_)
        if name == stem + code[:1].upper() + code[1:]:
            yield type_
