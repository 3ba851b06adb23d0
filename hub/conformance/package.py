"""The contract as a FHIR NPM package: definitions with snapshots, examples, JSON Schemas, for whoever has no hub.

https://hl7.org/fhir/R4/packages.html · https://confluence.hl7.org/display/FHIR/NPM+Package+Specification. The same definitions
give the same bytes.
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

from hub.conformance.roles import supporting
from hub.conformance.snapshot import Snapshots
from hub.conformance.validator import schema
from hub.fhir import Resource, canonicals
from hub.fhir.contract import FHIR_VERSION, contract, rebased, resolved
from hub.fhir.serial import dumps_indented, loads
from hub.fhir.words import LANGUAGES

NAME: Final = contract().name
FOLDERS: Final = (
    "structure-definitions", "code-systems", "value-sets", "naming-systems", "search-parameters", "operation-definitions",
    "subscription-topics", "capability-statements", "measures",
)  # fmt: skip
INDEXED: Final = ("id", "url", "version", "kind", "type", "supplements", "content", "derivation")


@dataclass(frozen=True)
class Package:
    """The contract as it was read. `definitions` and `examples`: name of the file without `.json` → resource.

    `base`: under which the package is published, where that is not the contract's own.
    """

    definitions: Mapping[str, Resource]
    examples: Mapping[str, Resource]
    base: str = canonicals.BASE

    @property
    def version(self) -> str:
        """The one version that all definitions share."""
        return contract().version

    @property
    def file_name(self) -> str:
        return f"{NAME}-{self.version}.tgz"

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Path in the archive → content; the manifest first."""
        written = {
            "package/package.json": _pretty(_manifest()),
            **_folder("package", {f"{_stem(one)}.json": one for one in self._complete()}),
            **_folder("package/example", _examples(self.examples)),
            **{path: _pretty(content) for path, content in _schemas(self.definitions)},
        }
        if self.base == canonicals.BASE:
            return written
        return {path: rebased(text.decode(), canonicals.BASE, self.base).encode() for path, text in written.items()}

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
        """The definitions as others want them: structures with snapshots, each with what all share, and the guide."""
        structures = [one for one in self.definitions.values() if one["resourceType"] == "StructureDefinition"]
        snapshots = Snapshots(structures)
        for one in self.definitions.values():
            if one["resourceType"] == "StructureDefinition":
                yield contract().dressed(snapshots.complete(one["url"]))
            elif one["resourceType"] == "CapabilityStatement":
                yield contract().dressed(supporting(one, structures))
            else:
                yield contract().dressed(one)
        yield contract().dressed(self._guide())

    def _guide(self) -> Resource:
        """Says what the package is, and lists it: https://hl7.org/fhir/R4/implementationguide.html."""
        return {
            "resourceType": "ImplementationGuide",
            "id": NAME,
            "url": f"{canonicals.BASE}/ImplementationGuide/{NAME}",
            "name": "Ihala",
            "title": contract().title,
            "description": contract().description,
            "packageId": NAME,
            "license": contract().license,
            "fhirVersion": [FHIR_VERSION],
            "definition": {"resource": [*_listed(self.definitions.values()), *_shown(self.examples.values())]},
        }


def load(base: str = canonicals.BASE) -> Package:
    """What `profiles` ships, to be published under `base`."""
    definitions = {name: one for folder in FOLDERS for name, one in _read(folder)}
    return Package(definitions, dict(_read("examples", "valid")), base)


def _manifest() -> dict[str, Any]:
    """https://confluence.hl7.org/display/FHIR/NPM+Package+Specification: what every reader of packages looks for."""
    one = contract()
    (home,) = one.contact[0]["telecom"]
    return {
        "name": one.name,
        "version": one.version,
        "tools-version": 3,
        "type": "IG",
        "date": f"{one.date.replace('-', '')}000000",
        "license": one.license,
        "canonical": canonicals.BASE,
        "url": canonicals.BASE,
        "title": one.title,
        "description": one.description,
        "fhirVersions": [FHIR_VERSION],
        "dependencies": {"hl7.fhir.r4.core": FHIR_VERSION},
        "author": one.publisher,
        "maintainers": [{"name": one.publisher, "url": home["value"]}],
        "jurisdiction": "#".join(one.jurisdiction[0]["coding"][0][part] for part in ("system", "code")),
        "keywords": ["referral", "consent", "gender-based violence", "Morocco"],
        "directories": {"lib": "package", "example": "example"},
    }


def _listed(definitions: Iterable[Resource]) -> Iterator[Resource]:
    for one in definitions:
        said = {key: one[key] for key in ("description",) if isinstance(one.get(key), str)}
        name = one.get("title") or one.get("name") or one["id"]
        yield {
            "reference": {"reference": f"{one['resourceType']}/{one['id']}"},
            "name": name,
            **said,
            "exampleBoolean": False,
        }


def _shown(examples: Iterable[Resource]) -> Iterator[Resource]:
    """Each example once: some files show the same resource at different times."""
    unique = {f"{one['resourceType']}/{one['id']}": one for one in examples}
    for reference, one in unique.items():
        yield {"reference": {"reference": reference}, "name": one["id"], "exampleCanonical": one["meta"]["profile"][0]}


def _read(*folder: str) -> Iterator[tuple[str, Resource]]:
    for path in sorted(files("profiles").joinpath(*folder).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".json"):
            yield f"{'/'.join(folder)}/{path.name.removesuffix('.json')}", loads(resolved(path.read_text("utf-8")))


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
