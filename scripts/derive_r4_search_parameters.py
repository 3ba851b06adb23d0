"""Derive `hub/fhir/tables/r4-search-parameters.json.gz` from HL7's own definitions of FHIR R4 (4.0.1). Run by hand; the result is
committed. Source, licence and the folder that it is called with are those of `derive_r4_tables.py`:

    python scripts/derive_r4_search_parameters.py <folder of the package>

Kept of each search parameter, by type: name, type, canonical, the part of its expression that begins with the type, targets, and
the components of a composite. No prose. Left out are HL7's examples of definitions, and those that have no expression.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from derive_r4_tables import write

EXAMPLES: Final = "http://hl7.org/fhir/SearchParameter/example"

Json = dict[str, Any]


def rows(folder: Path) -> Iterator[tuple[str, Json]]:
    """Each type with each of its parameters; HL7 also writes one definition for several types, and some twice."""
    for path in sorted(folder.glob("SearchParameter-*.json")):
        definition = json.loads(path.read_text("utf-8"))
        if definition.get("url", "").startswith(EXAMPLES):
            continue
        for type_ in definition.get("base", ()):
            expression = " | ".join(alternatives(definition.get("expression", ""), type_))
            if expression:
                yield type_, row(definition, expression)


def alternatives(expression: str, type_: str) -> Iterator[str]:
    """What a shared expression says of one type. A bar within parentheses would have to be read otherwise: there is none."""
    for one in expression.split("|"):
        if re.match(rf"\(?{type_}\b", one.strip()):
            yield one.strip()


def row(definition: Json, expression: str) -> Json:
    found = {
        "name": definition["code"],
        "type": definition["type"],
        "url": definition["url"],
        "expression": expression,
    }
    if "target" in definition:
        found["targets"] = definition["target"]
    if "component" in definition:
        found["components"] = [
            {key: one[key] for key in ("definition", "expression")} for one in definition["component"]
        ]
    if definition.get("xpathUsage") == "phonetic":
        found["usage"] = "phonetic"
    return found


def derive(folder: Path) -> Json:
    by_type: dict[str, list[Json]] = {}
    for type_, one in rows(folder):
        by_type.setdefault(type_, []).append(one)
    for listed in by_type.values():
        listed.sort(key=lambda one: str(one["name"]))
        names = [one["name"] for one in listed]
        assert len(names) == len(set(names)), names
    return {"source": "hl7.fhir.r4.core 4.0.1", "licence": "CC0-1.0", "types": dict(sorted(by_type.items()))}


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write("r4-search-parameters.json.gz", derive(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
