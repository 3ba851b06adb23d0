"""FHIRPath invariants. What is asked most is answered by `native.py`, the rest by fhirpathpy.

https://hl7.org/fhir/R4/fhirpath.html. An invariant holds when every result is true, or when there is none.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser import parse

from hub.conformance.examination.native import NATIVE, NATIVE_BY_KEY
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.structures import Constraint
from hub.conformance.examination.surroundings import Surroundings
from hub.fhir import Resource
from hub.fhir.issues import Severity
from hub.texts import catalogue

COMPILED: Final = 4096
_apply = cast("Callable[..., list[Any]]", apply_parsed_path)  # the engine has no types
_node = cast("Callable[[Any, Any], ResourceNode]", ResourceNode.create_node)
_parse = cast("Callable[[str], Any]", parse)
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


ADVICE: Final = frozenset({"dom-6"})
"""Best practice: told, no more."""
SENTENCES: Final = {"per-1": "period-order"}
"""R4's invariants for which there is a sentence already."""


def ask(constraint: Constraint, value: Any, type_: str, path: str, scope: Scope) -> None:
    answer = holds(constraint, value, type_, scope.around)
    if answer is None:
        scope.found.add("information", "not-supported", "invariant-unchecked", path, rule=constraint.key)
    elif not answer:
        _say(constraint, path, scope)


def _say(constraint: Constraint, path: str, scope: Scope) -> None:
    """By the sentence that there is for it; else by its key and what its definition says of it."""
    severity: Severity = "information" if constraint.key in ADVICE else "warning"
    if constraint.severity == "error":
        severity = "error"
    is_ours = (constraint.key, constraint.expression) in scope.library.own_constraints
    if is_ours:
        scope.found.add(severity, "invariant", constraint.key, path)
    elif known := _sentence(constraint):
        scope.found.add(severity, "invariant", known, path, **({"rule": constraint.key} if "rule-" in known else {}))
    else:
        human = f": {constraint.human}" if constraint.human else ""
        scope.found.add(severity, "invariant", "invariant", path, rule=constraint.key, human=human)


def _sentence(constraint: Constraint) -> str:
    """That of an invariant of R4 that is asked often. Another's of the same key means something else, and has none."""
    is_r4 = (constraint.key, constraint.expression) in NATIVE_BY_KEY or constraint.expression in NATIVE
    known = SENTENCES.get(constraint.key, f"rule-{constraint.key}")
    return known if is_r4 and known in catalogue("conformance") else ""


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
    """The results of an expression. Raises what fhirpathpy raises.

    The engine does not know `$this` outside of a function: within `select` it is the same.
    """
    try:
        return _evaluate(expression, value, type_, around)
    except KeyError as unknown:
        if unknown.args != ("$this",):
            raise
        return _evaluate(f"select({expression})", value, type_, around)


def _evaluate(expression: str, value: Any, type_: str, around: Surroundings) -> list[Any]:
    parsed = _parsed(expression)
    variables = {**VARIABLES, "resource": around.resource, "rootResource": around.root}
    context = {**variables, "context": value}
    return _apply(_node(value, type_), parsed, context, models["r4"], _options(around))


@lru_cache(maxsize=COMPILED)
def _parsed(expression: str) -> Any:
    for slip, meant in REPAIRED.items():
        expression = expression.replace(slip, meant)
    return _parse(expression)


def _options(around: Surroundings) -> Mapping[str, Any]:
    """The functions that the engine lacks; and nothing is printed for `trace()`."""
    functions: dict[str, Callable[[list[Any]], Any]] = {
        "hasValue": lambda inputs: [len(inputs) == 1 and inputs[0] is not None and not isinstance(inputs[0], dict)],
        "resolve": lambda inputs: [
            _node(r, r.get("resourceType")) for one in inputs if (r := _resolved(one, around)) is not None
        ],
        "htmlChecks": lambda inputs: [True],
    }
    table = {name: {"fn": function, "arity": {0: []}} for name, function in functions.items()}
    return {"traceFn": lambda *_: None, "userInvocationTable": table}


def _resolved(value: Any, around: Surroundings) -> Resource | None:
    return around.resolve(value.get("reference") if isinstance(value, dict) else value)
