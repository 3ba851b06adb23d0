"""Security labels by rule: what a resource is marked with follows from the data classes of what stands in it.

https://hl7.org/fhir/R4/security-labels.html. One confidentiality, the highest of the classes present (the high-water mark of
http://hl7.org/fhir/uv/security-label-ds4p); their sensitivities; NORDSCLCD on all that concerns a survivor: not to be passed on
without a consent that says so. Labels that a keeper adds may raise the mark, never lower it. Of a resource that no profile
describes nothing is known: it is very restricted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.data_classes import CONFIDENTIALITY, SENSITIVITY, data_classes
from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile
from hub.fhir.masking import MASKED, REDACTED

ORDER: Final = ("U", "L", "M", "N", "R", "V")
HANDLING: Final = {"system": SENSITIVITY, "code": "NORDSCLCD"}
OF_A_SURVIVOR: Final = "SDV"
CUSTODIAN: Final = "custodian"
Label = Mapping[str, Any]

_FIRST: Final[tuple[str, ...]] = ("resourceType", "id")
_HEAD: Final = frozenset({*_FIRST, "meta"})


def labelled(resource: Resource, before: Resource | None = None) -> Resource:
    """A resource as it is kept. `before`: the version that it follows, of whose labels those by rule are not the keeper's own.

    Where it came from (`meta.source`) is not kept: it could name a tool, and recipients see `meta`.
    """
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    written, found = meta.get("security", ()), labels(resource)
    if not written and "source" not in meta:
        return _with_meta(resource, {**meta, "security": list(found)})
    by_rule = labels(before) if written and before else ()
    own = [label for label in written if label not in by_rule]
    rest = {key: value for key, value in meta.items() if key not in {"security", "source"}}
    return _with_meta(resource, {**rest, "security": list(_raised(found, own) if own else found)})


def relabelled(view: Resource) -> Resource:
    """A part of a resource with the labels of what it holds. What was cut out, or what its keeper added to the labels for the
    sake of that, cannot be told from them."""
    return _with_meta(view, {**view.get("meta", {}), "security": [*labels(view), REDACTED]})


def labels(resource: Resource) -> tuple[Label, ...]:
    """By rule alone."""
    profile = load().profile_of(resource)
    return _of(present(resource), profile.name if profile else "")


def present(resource: Resource) -> frozenset[str]:
    """The data classes of what stands in it; none where no profile describes it."""
    profile = load().profile_of(resource)
    if profile is None:
        return frozenset()
    found: set[str] = {profile.base_class}
    plan = _compiled(profile.name)
    if isinstance(plan, _Object):
        _gather_below(plan, {key: value for key, value in resource.items() if key not in _HEAD}, found)
    return frozenset(found)


@cache
def _of(classes: frozenset[str], profile: str) -> tuple[Label, ...]:
    known = [data_classes()[name] for name in sorted(classes) if name in data_classes()]
    by_class = [label for one in known for label in one.labels] or [{"system": CONFIDENTIALITY, "code": "V"}]
    demanded = list(_demanded(load().profile(profile))) if profile else []
    handling = [HANDLING] if not known or any(OF_A_SURVIVOR in one.sensitivity for one in known) else []
    return tuple(_raised(by_class, [*demanded, *handling]))


def _demanded(profile: Profile) -> Iterator[Label]:
    """What a profile itself wants, as of a place whose address is withheld."""
    for one in profile.slices(f"{profile.type}.meta.security"):
        system, code = (profile.element(f"{one.id}.{name}").fixed for name in ("system", "code"))
        if one.min and system and code:
            yield {"system": system, "code": code}


def _raised(by_rule: Iterable[Label], more: Iterable[Label]) -> Iterator[Label]:
    """One confidentiality, the highest; everything else once, in its order."""
    every = [*by_rule, *more]
    highest = max((ORDER.index(one["code"]) for one in every if _is_confidentiality(one)), default=len(ORDER) - 1)
    yield {"system": CONFIDENTIALITY, "code": ORDER[highest]}
    told: list[Label] = []
    for one in every:
        if not _is_confidentiality(one) and one not in told:
            told.append(one)
            yield one


def _is_confidentiality(label: Label) -> bool:
    return label.get("system") == CONFIDENTIALITY and label.get("code") in ORDER


def _with_meta(resource: Resource, meta: Resource) -> Resource:
    if "meta" in resource:
        return {**resource, "meta": meta}
    head: Resource = {key: resource[key] for key in _FIRST if key in resource}
    return {**head, "meta": meta, **resource}


# --- which classes are present: compiled once a profile, as the cut is --------------------------------------------------


_Mark = str | tuple[str | None, str]


@dataclass(frozen=True)
class _Object:
    """`own`: the class of what the profile does not name."""

    properties: Mapping[str, "_Plan"]
    own: str


@dataclass(frozen=True)
class _Slices:
    """`kinds`: mark → plan. An item of no kind is read as an unsliced one."""

    key: str
    kinds: Mapping[_Mark, "_Plan"]
    otherwise: "_Plan"


_Plan = str | _Object | _Slices
"""A string: everything here is of this class."""


@cache
def _compiled(profile_name: str) -> _Plan:
    profile = load().profile(profile_name)
    return _object(profile, profile.element(profile.type))


def _plan(profile: Profile, element: Element) -> _Plan:
    unsliced = _object(profile, element)
    slices = () if element.is_choice else profile.slices(element.id)
    kinds = {mark: _object(profile, one) for one in slices for mark in _marks(profile.mark(one.id))}
    if all(plan == unsliced for plan in kinds.values()):
        return unsliced
    return _Slices(profile.discriminator(element.id), kinds, unsliced)


def _object(profile: Profile, element: Element) -> _Plan:
    own = element.data_class
    if not profile.reaches_below(element.id) and element.id != profile.type:
        return own
    properties: dict[str, _Plan] = {}
    for child in profile.children(element.id):
        for name, type_ in child.json_names.items() if child.max != 0 else ():
            properties[name] = properties[f"_{name}"] = _plan(profile, profile.as_type(child, type_))
    return own if all(plan == own for plan in properties.values()) else _Object(properties, own)


def _gather(plan: _Plan, node: Any, found: set[str]) -> None:
    """Add the classes of what stands in a value. What was masked is not there."""
    if isinstance(plan, str):
        if not _is_masked(node):
            found.add(plan)
    elif isinstance(node, list):
        for item in node:
            _gather(plan, item, found)
    elif node == MASKED:
        return
    elif not isinstance(node, dict):
        found.add(plan.own if isinstance(plan, _Object) else CUSTODIAN)
    elif isinstance(plan, _Object):
        _gather_below(plan, node, found)
    else:
        for kind in _kinds(plan, node):
            _gather(kind, node, found)


def _gather_below(plan: _Object, node: Resource, found: set[str]) -> None:
    """Most properties are of a class that was found before them."""
    plan_of, own = plan.properties.get, plan.own
    for key, value in node.items():
        below = plan_of(key, own)
        if below.__class__ is not str or below not in found:
            _gather(below, value, found)


def _is_masked(node: Any) -> bool:
    """Also a list of which nothing is left but that."""
    return all(item == MASKED for item in node) if isinstance(node, list) else bool(node == MASKED)


def _kinds(plan: _Slices, node: Resource) -> list[_Plan]:
    """Of an item of several kinds all of them."""
    value = node.get(plan.key)
    given = value.get("coding", (value,)) if isinstance(value, dict) else (value,)
    marks = (_mark(one) for one in given)
    return [plan.kinds[mark] for mark in marks if mark in plan.kinds] or [plan.otherwise]


def _mark(value: Any) -> _Mark:
    """A url or a code, or a coding's system and code; "" for anything else."""
    if not isinstance(value, dict):
        return value if isinstance(value, str) else ""
    system, code = value.get("system"), value.get("code")
    if isinstance(code, str) and (system is None or isinstance(system, str)):
        return system, code
    return ""


def _marks(mark: Any) -> Iterator[_Mark]:
    """What makes an item one of a slice."""
    yield from map(_mark, mark.get("coding", (mark,)) if isinstance(mark, dict) else (mark,))
