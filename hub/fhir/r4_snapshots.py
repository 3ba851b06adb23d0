"""R4's own element definitions, whole but for their prose: what a snapshot is made from.

`tables/r4-snapshots.json.gz` is derived from HL7's definitions (CC0) by `scripts/derive_r4_tables.py`. It is opened only to
make snapshots; whoever reads and checks resources is served by `r4.py`.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from hub.fhir import Resource
from hub.fhir.serial import loads


@cache
def snapshots() -> Mapping[str, tuple[Resource, ...]]:
    """Canonical of a type, or of one of HL7's extensions → its elements in order. Copy what you change."""
    raw = loads(gzip.decompress(files("hub.fhir").joinpath("tables/r4-snapshots.json.gz").read_bytes()))
    return {one["url"]: tuple(one["elements"]) for one in raw.values()}
