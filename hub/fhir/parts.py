"""A resource's text parted by data class, so that what is encrypted can be kept apart, and put together again to the byte.

Which element belongs to which class is written in the profiles, as for masking; what no profile knows belongs to the class of
the element that holds it, and what nobody described, to the custodian alone. The parts are cut out of the text itself: to put
them back is to insert them where their places are marked, so orders and decimals are as they were. An element goes with its
name, unless the profile says that it must be there, so that what is left does not tell what there is.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
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
_TEXT: Final = (str, type(None))
_PLACE: Final = re.compile("([\x01\x02])([a-z-]+)\x03")
_ITEM_PLACE: Final = re.compile("\x01[a-z-]+\x03")
_VALUE_PLACE: Final = re.compile("\x02[a-z-]+\x03")


@dataclass(frozen=True)
class Parted:
    """`open`: the text with a mark at each place that something was taken from. `parts`: data class → what was taken."""

    open: str
    parts: Mapping[str, str]


def part(resource: Resource, profile: Profile | None, whole: Callable[[], str] | None = None) -> Parted:
    """By its profile. `join` of the result is `dumps(resource)`, or what `whole` gives in its place."""
    plan = _compiled(profile.name) if profile else _UNDESCRIBED
    if not isinstance(plan, _Object) or (plan.rest == OPEN and plan.closed.isdisjoint(resource)):
        return Parted(whole() if whole else dumps(resource), {})
    taken: dict[str, list[str]] = {}
    text = _object(plan, resource, taken)
    return Parted(text, {name: _AND.join(pieces) for name, pieces in taken.items()})


def join(open_: str, parts: Mapping[str, str]) -> str:
    """The text again; of a class that is not among `parts`, without its elements, or with `null` where one must be."""
    if not parts:
        return _VALUE_PLACE.sub("null", _ITEM_PLACE.sub("", open_)) if _END in open_ else open_
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

    @cached_property
    def closed(self) -> frozenset[str]:
        """Properties of which at least something may be taken out."""
        return frozenset(name for name, plan in self.properties.items() if plan != OPEN)


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


class _Cut:
    """An object or a list as text, with marks in it. Neighbours of one class are one piece."""

    __slots__ = ("first", "out", "taken")

    def __init__(self, taken: dict[str, list[str]]) -> None:
        self.taken = taken
        self.out: list[str] = []
        self.first = True

    def put(self, text: str) -> None:
        self.out.append(text if self.first else f",{text}")
        self.first = False

    def take(self, class_: str, text: str) -> None:
        """Something without a name, or the name with it: but the first one always leaves a place behind."""
        if self.first:
            self.take_value(class_, "", text)
        else:
            self.taken.setdefault(class_, []).append(f",{text}")
            self.out.append(f"{_ITEM}{class_}{_END}")

    def take_value(self, class_: str, name: str, text: str) -> None:
        """The name stays."""
        self.taken.setdefault(class_, []).append(text)
        self.put(f"{name}{_VALUE}{class_}{_END}")


def _object(plan: _Object, node: Resource, taken: dict[str, list[str]]) -> str:
    cut, plan_of, rest = _Cut(taken), plan.properties.get, plan.rest
    run: Resource = {}
    class_ = OPEN
    for name, value in node.items():
        found = plan_of(name, rest)
        if found.__class__ is not str:
            found = _settle(found, value)
        if run and found != class_:
            _put(cut, class_, run, plan.must)
            run = {}
        if found.__class__ is str:
            class_, run[name] = found, value
        else:
            class_ = OPEN
            cut.put(f'"{name}":{_mixed(found, value, taken)}')  # a name that a profile knows
    if run:
        _put(cut, class_, run, plan.must)
    return f"{{{''.join(cut.out)}}}"


def _put(cut: _Cut, class_: str, run: Resource, must: frozenset[str]) -> None:
    if class_ == OPEN:
        cut.put(dumps(run)[1:-1])
    elif not cut.first and must.isdisjoint(run):
        cut.take(class_, dumps(run)[1:-1])
    else:
        _put_with_names(cut, class_, run, must)


def _put_with_names(cut: _Cut, class_: str, run: Resource, must: frozenset[str]) -> None:
    """Of what must be there, and of what comes first, the name stays; neighbours between them are one piece."""
    hidden: Resource = {}
    for name, value in run.items():
        if name not in must and not cut.first:
            hidden[name] = value
            continue
        if hidden:
            cut.take(class_, dumps(hidden)[1:-1])
            hidden = {}
        cut.take_value(class_, f"{dumps(name)}:", dumps(value))  # type: ignore[arg-type]  # any JSON can be written
    if hidden:
        cut.take(class_, dumps(hidden)[1:-1])


def _mixed(settled: Any, node: Any, taken: dict[str, list[str]]) -> str:
    if settled.__class__ is _Object:
        return _object(settled, node, taken)
    cut = _Cut(taken)
    for found, item in zip(settled, node, strict=True):
        if found.__class__ is not str:
            cut.put(_mixed(found, item, taken))
        elif found == OPEN:
            cut.put(dumps(item))
        else:
            cut.take(found, dumps(item))
    return f"[{''.join(cut.out)}]"


def _settle(plan: Any, node: Any) -> Any:
    """The class that all of a value belongs to; where there are several, its plan, of a list item by item."""
    if isinstance(node, list):
        settled = [_settle(plan, item) for item in node]
        return settled[0] if _is_one_class(settled) else settled
    if not isinstance(node, dict):  # an object is expected here: what this is, nobody knows
        return plan if isinstance(plan, str) else CUSTODIAN
    chosen = _choose(plan, node) if plan.__class__ is _Slices else plan
    if chosen.__class__ is not _Object:
        return chosen
    plan_of, rest = chosen.properties.get, chosen.rest
    plans = [plan_of(name, rest) for name in node]
    return plans[0] if _is_one_class(plans) else chosen


def _is_one_class(plans: list[Any]) -> bool:
    return bool(plans) and plans[0].__class__ is str and plans.count(plans[0]) == len(plans)


def _choose(plan: _Slices, node: Resource) -> _Plan:
    value = node.get(plan.key)
    if isinstance(value, str):
        return plan.plans.get(value, plan.otherwise)
    if not isinstance(value, dict):
        return plan.otherwise
    found = [plan.plans[pair] for coding in value.get("coding", (value,)) if (pair := _pair(coding)) in plan.plans]
    if not found:
        return plan.otherwise
    return found[0] if all(one == found[0] for one in found) else CUSTODIAN


def _pair(coding: Any) -> Any:
    if not isinstance(coding, dict):
        return None
    system, code = coding.get("system"), coding.get("code")
    return (system, code) if isinstance(system, _TEXT) and isinstance(code, _TEXT) else None
