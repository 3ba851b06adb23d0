"""A resource cut to the data classes that a caller may see. The heart of disclosure.

Which element belongs to which class is written in the profiles. What no profile knows belongs to the class of the element
that holds it, never to less. How a cut is marked: https://hl7.org/fhir/R4/security-labels.html (REDACTED),
https://hl7.org/fhir/R4/resource.html#simple-tags (SUBSETTED),
https://hl7.org/fhir/R4/extension-data-absent-reason.html (`masked`, in place of what must be there).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile

_OBSERVATION_VALUE: Final = f"{TERMINOLOGY}/v3-ObservationValue"
REDACTED: Final = {"system": _OBSERVATION_VALUE, "code": "REDACTED"}
SUBSETTED: Final = {"system": _OBSERVATION_VALUE, "code": "SUBSETTED"}
MASKED: Final = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
}
ALWAYS_KEPT: Final = ("resourceType", "id", "meta")
_META_KEPT: Final = ("versionId", "lastUpdated", "profile")


def redact(resource: Resource, allowed: frozenset[str]) -> tuple[Resource, bool]:
    """A copy without the elements of other classes, and whether it is marked as a part. Kept parts are shared, not copied.

    The mark says what the caller may not see, never whether there was any of it: that she has no address on record is as
    hidden as the address. A resource that no profile describes loses everything but its type, id and meta.
    """
    profile = load().profile_of(resource)
    cut = _compiled(profile.name, allowed) if profile else _Object(rest=False)
    if cut is True:
        return resource, False
    kept, _ = _apply(cut, {key: value for key, value in resource.items() if key not in ALWAYS_KEPT})
    head = {key: resource[key] for key in ALWAYS_KEPT if key in resource}
    return {**head, "meta": _marked(resource.get("meta", {})), **(kept or {})}, True


def _marked(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Labels and tags are about the whole, and go: `labels.relabelled` says those of the part."""
    kept = {key: meta[key] for key in _META_KEPT if key in meta}
    return {**kept, "security": [REDACTED], "tag": [SUBSETTED]}


# --- the plan: what to do with each property, compiled once per profile and set of classes ---------------------------


@dataclass(frozen=True)
class _Object:
    """Look into an object. `rest`: keep properties that the profile does not know. `must`: what to leave where a
    property was that must be there."""

    properties: Mapping[str, "_Plan"] = field(default_factory=dict)
    rest: bool = False
    must: Mapping[str, Resource] = field(default_factory=dict)


@dataclass(frozen=True)
class _Slices:
    """Look at what kind of item this is, by the value under `key`. An item of no kind, or of several, gets the strictest."""

    key: str
    plans: Mapping[Any, "_Plan"]
    otherwise: "_Plan"


_Plan = bool | _Object | _Slices
"""True: keep whole. False: take out."""


@lru_cache(maxsize=4096)
def _compiled(profile_name: str, allowed: frozenset[str]) -> _Plan:
    profile = load().profile(profile_name)
    return True if profile.classes <= allowed else _object(profile, profile.element(profile.type), allowed)


def _plan(profile: Profile, element: Element, allowed: frozenset[str]) -> _Plan:
    unsliced = _object(profile, element, allowed)
    slices = () if element.is_choice else profile.slices(element.id)
    kinds = [(one, one.max != 0 and _object(profile, one, allowed)) for one in slices]
    if all(plan is unsliced for _, plan in kinds):
        return unsliced
    plans = {mark: plan for one, plan in kinds for mark in marks(profile, one)}
    return _Slices(profile.discriminator(element.id), plans, unsliced)


