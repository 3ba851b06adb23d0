"""The canonicals that FHIR R4 itself defines, for the test that no canonical of the contract leads nowhere.

python scripts/list_r4_canonicals.py FOLDER writes tests/profiles/r4-canonicals.txt.gz; FOLDER is `package` of the unpacked
hl7.fhir.r4.core 4.0.1 (CC0).
"""

import gzip
import json
import sys
from pathlib import Path

WRITTEN = Path(__file__).parents[1] / "tests" / "profiles" / "r4-canonicals.txt.gz"


def main(folder: Path) -> None:
    files = json.loads((folder / ".index.json").read_text("utf-8"))["files"]
    urls = sorted({one["url"] for one in files if "url" in one})
    WRITTEN.write_bytes(gzip.compress("\n".join(urls).encode(), mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
