"""The contract as a FHIR NPM package: definitions with snapshots, examples, JSON Schemas, for whoever has no hub.

https://hl7.org/fhir/R4/packages.html · https://confluence.hl7.org/display/FHIR/NPM+Package+Specification. The same definitions
give the same bytes.
"""

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

from hub.conformance.snapshot import Snapshots
from hub.conformance.validator import schema
from hub.fhir import Resource, canonicals
from hub.fhir.serial import dumps_indented, loads
from hub.fhir.words import LANGUAGES

NAME: Final = "ihala.fhir"
TITLE: Final = "Ihala: cases, referrals and consent of women and girls who are victims of violence"
FHIR_VERSION: Final = "4.0.1"
LICENCE: Final = "Apache-2.0"
FOLDERS: Final = ("structure-definitions", "code-systems", "value-sets", "naming-systems")
INDEXED: Final = ("id", "url", "version", "kind", "type", "supplements", "content", "derivation")


@dataclass(frozen=True)
class Package:
    """The contract as it was read. `definitions` and `examples`: name of the file without `.json` → resource."""

    definitions: Mapping[str, Resource]
    examples: Mapping[str, Resource]

    @cached_property
    def version(self) -> str:
        """The one version that all profiles share."""
        (version,) = {one["version"] for one in self.definitions.values() if "version" in one}
        return str(version)

    @property
    def file_name(self) -> str:
        return f"{NAME}-{self.version}.tgz"

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Path in the archive → content; the manifest first."""
        return {
            "package/package.json": _pretty(self._manifest()),
            **_folder("package", {f"{_stem(one)}.json": one for one in self._complete()}),
            **_folder("package/example", _examples(self.examples)),
            **{path: _pretty(content) for path, content in _schemas(self.definitions)},
        }

    def archive(self) -> bytes:
        """The `.tgz`."""
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path, content in self.files.items():
                entry = tarfile.TarInfo(path)  # owner, group and time are 0 unless they are set
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return gzip.compress(written.getvalue(), mtime=0)

    def _complete(self) -> Iterator[Resource]:
        """The definitions as others want them: structures with snapshots, and the guide that says what this is."""
        structures = [one for one in self.definitions.values() if one["resourceType"] == "StructureDefinition"]
        snapshots = Snapshots(structures)
        for one in self.definitions.values():
            yield snapshots.complete(one["url"]) if one["resourceType"] == "StructureDefinition" else one
        yield self._guide()

    def _manifest(self) -> dict[str, Any]:
        return {
            "name": NAME,
            "version": self.version,
            "tools-version": 3,
            "type": "IG",
            "license": LICENCE,
            "canonical": canonicals.BASE,
            "url": canonicals.BASE,
            "title": TITLE,
            "description": TITLE,
            "fhirVersions": [FHIR_VERSION],
            "dependencies": {"hl7.fhir.r4.core": FHIR_VERSION},
            "author": "Ihala",
            "directories": {"lib": "package", "example": "example"},
        }

    def _guide(self) -> Resource:
        return {
            "resourceType": "ImplementationGuide",
            "id": NAME,
            "url": f"{canonicals.BASE}/ImplementationGuide/{NAME}",
            "version": self.version,
            "name": "Ihala",
            "title": TITLE,
            "status": "active",
            "packageId": NAME,
            "license": LICENCE,
            "fhirVersion": [FHIR_VERSION],
        }


def load() -> Package:
    """What `profiles` ships."""
    return Package({name: one for folder in FOLDERS for name, one in _read(folder)}, dict(_read("examples", "valid")))


def _read(*folder: str) -> Iterator[tuple[str, Resource]]:
    for path in sorted(files("profiles").joinpath(*folder).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".json"):
            yield f"{'/'.join(folder)}/{path.name.removesuffix('.json')}", loads(path.read_bytes())


def _schemas(definitions: Mapping[str, Resource]) -> Iterator[tuple[str, Any]]:
    """The same schemas with words in each language; English where programs look first."""
    for name in _profile_names(definitions):
        for language in LANGUAGES:
            folder = "" if language == "en" else f"{language}/"
            yield f"package/schemas/{folder}{name}.schema.json", schema(name, language)


def _profile_names(definitions: Mapping[str, Resource]) -> Iterator[str]:
    for one in definitions.values():
        if one["resourceType"] == "StructureDefinition" and one["type"] != "Extension":
            yield one["id"]


def _examples(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Examples are called after their files: some show the same resource at different times, under one id."""
    return {f"{one['resourceType']}-{name.rpartition('/')[2]}.json": one for name, one in resources.items()}


def _folder(path: str, resources: Mapping[str, Resource]) -> dict[str, bytes]:
    """A folder's files, sorted, and the index that package readers use instead of opening them all."""
    listed = dict(sorted(resources.items()))
    index = {"index-version": 2, "files": [_indexed(name, one) for name, one in listed.items()]}
    return {
        f"{path}/.index.json": _pretty(index),
        **{f"{path}/{name}": _pretty(one) for name, one in listed.items()},
    }


def _indexed(name: str, resource: Resource) -> dict[str, Any]:
    described = {key: resource[key] for key in INDEXED if isinstance(resource.get(key), str)}
    return {"filename": name, "resourceType": resource["resourceType"], **described}


def _stem(resource: Resource) -> str:
    return f"{resource['resourceType']}-{resource['id']}"


def _pretty(content: Any) -> bytes:
    return dumps_indented(content)
