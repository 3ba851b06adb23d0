"""What the parts of an examination share: the definitions, what stands around the resource, and where findings go."""

from dataclasses import dataclass

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.library import Library
from hub.conformance.examination.surroundings import Surroundings


@dataclass(frozen=True)
class Scope:
    library: Library
    around: Surroundings
    found: Findings
