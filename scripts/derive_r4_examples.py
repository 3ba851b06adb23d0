"""Derive `tests/data/r4-examples.ndjson.gz` from HL7's official examples of FHIR R4. Run by hand; the result is committed.

The examples are the npm package `hl7.fhir.r4.examples` 4.0.1, in the public domain (CC0-1.0, see its package.json):
`npm pack hl7.fhir.r4.examples@4.0.1`, unpack it, then

    python scripts/derive_r4_examples.py <folder of the package>

Kept are the examples of every type of resource but definitions and terminology, of which R4 itself has thousands: of those, the
smallest of each type; and nothing above a size. Only white space is taken out: numbers stay as they are written (`1.00`).
The output is the same byte for byte for the same input.
"""

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

OUTPUT: Final = Path(__file__).parent.parent / "tests" / "data" / "r4-examples.ndjson.gz"
MANY: Final = frozenset(
    {"SearchParameter", "ValueSet", "CodeSystem", "StructureDefinition", "ConceptMap", "OperationDefinition"}
)
FEW: Final = 40
LARGEST: Final = 650_000
_BETWEEN: Final = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


def examples(folder: Path) -> Iterator[str]:
    """One line each, by type and id."""
    kept: Counter[str] = Counter()
    for path in sorted(folder.glob("*-*.json"), key=lambda path: (path.stat().st_size, path.name)):
        type_ = path.name.partition("-")[0]
        text = path.read_text("utf-8-sig")
        if "resourceType" not in (parsed := json.loads(text)) or parsed["resourceType"] != type_ or len(text) > LARGEST:
            continue
        kept[type_] += 1
        if type_ not in MANY or kept[type_] <= FEW:
            yield _BETWEEN.sub(lambda found: found[1] or "", text)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = sorted(examples(Path(sys.argv[1])))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


if __name__ == "__main__":
    main()
