"""Hold our snapshots against SUSHI's, and let SUSHI load our package. Run by hand, and by the tests where both folders are named.

    npm install fsh-sushi@3.21 gofsh@2          (in a folder outside the project)
    python scripts/compare_with_sushi.py <that folder> <folder of the package hl7.fhir.r4.core 4.0.1>

GoFSH turns our differentials into FSH, SUSHI makes snapshots of that: nothing of ours has a part in it. No network is used.
For the package, see `derive_r4_tables.py`.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from hub.conformance import package as packages

PROSE: Final = frozenset(
    {"short", "definition", "comment", "requirements", "alias", "condition", "example", "mapping", "isModifierReason",
     "meaningWhenMissing", "orderMeaning"}
)  # fmt: skip
DISPLAY_HINT: Final = "http://hl7.org/fhir/StructureDefinition/structuredefinition-display-hint"
CONFIG: Final = (
    "canonical: https://vendor.example/fhir\nfhirVersion: 4.0.1\nFSHOnly: true\nid: vendor\nversion: 0.1.0\n"
)
VENDOR: Final = """
Profile: VendorSurvivor
Parent: https://ihala.example/fhir/StructureDefinition/survivor
Id: vendor-survivor
* identifier[cin] 0..0
* telecom.extension[safe-to-call] 1..1
* extension[reported-age].extension[low] 1..1

Profile: VendorConsent
Parent: https://ihala.example/fhir/StructureDefinition/consent
Id: vendor-consent
* provision.provision.actor 1..1
"""

Json = dict[str, Any]


class Sushi:
    """SUSHI and GoFSH with a home of their own, where the packages they may use are unpacked."""

    def __init__(self, modules: Path, r4: Path, folder: Path) -> None:
        self.modules, self.folder = modules.resolve(), folder
        self.cache = folder / ".fhir" / "packages"
        self.install("hl7.fhir.r4.core#4.0.1").joinpath("package").symlink_to(r4.resolve())

    def install(self, name: str) -> Path:
        (self.cache / name).mkdir(parents=True)
        return self.cache / name

    def run(self, program: str, *arguments: str) -> str:
        """What it says. Raises CalledProcessError when it reports errors."""
        command = [str(self.modules / "node_modules" / ".bin" / program), *arguments]
        environment = {**os.environ, "HOME": str(self.folder)}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=300).stdout  # noqa: S603

    def snapshots(self, structures: list[Json]) -> Mapping[str, list[Json]]:
        """Id of a StructureDefinition → its snapshot as SUSHI makes it."""
        given, guide = self.folder / "given", self.folder / "guide"
        given.mkdir()
        for one in structures:
            bare = {key: value for key, value in one.items() if key != "snapshot"}
            (given / f"{one['id']}.json").write_text(json.dumps(bare), "utf-8")
        self.run("gofsh", str(given), "-o", str(guide), "-u", "4.0.1")
        return self.build(guide)

    def build(self, guide: Path) -> Mapping[str, list[Json]]:
        self.run("sushi", "build", str(guide), "-s")
        made = [json.loads(p.read_text("utf-8")) for p in sorted(guide.glob("fsh-generated/resources/*.json"))]
        return {one["id"]: one["snapshot"]["element"] for one in made}


def differences(sushi: Sushi) -> Iterator[str]:
    """Element and property of everything that is not the same, prose apart."""
    package = packages.load()
    ours = [json.loads(text) for path, text in package.files.items() if path.startswith("package/StructureDefinition-")]
    theirs = sushi.snapshots(ours)
    for one in ours:
        yield from _compare(one["id"], one["snapshot"]["element"], theirs[one["id"]])


def _compare(name: str, ours: list[Json], theirs: list[Json]) -> Iterator[str]:
    if [e["id"] for e in ours] != [e["id"] for e in theirs]:
        yield f"{name}: not the same elements in the same order"
    others = {e["id"]: _comparable(e) for e in theirs}
    for element in map(_comparable, ours):
        other = others.get(element["id"], {})
        for key in sorted(element.keys() | other.keys()):
            if element.get(key) != other.get(key):
                yield f"{name}: {element['id']}: {key}: {element.get(key)} / {other.get(key)}"


def _comparable(element: Json) -> Json:
    """Without prose: HL7's descriptions, XPath (which R4 gave up) and a hint for editors."""
    kept = {key: value for key, value in element.items() if key not in PROSE}
    if "constraint" in kept:
        said = [
            {key: c.get(key) for key in ("key", "severity", "human", "expression", "source")}
            for c in kept["constraint"]
        ]
        kept["constraint"] = sorted(said, key=lambda c: str(c["key"]))
    if "binding" in kept:
        kept["binding"] = {key: kept["binding"].get(key) for key in ("strength", "valueSet")}
    if "slicing" in kept:
        kept["slicing"] = {key: value for key, value in kept["slicing"].items() if key != "description"}
    kept["extension"] = [e for e in kept.get("extension", ()) if e["url"] != DISPLAY_HINT]
    return kept


def vendor_profiles(sushi: Sushi) -> Mapping[str, list[Json]]:
    """Snapshots of profiles that somebody writes against our package, which is a dependency as any other."""
    package = packages.load()
    with tarfile.open(fileobj=BytesIO(package.archive())) as tar:
        tar.extractall(sushi.install(f"{packages.NAME}#{package.version}"), filter="data")
    guide = sushi.folder / "vendor"
    (guide / "input" / "fsh").mkdir(parents=True)
    config = f"{CONFIG}dependencies:\n  {packages.NAME}: {package.version}\n"
    (guide / "sushi-config.yaml").write_text(config, "utf-8")
    (guide / "input" / "fsh" / "vendor.fsh").write_text(VENDOR, "utf-8")
    return sushi.build(guide)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        sushi = Sushi(Path(sys.argv[1]), Path(sys.argv[2]), Path(folder))
        found = list(differences(sushi))
        written = vendor_profiles(sushi)
    print(*found, f"{len(found)} differences; written against the package: {', '.join(written)}", sep="\n")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
