"""Does a resource conform to its profile? Pure: a resource in, issues out.

https://hl7.org/fhir/R4/validation.html
"""

from hub.conformance.validator import schema, validate

__all__ = ["schema", "validate"]
