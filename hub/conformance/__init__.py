"""Does a resource conform to its profile? Pure: a resource in, issues out.

`validate`: the closed, fast check at the entrance, for the profiles of this project. `examine`: any R4 resource against any
definition, in full. https://hl7.org/fhir/R4/validation.html
"""

from hub.conformance.examination import Examiner, examine
from hub.conformance.structures import assumed, is_resource_type, knows
from hub.conformance.validator import schema, validate

__all__ = ["Examiner", "assumed", "examine", "is_resource_type", "knows", "schema", "validate"]
