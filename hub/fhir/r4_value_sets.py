"""The codes of R4's own value sets, as far as R4 lists them: those that required and extensible bindings of any type name.

`tables/r4-value-sets.json.gz` is derived from HL7's definitions (CC0) by `scripts/derive_r4_value_sets.py`. Only whoever
examines any resource opens it; the hub at work does not.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from hub.fhir.serial import loads


@cache
def value_sets() -> Mapping[str, Mapping[str, frozenset[str] | None]]:
    """Canonical → system → codes; None: a system that R4 does not list, any of its codes."""
    raw = loads(gzip.decompress(files("hub.fhir").joinpath("tables/r4-value-sets.json.gz").read_bytes()))
    return {
        url: {system: None if codes is None else frozenset(codes) for system, codes in systems.items()}
        for url, systems in raw["valueSets"].items()
    }
