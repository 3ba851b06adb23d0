"""A resource's text parted by data class, so that what is encrypted can be kept apart, and put together again to the byte.

Which element belongs to which class is written in the profiles, as for masking; what no profile knows belongs to the class of
the element that holds it, and what nobody described, to the custodian alone. The parts are cut out of the text itself: to put
them back is to insert them where their places are marked, so orders and decimals are as they were. An element goes with its
name, unless the profile says that it must be there, so that what is left does not tell what there is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.data_classes import encrypted
from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile
from hub.fhir.masking import ALWAYS_KEPT, marks, must_be_there
from hub.fhir.serial import dumps

CUSTODIAN: Final = "custodian"
OPEN: Final = ""
"""The class of what stays where it is."""

# characters that JSON writes as escapes, so no text of a resource holds them
_ITEM, _VALUE, _END, _AND = "\x01", "\x02", "\x03", "\x04"
_PLACE: Final = re.compile("([\x01\x02])([a-z-]+)\x03")


@dataclass(frozen=True)
class Parted:
    """`open`: the text with a mark at each place that something was taken from. `parts`: data class → what was taken."""

    open: str
    parts: Mapping[str, str]


def part(resource: Resource) -> Parted:
    """`join` of the result is `dumps(resource)`."""
    profile = load().profile_of(resource)
    plan = _compiled(profile.name) if profile else _UNDESCRIBED
    if plan == OPEN:
        return Parted(dumps(resource), {})
    taken: dict[str, list[str]] = {}
    text = _object(plan, resource, taken) if isinstance(plan, _Object) else dumps(resource)
    return Parted(text, {name: _AND.join(pieces) for name, pieces in taken.items()})


def join(open_: str, parts: Mapping[str, str]) -> str:
    """The text again; of a class that is not among `parts`, without its elements, or with `null` where one must be."""
    pieces = {name: iter(text.split(_AND)) for name, text in parts.items()}

    def put(place: re.Match[str]) -> str:
        found = pieces.get(place[2])
        return next(found) if found else "null" if place[1] == _VALUE else ""

    return _PLACE.sub(put, open_)


# --- the plan: the class of each property, compiled once per profile ---------------------------------------------------


@dataclass(frozen=True)
class _Object:
    """`rest`: the class of properties that the profile does not know. `must`: those that are always there."""

    properties: "Mapping[str, _Plan]"
    rest: str
    must: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Slices:
    """What kind of item this is, by the value under `key`; one of several kinds that differ is for the custodian alone."""

    key: str
    plans: "Mapping[Any, _Plan]"
    otherwise: "_Plan"


_Plan = str | _Object | _Slices
"""A class: all of it belongs there."""

_UNDESCRIBED: Final = _Object(dict.fromkeys(ALWAYS_KEPT, OPEN), CUSTODIAN)


@cache
def taken_out(profile: Profile) -> frozenset[str]:
    """The classes that are kept apart: those to be encrypted, and what the custodian alone sees of a document that others see."""
    return encrypted() | ({CUSTODIAN} - {profile.base_class})


@cache
def _compiled(profile_name: str) -> _Plan:
    profile = load().profile(profile_name)
    if not profile.classes & taken_out(profile):
        return OPEN
    return _plan_of_object(profile, profile.element(profile.type))


def _plan(profile: Profile, element: Element) -> _Plan:
    unsliced = _plan_of_object(profile, element)
    slices = () if element.is_choice else profile.slices(element.id)
    kinds = [(one, CUSTODIAN if one.max == 0 else _plan_of_object(profile, one)) for one in slices]
    if all(plan == unsliced for _, plan in kinds):
        return unsliced
    plans = {mark: plan for one, plan in kinds for mark in marks(profile, one)}
    return _Slices(profile.discriminator(element.id), plans, unsliced)


def _plan_of_object(profile: Profile, element: Element) -> _Plan:
    own = element.data_class if element.data_class in taken_out(profile) else OPEN
    is_root = element.id == profile.type
    if not profile.reaches_below(element.id) and not is_root:
        return own
    properties: dict[str, _Plan] = {}
    prohibited: dict[str, _Plan] = {}
    must: set[str] = set()
    for child in profile.children(element.id):
        for name, type_ in child.json_names.items():
            plan = _plan(profile, profile.as_type(child, type_)) if child.max != 0 else own or CUSTODIAN
            (properties if child.max != 0 else prohibited).update({name: plan, f"_{name}": plan})
        if child.max != 0 and must_be_there(profile, child):
            must |= child.json_names.keys()
    if is_root:
        properties |= dict.fromkeys(ALWAYS_KEPT, OPEN)
    if all(plan == own for plan in properties.values()):
        return own
    return _Object(properties | prohibited, own, frozenset(must))


# --- carrying it out -------------------------------------------------------------------------------------------------

_Taken = dict[str, list[str]]


def _value(plan: _Plan, node: Any, taken: _Taken) -> str:
    """The text of a value whose plan is no class: with marks in it."""
    if isinstance(node, list):
        return f"[{''.join(_members(((None, _chosen(plan, item), item) for item in node), taken))}]"
    if isinstance(plan, _Object) and isinstance(node, dict):
        return _object(plan, node, taken)
    return dumps(node)


def _chosen(plan: _Plan, node: Any) -> _Plan:
    """The plan of one item; something that is not an object where one is expected is for the custodian alone."""
    if isinstance(plan, str) or isinstance(node, list):
        return plan
    if not isinstance(node, dict):
        return CUSTODIAN
    return _choose(plan, node) if isinstance(plan, _Slices) else plan


def _object(plan: _Object, node: Resource, taken: _Taken) -> str:
    properties, rest = plan.properties, plan.rest
    members = (
        (key, found if isinstance(found, str) or isinstance(value, list) else _chosen(found, value), value)
        for key, value in node.items()
        for found in (properties.get(key, rest),)
    )
    return f"{{{''.join(_members(members, taken, plan.must))}}}"


_Member = tuple[str | None, _Plan, Any]


def _members(members: Iterable[_Member], taken: _Taken, must: frozenset[str] = frozenset()) -> Iterator[str]:
    """The members of an object, or the items of a list, with their commas; neighbours of one class are one piece."""
    first = True
    for plan, group in groupby(members, _class_of):
        found = list(group)
        if plan == OPEN:
            yield ("" if first else ",") + _texts(found)
        elif plan is None:
            yield from _looked_into(found, taken, first)
        else:
            yield from _take(plan, found, taken, must, first)
        first = False


def _class_of(member: _Member) -> str | None:
    return member[1] if isinstance(member[1], str) else None


def _looked_into(members: list[_Member], taken: _Taken, first: bool) -> Iterator[str]:
    for key, plan, value in members:
        yield ("" if first else ",") + _name(key) + _value(plan, value, taken)
        first = False


def _take(class_: str, members: list[_Member], taken: _Taken, must: frozenset[str], first: bool) -> Iterator[str]:
    pieces = taken.setdefault(class_, [])
    for stays, group in groupby(members, lambda member: member[0] in must):
        found = list(group)
        while found and (stays or first):
            key, _, value = found.pop(0)
            pieces.append(dumps(value))
            yield f"{'' if first else ','}{_name(key)}{_VALUE}{class_}{_END}"
            first = False
        if found:
            pieces.append("," + _texts(found))
            yield f"{_ITEM}{class_}{_END}"


def _texts(members: list[_Member]) -> str:
    """Members without the brackets around them."""
    if members[0][0] is None:
        return dumps([value for _, _, value in members])[1:-1]  # type: ignore[arg-type]  # any JSON can be written
    return dumps({key: value for key, _, value in members})[1:-1]  # type: ignore[misc]  # members of an object have names


def _name(key: str | None) -> str:
    return "" if key is None else dumps(key) + ":"  # type: ignore[arg-type]


def _choose(plan: _Slices, node: Resource) -> _Plan:
    value = node.get(plan.key)
    if not isinstance(value, dict):
        return plan.plans.get(value, plan.otherwise) if isinstance(value, str) else plan.otherwise
    codings = [coding for coding in value.get("coding", (value,)) if isinstance(coding, dict)]
    pairs = [(coding.get("system"), coding.get("code")) for coding in codings]
    found = [plan.plans[pair] for pair in pairs if all(isinstance(one, str | None) for one in pair) and pair in plan.plans]
    if not found:
        return plan.otherwise
    return found[0] if all(one == found[0] for one in found) else CUSTODIAN

