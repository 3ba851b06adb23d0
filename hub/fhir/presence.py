"""Which elements of its profile a resource holds, as deep as their data classes differ.

Element ids with their slices, https://hl7.org/fhir/R4/elementdefinition.html#id: `Patient.identifier:survivor-code`. What was
masked is not there.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile
from hub.fhir.masking import MASKED

_OF_EVERY_RESOURCE = frozenset({"id", "meta"})


def present(resource: Resource) -> Iterator[tuple[Profile, Element]]:
    """Each element once, in the order of the profile. A resource that no profile describes holds none that can be named."""
    profile = load().profile_of(resource)
    if profile is not None:
        found = {one.id: one for one in _below(profile, profile.element(profile.type), resource)}
        yield from ((profile, one) for one in found.values())


def _below(profile: Profile, element: Element, node: Any) -> Iterator[Element]:
    is_root = element.id == profile.type
    if not isinstance(node, dict) or not (is_root or _is_mixed(profile, element.id)):
        yield element
        return
    for child, item in _children(profile, element, node):
        if not (is_root and child.name in _OF_EVERY_RESOURCE):
            yield from _below(profile, _slice(profile, child, item), item)


@cache
def _is_mixed(profile: Profile, id_: str) -> bool:
    """Whether something below an element is of another data class than the element itself."""
    own = profile.element(id_).data_class
    return any(one.data_class != own for below, one in profile.elements.items() if below.startswith(f"{id_}."))


def _children(profile: Profile, element: Element, node: Resource) -> Iterator[tuple[Element, Any]]:
    for child in profile.children(element.id):
        for name, type_ in child.json_names.items():
            found = node.get(name, [])
            for item in found if isinstance(found, list) else [found]:
                if item != MASKED:
                    yield profile.as_type(child, type_), item


def _slice(profile: Profile, element: Element, item: Any) -> Element:
    if element.is_choice or element.slice_name or not isinstance(item, dict):
        return element
    value = item.get(profile.discriminator(element.id))
    return next((one for one in profile.slices(element.id) if value and _marks(profile.mark(one.id), value)), element)


def _marks(mark: Any, value: Any) -> bool:
    """Whether a value of the discriminator is that of a slice: a url or code, or a concept with one of its codings."""
    if not isinstance(mark, dict) or not isinstance(value, dict):
        return bool(mark == value)
    meant = {(one.get("system"), one.get("code")) for one in mark.get("coding", (mark,))}
    return any((one.get("system"), one.get("code")) in meant for one in value.get("coding", (value,)))
