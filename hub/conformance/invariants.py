"""The invariants of a profile: FHIRPath expressions that must be true. Few, as each costs more than the whole JSON Schema.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, cast

import fhirpathpy
from fhirpathpy.models import models

from hub.conformance.examination.native import not_after
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.definitions import Constraint, Element, Profile
from hub.fhir.issues import Issue
from hub.fhir.serial import dumps, loads

REMEMBERED: Final = 8192
Step = tuple[str, str | None]
"""A name, and for an extension its url."""


def in_order(period: Any) -> bool:
    """What `period-order` says: no period ends before it begins."""
    start, end = period.get("start"), period.get("end")
    return not (isinstance(start, str) and isinstance(end, str)) or not_after(start, end)


def modified_after(task: Any) -> bool:
    """inv-1 of Task: it was not modified before it was made."""
    last, first = task.get("lastModified"), task.get("authoredOn")
    return not (isinstance(last, str) and isinstance(first, str)) or not_after(first, last)


def is_known(survivor: Any) -> bool:
    """What `survivor-known` says: among her identifiers is a code of her keeper's, or a number that the hub gave."""
    listed = survivor.get("identifier")
    return isinstance(listed, list) and any(isinstance(one, dict) and one.get("system") in _KNOWN for one in listed)


def follows_a_policy(consent: Any) -> bool:
    """What `policy-given` says: a consent names the policy that it answers, or the rule that it follows."""
    return bool(consent.get("policy") or consent.get("policyRule"))


_KNOWN: Final = (identifier_system("survivor-code"), identifier_system("pseudonym"))
_ONE_OF: Final = " or ".join(f"system = '{system}'" for system in _KNOWN)
IN_PYTHON: Final = {
    "start.empty() or end.empty() or (start.toDateTime() > end.toDateTime()).allFalse()": in_order,
    f"identifier.where({_ONE_OF}).exists()": is_known,
    "policy.exists() or policyRule.exists()": follows_a_policy,
}
"""Asked of nearly every resource, and answered here a hundred times faster than by FHIRPath; a test holds both together."""
OF_R4: Final[dict[str, tuple[tuple[str, Callable[[Any], bool]], ...]]] = {"Task": (("rule-inv-1", modified_after),)}
"""Invariants of R4 itself on whole resources that the JSON Schema cannot say and a closed profile leaves to be said."""


@dataclass(frozen=True)
class Invariant:
    """One expression, compiled. It holds when every result is true, or when there is none."""

    key: str
    type: str
    steps: tuple[Step, ...]
    holds: Callable[[Any], bool]

    def check(self, resource: Resource) -> tuple[Issue, ...]:
        found: list[Any] = []
        self.reach(resource, found)
        return () if all(map(self.holds, found)) else tuple(self._broken(resource))

    def _broken(self, resource: Resource) -> Iterator[Issue]:
        for node, path in _nodes(resource, self.type, self.steps):
            if not self.holds(node):
                yield Issue("error", "invariant", f"conformance.{self.key}", path, params={"element": path})

    @cached_property
    def reach(self) -> "Reach":
        return _reach(self.steps)


def invariants(profile: Profile) -> tuple[Invariant, ...]:
    """The profile's own; those of R4 are in the JSON Schema, as far as a closed profile leaves them anything to say, or here."""
    own = (
        Invariant(constraint.key, profile.type, tuple(_steps(profile, element)), _compile(constraint, element, profile))
        for element, constraint in profile.constraints
    )
    return (*own, *(Invariant(key, profile.type, (), holds) for key, holds in OF_R4.get(profile.type, ())))


def _steps(profile: Profile, element: Element) -> Iterator[Step]:
    parts = element.id.split(".")
    for depth in range(2, len(parts) + 1):
        ancestor = profile.element(".".join(parts[:depth]))
        yield next(iter(ancestor.json_names)), ancestor.extension_url  # of a choice, the one type that is left


def _compile(constraint: Constraint, element: Element, profile: Profile) -> Callable[[Any], bool]:
    """Parts of resources repeat (the period of a consent, an age): their answers are remembered. Whole resources do not."""
    if constraint.expression in IN_PYTHON:
        return IN_PYTHON[constraint.expression]
    evaluate = cast("Callable[[Any], list[Any]]", fhirpathpy.compile(constraint.expression, models["r4"]))

    def holds(node: Any) -> bool:
        return all(result is True for result in evaluate(node))

    if element.id == profile.type:
        return holds
    remembered = lru_cache(maxsize=REMEMBERED)(lambda written: holds(loads(written)))
    return lambda node: remembered(dumps(node))


Reach = Callable[[Any, list[Any]], None]
"""Adds the nodes that steps lead to: without their paths, which only a broken invariant needs."""


def _reach(steps: tuple[Step, ...]) -> Reach:
    if not steps:
        return lambda node, found: found.append(node)
    (name, url), below = steps[0], _reach(steps[1:])

    def reach(node: Any, found: list[Any]) -> None:
        value = node.get(name)
        if type(value) is list:
            for item in value:
                if url is None or item.get("url") == url:
                    below(item, found)
        elif value is not None:
            below(value, found)

    return reach


def _nodes(node: Any, path: str, steps: tuple[Step, ...]) -> Iterator[tuple[Any, str]]:
    """The nodes that the steps lead to, each with its FHIRPath."""
    if not steps:
        yield node, path
        return
    (name, url), rest = steps[0], steps[1:]
    below = node.get(name)
    if isinstance(below, list):
        for number, item in enumerate(below):
            if url is None or item.get("url") == url:
                yield from _nodes(item, f"{path}.{name}[{number}]", rest)
    elif below is not None:
        yield from _nodes(below, f"{path}.{name}", rest)
