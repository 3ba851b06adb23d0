"""R4's own element definitions, whole but for their prose: what a snapshot is made from, and what any resource is examined by.

`tables/r4-snapshots.ndjson.gz` is derived from HL7's definitions (CC0) by `scripts/derive_r4_tables.py`. It holds every type,
profile and extension of R4, one to a line, and a line is read when it is asked for. The hub at work never opens it: whoever
reads and checks resources at the entrance is served by `r4.py`.
"""

import gzip
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from hub.fhir import Resource
from hub.fhir.serial import loads

_FIRST: Final = b'{"url":"'


class Snapshots(Mapping[str, tuple[Resource, ...]]):
    """Canonical → elements in order. Copy what you change."""

    def __init__(self, lines: list[bytes]) -> None:
        self._constraints: list[Resource] = loads(lines[0])["constraints"]
        self._lines = {line[len(_FIRST) : line.index(b'"', len(_FIRST))].decode(): line for line in lines[1:]}
        self._read: dict[str, Resource] = {}

    def definition(self, url: str) -> Resource:
        """A StructureDefinition's url, type, kind, derivation, baseDefinition, context, and its `elements`."""
        if url not in self._read:
            found: Resource = loads(self._lines[url])
            for element in found["elements"]:
                if "constraint" in element:
                    element["constraint"] = [self._constraints[number] for number in element["constraint"]]
            self._read[url] = found
        return self._read[url]

    def __getitem__(self, url: str) -> tuple[Resource, ...]:
        return tuple(self.definition(url)["elements"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@cache
def snapshots() -> Snapshots:
    """Canonical of a type, profile or extension of R4 → its elements in order. Copy what you change."""
    text = gzip.decompress(files("hub.fhir").joinpath("tables/r4-snapshots.ndjson.gz").read_bytes())
    return Snapshots(text.split(b"\n"))
