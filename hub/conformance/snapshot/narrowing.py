"""One element with what a differential says of it. Invariants and notes add up; everything else replaces, if it is narrower.

https://hl7.org/fhir/R4/profiling.html#limits
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from hub.conformance.snapshot import types
from hub.conformance.snapshot.refusal import SnapshotError
from hub.conformance.snapshot.shapes import RULES, STRENGTHS
from hub.fhir import Resource

KEPT: Final = ("id", "path", "base", "isSummary", "contentReference")
"""What a profile cannot change; it may repeat it."""


def narrow(id_: str, inherited: Resource, stated: Resource, source: str, lineage: types.Lineage) -> Resource:
    """The element after `stated`. SnapshotError when that does not narrow it."""
    for check in _CHECKS:
        check(id_, inherited, stated)
    kept: Resource = {key: inherited[key] for key in KEPT if key in inherited}
    narrowed: Resource = {**inherited, **stated, **kept}
    if "type" in narrowed:
        narrowed["type"] = types.narrowed(id_, inherited, stated, lineage)
        if not narrowed["type"] or "contentReference" in narrowed:
            del narrowed["type"]
    narrowed = _with_values(id_, inherited, narrowed, stated)
    if "slicing" in stated:
        narrowed["slicing"] = {**inherited.get("slicing", {}), **stated["slicing"]}
    if "binding" in stated:
        narrowed["binding"] = _binding(inherited.get("binding", {}), stated["binding"])
    if "constraint" in stated:
        narrowed["constraint"] = _constraints(inherited, stated, source)
    for key in ("mustSupport", "isModifier"):
        if inherited.get(key):
            narrowed[key] = True
    return _with_notes(narrowed, inherited, stated)


def _binding(inherited: Resource, stated: Resource) -> Resource:
    """What is noted of a value set goes with it."""
    if "valueSet" not in stated:
        return {**inherited, **stated}
    return {**{key: inherited[key] for key in ("strength",) if key in inherited}, **stated}


def _constraints(inherited: Resource, stated: Resource, source: str) -> list[Resource]:
    ours = [{**constraint, "source": source} for constraint in stated["constraint"]]
    keys = {constraint["key"] for constraint in ours}
    return [*(c for c in inherited.get("constraint", ()) if c["key"] not in keys), *ours]


def _with_notes(narrowed: Resource, inherited: Resource, stated: Resource) -> Resource:
    """The extensions that it had, where they are inherited and not said anew, and its own."""
    said = {extension["url"] for extension in stated.get("extension", ())}
    before = [e for e in inherited.get("extension", ()) if e["url"] not in said]
    extensions = [*before, *stated.get("extension", ())]
    return {**narrowed, "extension": extensions} if extensions else _without(narrowed, "extension")


def _without(element: Resource, key: str) -> Resource:
    return {name: value for name, value in element.items() if name != key}


# --- what would widen --------------------------------------------------------------------------------------------------


def number(maximum: str) -> float:
    return float("inf") if maximum == "*" else int(maximum)


def _check_cardinality(id_: str, inherited: Resource, stated: Resource) -> None:
    least, most = int({**inherited, **stated}["min"]), str({**inherited, **stated}["max"])
    if least < inherited["min"]:
        raise SnapshotError(id_, "min-below")
    if number(most) > number(inherited["max"]):
        raise SnapshotError(id_, "max-above")
    if least > number(most):
        raise SnapshotError(id_, "min-above-max")


def _check_binding(id_: str, inherited: Resource, stated: Resource) -> None:
    before = inherited.get("binding", {}).get("strength", STRENGTHS[0])
    after = stated.get("binding", {}).get("strength", before)
    if STRENGTHS.index(after) < STRENGTHS.index(before):
        raise SnapshotError(id_, "binding-weaker")


def _check_flags(id_: str, inherited: Resource, stated: Resource) -> None:
    """Only an extension may say of itself that it is a modifier: elsewhere R4 has decided."""
    if stated.get("isModifier") and not inherited.get("isModifier") and id_ != "Extension":
        raise SnapshotError(id_, "modifier")


def _check_slicing(id_: str, inherited: Resource, stated: Resource) -> None:
    before, after = inherited.get("slicing"), stated.get("slicing")
    if before is None or after is None:
        return
    rules = [one.get("rules", RULES[0]) for one in (before, {**before, **after})]
    if RULES.index(rules[1]) < RULES.index(rules[0]) or (before.get("ordered") and not after.get("ordered", True)):
        raise SnapshotError(id_, "slicing-looser")
    if "discriminator" in after and any(one not in after["discriminator"] for one in before.get("discriminator", ())):
        raise SnapshotError(id_, "slicing-other")


def _check_range(id_: str, inherited: Resource, stated: Resource) -> None:
    """As far as the bounds are numbers: of two dates of different precision, neither is always the earlier."""
    for name, sign in (("minValue", -1), ("maxValue", 1), ("maxLength", 1)):
        before, after = _bound(inherited, name), _bound(stated, name)
        if before is not None and after is not None and sign * after > sign * before:
            raise SnapshotError(id_, "range")


def _bound(element: Resource, name: str) -> float | None:
    found = next((value for key, value in element.items() if key.startswith(name)), None)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


_CHECKS: Final[tuple[Callable[[str, Resource, Resource], None], ...]] = (
    _check_cardinality,
    _check_binding,
    _check_flags,
    _check_slicing,
    _check_range,
)


# --- fixed values and patterns -----------------------------------------------------------------------------------------


def _values(element: Resource) -> Iterator[tuple[str, str, Any]]:
    """(fixed or pattern, type, value)"""
    for key, value in element.items():
        for kind in ("fixed", "pattern"):
            if key.startswith(kind) and key[len(kind) :][:1].isupper():
                yield kind, key[len(kind) :], value


def _with_values(id_: str, inherited: Resource, narrowed: Resource, stated: Resource) -> Resource:
    """A value once fixed stays, and a pattern may only ask for more; its type is one that the element may have."""
    said = list(_values(stated))
    allowed = {code[:1].upper() + code[1:] for code in map(types.code_of, narrowed.get("type", ()))}
    if any(allowed and type_ not in allowed for _, type_, _ in said):
        raise SnapshotError(id_, "value-type")
    if len(said) > 1:
        raise SnapshotError(id_, "value-twice")
    for kind, type_, before in _values(inherited) if said else ():
        if not (said[0] == (kind, type_, before) if kind == "fixed" else holds(before, said[0][2])):
            raise SnapshotError(id_, "value-other")
        if said[0][:2] != (kind, type_):
            narrowed = _without(narrowed, kind + type_)
    return narrowed


def holds(pattern: Any, value: Any) -> bool:
    """Whether `value` contains at least the pattern."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and holds(one, value[key]) for key, one in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(holds(one, other) for other in value) for one in pattern)
    return type(pattern) is type(value) and bool(pattern == value)
