"""StructureDefinitions as others use them, snapshot included: this project's, R4's, and those that build on either.

https://hl7.org/fhir/R4/structuredefinition.html · https://hl7.org/fhir/R4/references.html#canonical (`url`, or `url|version`)
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from hub.conformance import package
from hub.conformance.snapshot import STRENGTHS, SnapshotError, Snapshots
from hub.fhir import Resource, canonicals
from hub.fhir.definitions import load
from hub.fhir.r4 import EXTENSION
from hub.fhir.r4_snapshots import snapshots

TYPE: Final = "StructureDefinition"
R4: Final = "4.0.1"
_TEXTS: Final = ("url", "type", "baseDefinition")
_MAX: Final = re.compile(r"\*|[0-9]{1,9}", re.ASCII)
Shape = Callable[[Any], bool]


def is_resource_type(name: str) -> bool:
    """Whether R4 has resources of this type."""
    if EXTENSION + name not in snapshots():
        return False
    defined = snapshots().definition(EXTENSION + name)
    return defined["kind"] == "resource" and defined.get("derivation") != "constraint" and not defined["abstract"]


def assumed() -> Mapping[str, str]:
    """As at the entrance: a resource of a type that is exchanged, without a profile, is meant to be of the one of its type."""
    types = {profile.type for profile in load().profiles()}
    return {type_: profile.url for type_ in types if (profile := load().for_type(type_)) is not None}


def knows(canonical: str) -> bool:
    """Whether this is a profile or a type that is defined here, in the version that is here."""
    return _url(canonical) is not None


def find(canonical: str) -> Resource | None:
    """The definition of this canonical; None when it is unknown."""
    url = _url(canonical)
    if url is None:
        return None
    return _ours(url) if url in packaged() else _of_r4(url)


def find_by_id(id_: str) -> Resource | None:
    return find(canonicals.profile(id_)) or find(EXTENSION + id_)


def complete(definition: Resource) -> Resource:
    """A definition from elsewhere with its snapshot. Raises SnapshotError."""
    _require_shape(definition)
    try:
        return Snapshots([*packaged().values(), definition]).complete(definition["url"])
    except (KeyError, RecursionError):  # a base, or a profile of a type, that is not defined here, or by itself
        raise SnapshotError(definition["type"], "builds on what is unknown, or on itself") from None


@cache
def packaged() -> Mapping[str, Resource]:
    """This project's own, by canonical, as they are written."""
    return {one["url"]: one for one in package.load().definitions.values() if one["resourceType"] == TYPE}


def _url(canonical: str) -> str | None:
    url, _, version = canonical.partition("|")
    if url in packaged():
        return url if version in {"", packaged()[url]["version"]} else None
    return url if url in snapshots() and version in {"", R4} else None


@cache
def _made() -> Snapshots:
    return Snapshots(packaged().values())


@cache
def _ours(url: str) -> Resource:
    return _made().complete(url)


def _of_r4(url: str) -> Resource:
    """Without prose: of what HL7 publishes, what software needs."""
    defined = snapshots().definition(url)
    id_ = url.rpartition("/")[2]
    about = {key: value for key, value in defined.items() if key not in {"url", "elements"}}
    return {
        "resourceType": TYPE, "id": id_, "url": url, "version": R4, "name": id_, "status": "active", "fhirVersion": R4,
        **about, "snapshot": {"element": defined["elements"]},
    }  # fmt: skip


def _require_shape(definition: Resource) -> None:
    """What a snapshot is made from has the form that FHIR gives it; whether it means something is seen when it is made."""
    for name in _TEXTS:
        if not isinstance(definition.get(name), str):
            raise SnapshotError(f"{TYPE}.{name}", "is missing")
    for number, element in enumerate(definition["differential"]["element"]):
        place = f"{TYPE}.differential.element[{number}]"
        if not isinstance(element, dict) or not isinstance(element.get("id"), str) or "path" not in element:
            raise SnapshotError(place, "has no id or no path")
        if not all(_is_shaped(name, value) for name, value in element.items()):
            raise SnapshotError(place, "is not an ElementDefinition")


def _is_shaped(name: str, value: Any) -> bool:
    shaped = _SHAPES.get(name)
    return shaped is None or shaped(value)


def _listing(key: str) -> Shape:
    return lambda value: (
        isinstance(value, list) and all(isinstance(o, dict) and isinstance(o.get(key), str) for o in value)
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_SHAPES: Final[Mapping[str, Shape]] = {
    "id": _is_text,
    "path": _is_text,
    "sliceName": _is_text,
    "contentReference": _is_text,
    "min": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "max": lambda value: isinstance(value, str) and bool(_MAX.fullmatch(value)),
    "base": lambda value: isinstance(value, dict) and isinstance(value.get("path"), str),
    "binding": lambda value: isinstance(value, dict) and value.get("strength", STRENGTHS[0]) in STRENGTHS,
    "slicing": lambda value: isinstance(value, dict),
    "mustSupport": lambda value: isinstance(value, bool),
    "type": _listing("code"),
    "constraint": _listing("key"),
    "extension": _listing("url"),
}
"""Property of an element definition → whether a value has the form that FHIR gives it."""