def _object(profile: Profile, element: Element, allowed: frozenset[str]) -> _Plan:
    """Keep or take out whole where everything below shares the element's class, else look into it."""
    own = element.data_class in allowed
    if not profile.reaches_below(element.id) and element.id != profile.type:
        return own
    properties: dict[str, _Plan] = {}
    prohibited: dict[str, _Plan] = {}
    must: dict[str, Resource] = {}
    for child in profile.children(element.id):
        if child.max == 0:  # belongs to no class; where it is met all the same, it goes
            prohibited |= {spelled: False for name in child.json_names for spelled in (name, f"_{name}")}
            continue
        for name, type_ in child.json_names.items():
            plan = _plan(profile, profile.as_type(child, type_), allowed)
            properties[name] = properties[f"_{name}"] = plan
            if must_be_there(profile, child):
                must |= _placeholder(name, type_, child)
    if element.id == profile.type:
        properties |= dict.fromkeys(ALWAYS_KEPT, True)
    if all(plan is own for plan in properties.values()):
        return own
    return _Object(properties | prohibited, own, must)


def must_be_there(profile: Profile, element: Element) -> bool:
    return element.min > 0 or any(one.min > 0 for one in profile.slices(element.id))


def _placeholder(name: str, type_: str, element: Element) -> dict[str, Resource]:
    """What stands in for a mandatory property: beside a primitive (`_birthDate`), in place of anything else."""
    primitive = type_[:1].islower()
    return {name: {f"_{name}" if primitive else name: [MASKED] if element.is_list else MASKED}}


def marks(profile: Profile, one: Element) -> Iterator[Any]:
    """The values under the discriminator that make an item one of this slice: a url or code, or pairs of system and code."""
    mark = profile.mark(one.id)
    if isinstance(mark, str):
        yield mark
    else:
        for coding in mark.get("coding", (mark,)):
            yield coding.get("system"), coding.get("code")


# --- carrying it out -------------------------------------------------------------------------------------------------


def _apply(plan: _Plan, node: Any) -> tuple[Any, bool]:
    """What is left of a value (None: nothing), and whether anything was taken out."""
    if plan is True:
        return node, False
    if plan is False:
        return None, True
    if isinstance(node, list):
        return _apply_to_items(plan, node)
    if not isinstance(node, dict):  # the plan expects an object here: what this is, nobody knows
        return None, True
    return _apply_to_object(plan if isinstance(plan, _Object) else _choose(plan, node), node)


def _apply_to_items(plan: _Plan, items: list[Any]) -> tuple[list[Any] | None, bool]:
    kept: list[Any] = []
    removed = False
    for item in items:
        inner = _choose(plan, item) if isinstance(plan, _Slices) and isinstance(item, dict) else plan
        if inner is True:
            kept.append(item)
        elif inner is False:
            removed = True
        else:
            left, cut = _apply(inner, item)
            removed = removed or cut
            if left is not None:
                kept.append(left)
    return kept or None, removed


def _apply_to_object(plan: _Plan, node: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    if not isinstance(plan, _Object):
        return _apply(plan, node)
    kept: dict[str, Any] = {}
    removed = False
    for key, value in node.items():
        inner = plan.properties.get(key, plan.rest)
        if inner is True:  # the two that most properties have, without another call: pages of many are cut like this
            kept[key] = value
        elif inner is False:
            removed = True
        else:
            left, cut = _apply(inner, value)
            removed = removed or cut
            if left is not None:
                kept[key] = left
    if removed and plan.must:
        for key, placeholder in plan.must.items():
            if key in node and key not in kept:
                kept |= placeholder
    return kept or None, removed


def _choose(plan: _Slices, node: dict[str, Any]) -> _Plan:
    value = node.get(plan.key)
    if not isinstance(value, dict):
        return plan.plans.get(value, plan.otherwise) if isinstance(value, str) else plan.otherwise
    codings = value.get("coding")
    if not isinstance(codings, list):
        codings = (value,)
    if len(codings) == 1:  # as nearly everywhere
        one = _kind(plan, codings[0])
        return plan.otherwise if one is None else one
    found = [kind for kind in (_kind(plan, coding) for coding in codings) if kind is not None]
    if not found:
        return plan.otherwise
    return found[0] if all(one == found[0] for one in found) else False


def _kind(plan: _Slices, coding: Any) -> _Plan | None:
    """The plan of the kind that a coding names; None: it names none."""
    if not isinstance(coding, dict):
        return None
    system, code = coding.get("system"), coding.get("code")
    if isinstance(code, str) and (system is None or isinstance(system, str)):
        return plan.plans.get((system, code))
    return None
