"""FHIRPath invariants. What is asked most is answered by `native.py`, the rest by fhirpathpy.

https://hl7.org/fhir/R4/fhirpath.html. An invariant holds when every result is true, or when there is none.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser import parse

from hub.conformance.examination.native import NATIVE, NATIVE_BY_KEY
from hub.conformance.examination.structures import Constraint
from hub.conformance.examination.surroundings import Surroundings
from hub.fhir import Resource

COMPILED: Final = 4096
VARIABLES: Final = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
REPAIRED: Final = {
    "(answer is Boolean)": "(answer is boolean)",
    "iif(empty(), true, ofType(Practitioner).exists())": "all($this is Practitioner)",
}
"""Slips in R4's own expressions, or what the engine does not know, by what is meant."""


def holds(constraint: Constraint, value: Any, type_: str, around: Surroundings) -> bool | None:
    """None when it cannot be asked here. `type_`: type of the value, or path of a backbone element."""
    native = NATIVE_BY_KEY.get((constraint.key, constraint.expression)) or NATIVE.get(constraint.expression)
    if native is not None:
        return native(value, around)
    return evaluated(constraint.expression, value, type_, around)


def evaluated(expression: str, value: Any, type_: str, around: Surroundings) -> bool | None:
    """What fhirpathpy says; None when it raises."""
    try:
        results = evaluate(expression, value, type_, around)
    except Exception:  # an engine of others, on any expression: nothing it raises may go through
        return None
    return all(result is True for result in results)


def evaluate(expression: str, value: Any, type_: str, around: Surroundings) -> list[Any]:
    """The results of an expression. Raises what fhirpathpy raises."""
    parsed = _parsed(expression)
    variables = {**VARIABLES, "resource": around.resource, "rootResource": around.root}
    context = {**variables, "context": value}
    found: list[Any] = apply_parsed_path(ResourceNode.create_node(value, type_), parsed, context, models["r4"], _options(around))
    return found


@lru_cache(maxsize=COMPILED)
def _parsed(expression: str) -> Any:
    for slip, meant in REPAIRED.items():
        expression = expression.replace(slip, meant)
    return parse(expression)


def _options(around: Surroundings) -> Mapping[str, Any]:
    """The functions that the engine lacks; and nothing is printed for `trace()`."""
    functions: dict[str, Callable[[list[Any]], Any]] = {
        "hasValue": lambda inputs: [len(inputs) == 1 and inputs[0] is not None and not isinstance(inputs[0], dict)],
        "resolve": lambda inputs: [
            ResourceNode.create_node(r, r.get("resourceType")) for one in inputs if (r := _resolved(one, around)) is not None
        ],
        "htmlChecks": lambda inputs: [True],
    }
    table = {name: {"fn": function, "arity": {0: []}} for name, function in functions.items()}
    return {"traceFn": lambda *_: None, "userInvocationTable": table}


def _resolved(value: Any, around: Surroundings) -> Resource | None:
    return around.resolve(value.get("reference") if isinstance(value, dict) else value)
