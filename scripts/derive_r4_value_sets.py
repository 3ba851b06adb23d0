"""Derive `hub/fhir/tables/r4-value-sets.json.gz` from HL7's own definitions of FHIR R4 (4.0.1). Run by hand; the result is
committed. Source, licence and the folder that it is called with are those of `derive_r4_tables.py`:

    python scripts/derive_r4_value_sets.py <folder of the package>

Kept are the codes of the value sets that required and extensible bindings name (and `maxValueSet`), by code system, as far as
R4's own package lists them; a system that it does not list (SNOMED CT, LOINC, UCUM) stands with null: any of its codes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from derive_r4_tables import MAX_VALUE_SET, Package, structures, write

Json = dict[str, Any]
Codes = dict[str, set[str] | None]
CHECKED: Final = {"required", "extensible"}


class Terminology:
    """The value sets and code systems of the package, by canonical."""

    def __init__(self, package: Package) -> None:
        self.value_sets = self._by_url(package, "ValueSet")
        self.systems = self._by_url(package, "CodeSystem")

    def _by_url(self, package: Package, kind: str) -> dict[str, Json]:
        read = (json.loads(path.read_text("utf-8")) for path in sorted(package.folder.glob(f"{kind}-*.json")))
        return {one["url"]: one for one in read}

    def codes(self, url: str) -> Codes | None:
        """None when the value set is not in the package, or nothing can be said of it."""
        compose = self.value_sets.get(url.partition("|")[0], {}).get("compose")
        if compose is None:
            return None
        found: Codes = {}
        for include in compose["include"]:
            included = self._included(include)
            if included is None:
                return None
            for system, codes in included.items():
                before = found.get(system, set())
                found[system] = None if codes is None or before is None else before | codes
        for exclude in compose.get("exclude", ()):
            for system, codes in (self._included(exclude) or {}).items():
                before = found.get(system)
                found[system] = before - codes if before is not None and codes is not None else before
        return found

    def _included(self, include: Json) -> Codes | None:
        found: Codes = {}
        for url in include.get("valueSet", ()):
            inner = self.codes(url)
            if inner is None:
                return None
            found |= inner
        if "system" in include:
            found[include["system"]] = self._of_system(include)
        return found

    def _of_system(self, include: Json) -> set[str] | None:
        if "concept" in include:
            return {concept["code"] for concept in include["concept"]}
        system = self.systems.get(include["system"], {})
        if system.get("content") != "complete" or not system.get("concept"):
            return None
        tree = dict(concepts(system["concept"], ()))
        codes = set(tree)
        for one in include.get("filter", ()):
            below = {code for code, ancestors in tree.items() if one["value"] in (code, *ancestors)}
            if one["property"] != "concept" or one["op"] not in {"is-a", "is-not-a"}:
                return None
            codes = codes & below if one["op"] == "is-a" else codes - below
        return codes


def concepts(listed: list[Json], ancestors: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Code → those it is under, nested or by the property `subsumedBy`."""
    for concept in listed:
        parents = tuple(str(p["valueCode"]) for p in concept.get("property", ()) if p["code"] == "subsumedBy")
        yield concept["code"], (*ancestors, *parents)
        yield from concepts(concept.get("concept", []), (*ancestors, *parents, concept["code"]))


def bound(package: Package) -> Iterator[str]:
    for definition in structures(package):
        for element in definition["snapshot"]["element"]:
            binding = element.get("binding", {})
            if binding.get("strength") in CHECKED and "valueSet" in binding:
                yield binding["valueSet"].partition("|")[0]
            yield from (
                e["valueCanonical"].partition("|")[0] for e in binding.get("extension", ()) if e["url"] == MAX_VALUE_SET
            )


def derive(folder: Path) -> Json:
    package = Package(folder)
    terminology = Terminology(package)
    found = {url: terminology.codes(url) for url in sorted(set(bound(package)))}
    return {
        "source": "hl7.fhir.r4.core 4.0.1",
        "licence": "CC0-1.0",
        "valueSets": {
            url: {system: sorted(listed) if listed is not None else None for system, listed in sorted(codes.items())}
            for url, codes in found.items()
            if codes
        },
    }


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write("r4-value-sets.json.gz", derive(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
