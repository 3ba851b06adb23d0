"""Snapshots: a profile's differential laid over its base and every element written out, as other FHIR software wants it.

https://hl7.org/fhir/R4/profiling.html#snapshot · https://hl7.org/fhir/R4/elementdefinition.html. R4's prose is left out. A
differential may come in any order and leave out what it does not change; it may only narrow, and one that does not is refused,
as is one of another shape than FHIR's: with SnapshotError, which names the element.
"""

from hub.conformance.snapshot.generator import Snapshots
from hub.conformance.snapshot.refusal import SnapshotError

__all__ = ["SnapshotError", "Snapshots"]
