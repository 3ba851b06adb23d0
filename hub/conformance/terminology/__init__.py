"""Terminology operations on what the package ships, offline: expand, validate-code, lookup, subsumes, translate. Pure.

https://hl7.org/fhir/R4/terminology-service.html
"""

from hub.conformance.terminology.concept_maps import ConceptMap, packaged
from hub.conformance.terminology.expansion import Asked, expand
from hub.conformance.terminology.known import Coding, find_code_system, find_concept_map, find_value_set
from hub.conformance.terminology.lookup import look_up
from hub.conformance.terminology.membership import Speech, validate_in_code_system, validate_in_value_set
from hub.conformance.terminology.subsumption import subsumes
from hub.conformance.terminology.translation import Wanted, translate

__all__ = [
    "Asked",
    "Coding",
    "ConceptMap",
    "Speech",
    "Wanted",
    "expand",
    "find_code_system",
    "find_concept_map",
    "find_value_set",
    "look_up",
    "packaged",
    "subsumes",
    "translate",
    "validate_in_code_system",
    "validate_in_value_set",
]
