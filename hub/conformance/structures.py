"""StructureDefinitions as others use them, snapshot included: this project's, R4's, and those that build on either.

https://hl7.org/fhir/R4/structuredefinition.html · https://hl7.org/fhir/R4/references.html#canonical (`url`, or `url|version`)
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from hub.conformance import package
from hub.conformance.snapshot import Snapshots
from hub.fhir import Resource, canonicals
from hub.fhir.contract import contract
from hub.fhir.definitions import load
from hub.fhir.r4 import EXTENSION
from hub.fhir.r4_snapshots import snapshots

TYPE: Final = "StructureDefinition"
R4: Final = "4.0.1"


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
    """A definition from elsewhere with its snapshot. It has a url; whatever else is wrong with it raises SnapshotError."""
    return Snapshots([*packaged().values(), definition]).complete(definition["url"])


@cache
def packaged() -> Mapping[str, Resource]:
    """This project's own, by canonical, as they are written."""
    return {one["url"]: one for one in package.load().definitions.values() if one["resourceType"] == TYPE}


def _url(canonical: str) -> str | None:
    url, _, version = canonical.partition("|")
    if url in packaged():
        return url if version in {"", contract().version} else None
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
