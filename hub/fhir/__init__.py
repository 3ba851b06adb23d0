"""FHIR itself: canonicals, references, element paths, issues, outcomes, text folding, R4 tables. No I/O."""

from typing import Any

Resource = dict[str, Any]
"""A FHIR resource as plain JSON data. Resources are written once and never changed in place after they were handed on."""
