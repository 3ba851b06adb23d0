"""A profile as the mapping engine walks it: from a path of the mapping format to the JSON that the path means.

A path is element names joined by dots; `[name]` picks a slice or an extension by its name in the profile; `value` is
`value[x]` with the one type the profile leaves: `telecom.extension[safe-to-call].value`. Where it leaves several, the name in
JSON says which: `payload.contentString`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.fhir.canonicals import value_set
from hub.fhir.definitions import Definitions, Element, Profile
from hub.mapping.model import Code

_STEP: Final = re.compile(r"([A-Za-z]+)(?:\[([A-Za-z0-9-]+)\])?")
_MEANT: Final = {value_set("need-intent"): "order"}
"""What a record means where its mapping says nothing, by the value set to choose from: a need is its association's own
request; only an intermediary passes one on, and says so."""


@dataclass(frozen=True)
class Slot:
    """One step of a resolved path."""

    key: str  # the JSON property
    path: str  # as messages name it, `Patient.telecom.value`
    type: str  # empty: a choice that the profile leaves open
    id: str  # of the element in its profile
    is_list: bool = False
    minimum: int = 0
    data_class: str = ""
    codes: frozenset[Code] | None = None  # what a coded element may hold; None: anything
    marks: Mapping[str, Any] = field(default_factory=dict)  # what tells this slice from others


class UnknownPath(KeyError):  # noqa: N818 — what it is
    """The profile has no such element, or prohibits it; the text names the step that fails."""


def steps(path: str) -> list[tuple[str, str]]:
    """`identifier[cin].value` as [("identifier", "cin"), ("value", "")]."""
    found = []
    for piece in path.split("."):
        match = _STEP.fullmatch(piece)
        if not match:
            raise UnknownPath(piece)
        found.append((match[1], match[2] or ""))
    return found


class Schema:
    """The elements of one profile, those of its extensions included."""

    def __init__(self, profile: Profile, definitions: Definitions) -> None:
        self._profile = profile
        self._definitions = definitions
        self.root = Slot(profile.type, profile.type, profile.type, data_class=profile.base_class, id=profile.type)

    def child(self, parent: Slot, name: str, slice_name: str = "") -> Slot:
        """The slot one step further. Raises UnknownPath."""
        element = self._element(parent, name, slice_name)
        return Slot(
            key=_key(element),
            path=f"{parent.path}.{element.name.removesuffix('[x]')}",
            type=element.types[0] if len(element.types) == 1 else "",
            id=element.id,
            is_list=element.is_list,
            minimum=element.min,
            data_class=element.data_class,
            codes=self._codes(element),
            marks=self._marks(element) if slice_name else {},
        )

    def constants(self, slot: Slot) -> dict[str, Any]:
        """What the profile fixes directly below an element: it is written whenever the element is."""
        found: dict[str, Any] = dict(slot.marks)
        for child in self._profile.children(slot.id):
            value = _given(child)
            if value is not None and child.min:
                found[_key(child)] = [value] if child.is_list else value
        return found

    def required(self, slot: Slot) -> Iterator[tuple[str, str]]:
        """Names (and slices) of the children that must be there and that the profile does not give itself."""
        for child in self._profile.children(slot.id):
            name = child.name.removesuffix("[x]")
            slices = [one for one in self._profile.slices(child.id) if one.min]
            for one in slices:
                yield name, one.slice_name or ""
            if child.min and not slices and _given(child) is None:
                yield name, ""

    def _element(self, parent: Slot, name: str, slice_name: str) -> Element:
        for spelled in (f"{parent.id}.{name}", f"{parent.id}.{name}[x]"):
            try:
                plain = self._profile.element(spelled)
            except KeyError:
                continue
            if plain.max == 0:
                raise UnknownPath(name)
            if not slice_name:
                return plain
            for one in self._profile.slices(spelled):
                if one.slice_name == slice_name:
                    return one
            raise UnknownPath(f"{name}[{slice_name}]")
        return self._chosen(parent, name)

    def _chosen(self, parent: Slot, name: str) -> Element:
        """One type of a choice that the profile leaves open."""
        for one in self._profile.children(parent.id):
            if one.is_choice and one.max != 0 and name in one.json_names:
                type_ = one.json_names[name]
                return replace(self._profile.as_type(one, type_), types=(type_,))
        raise UnknownPath(name)

    def _marks(self, slice_: Element) -> dict[str, Any]:
        found = dict(slice_.pattern) if isinstance(slice_.pattern, dict) else {}
        for child in self._profile.children(slice_.id):
            value = child.pattern if child.fixed is None else child.fixed
            if value is not None:
                found[_key(child)] = [value] if child.is_list else value
        return found

    def _codes(self, element: Element) -> frozenset[Code] | None:
        """What the element may hold, by a required binding of its own or of its `coding`."""
        bound = [element]
        if element.types == ("CodeableConcept",):
            bound.append(self._profile.element(f"{element.id}.coding"))
        for one in bound:
            if one.binding and one.strength == "required" and self._definitions.has_value_set(one.binding):
                return frozenset(Code(*pair) for pair in self._definitions.value_set(one.binding).codes)
        return None


def _given(element: Element) -> Any:
    """The value that an element has without being told."""
    value = element.pattern if element.fixed is None else element.fixed
    return _MEANT.get(element.binding or "") if value is None else value


def _key(element: Element) -> str:
    """The JSON name: `valueCode` for a `value[x]` that is a code."""
    return next(iter(element.json_names))
