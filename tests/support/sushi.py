"""SUSHI's snapshots beside ours. GoFSH turns differentials into FSH, SUSHI makes snapshots of that: nothing of ours has a part in it.

https://fshschool.org/docs/sushi · https://fshschool.org/docs/gofsh
"""

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from hub.conformance.package import NAME, Package
from tests.support.second_opinions import MODULES, R4, run

CONFIG: Final = (
    "canonical: https://vendor.example/fhir\nfhirVersion: 4.0.1\nFSHOnly: true\nid: vendor\nversion: 0.1.0\n"
)
PROSE: Final = frozenset(
    {"short", "definition", "comment", "requirements", "alias", "condition", "example", "mapping", "isModifierReason",
     "meaningWhenMissing", "orderMeaning"}
)  # fmt: skip
DISPLAY_HINT: Final = "http://hl7.org/fhir/StructureDefinition/structuredefinition-display-hint"

Json = dict[str, Any]


class Sushi:
    """SUSHI and GoFSH with a home of their own, where the packages they may use are unpacked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._install("hl7.fhir.r4.core#4.0.1").joinpath("package").symlink_to(R4)

    def snapshots(self, structures: Iterable[Json]) -> Mapping[str, Json]:
        """Id → StructureDefinition, with the snapshot that SUSHI makes of its differential."""
        given, guide = self.folder / "given", self.folder / "guide"
        given.mkdir()
        for one in structures:
            bare = {key: value for key, value in one.items() if key != "snapshot"}
            (given / f"{one['id']}.json").write_text(json.dumps(bare), "utf-8")
        run(MODULES / "gofsh" / "dist" / "app.js", str(given), "-o", str(guide), "-u", "4.0.1", home=self.folder)
        return self._build(guide)

    def compile(self, fsh: str, package: Package) -> Mapping[str, Json]:
        """Id → StructureDefinition, of profiles that somebody writes with our package as a dependency."""
        with tarfile.open(fileobj=BytesIO(package.archive())) as tar:
            tar.extractall(self._install(f"{NAME}#{package.version}"), filter="data")
        guide = self.folder / "vendor"
        (guide / "input" / "fsh").mkdir(parents=True)
        (guide / "sushi-config.yaml").write_text(f"{CONFIG}dependencies:\n  {NAME}: {package.version}\n", "utf-8")
        (guide / "input" / "fsh" / "vendor.fsh").write_text(fsh, "utf-8")
        return self._build(guide)

    def _install(self, name: str) -> Path:
        folder = self.folder / ".fhir" / "packages" / name
        folder.mkdir(parents=True)
        return folder

    def _build(self, guide: Path) -> Mapping[str, Json]:
        run(MODULES / "fsh-sushi" / "dist" / "app.js", "build", str(guide), "-s", home=self.folder)
        made = [json.loads(p.read_text("utf-8")) for p in sorted(guide.glob("fsh-generated/resources/*.json"))]
        return {one["id"]: one for one in made}


def differences(ours: Json, theirs: Json) -> Iterator[str]:
    """Element and property of everything that is not the same in two snapshots, prose apart."""
    name, here, there = ours["id"], ours["snapshot"]["element"], theirs["snapshot"]["element"]
    if [e["id"] for e in here] != [e["id"] for e in there]:
        yield f"{name}: not the same elements in the same order"
    others = {e["id"]: _comparable(e) for e in there}
    for element in map(_comparable, here):
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
