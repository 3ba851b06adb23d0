"""Derive `hub/fhir/tables/r4-summary.json.gz`: which elements of each type are in a summary, and which always stay.

https://hl7.org/fhir/R4/search.html#summary · https://hl7.org/fhir/R4/search.html#elements. Run by hand, after
`derive_r4_tables.py`, from whose `r4-snapshots.ndjson.gz` it reads; the result is committed, the same byte for byte.

    python scripts/derive_r4_summary.py
"""

import gzip
import json
from pathlib import Path
from typing import Any, Final

TABLES: Final = Path(__file__).parent.parent / "hub" / "fhir" / "tables"


def rows(definition: dict[str, Any]) -> dict[str, list[str]]:
    """`summary`: paths of what is in a summary; `always`: what is mandatory or a modifier. Without the name of the type."""
    found: dict[str, list[str]] = {"summary": [], "always": []}
    for element in definition["elements"]:
        path = element["path"].partition(".")[2].removesuffix("[x]")
        if path and element.get("isSummary"):
            found["summary"].append(path)
        if path and (element.get("min") or element.get("isModifier")):
            found["always"].append(path)
    return found


def main() -> None:
    lines = gzip.decompress((TABLES / "r4-snapshots.ndjson.gz").read_bytes()).decode().splitlines()
    definitions = [json.loads(line) for line in lines]
    types = {
        one["type"]: rows(one)
        for one in definitions
        if one.get("kind") == "resource" and one.get("derivation") == "specialization" and not one["abstract"]
    }
    text = json.dumps(types, sort_keys=True, separators=(",", ":")).encode()
    (TABLES / "r4-summary.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main()
