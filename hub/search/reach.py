"""Which elements of a profile a path reads, and so which data classes; and whether a profile permits it at all.

An element counts with its slices and with everything below it, since a whole name or address is compared. A profile is closed:
an extension that it does not name is not permitted, and would belong to the class of what it extends.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile
from hub.fhir.r4 import tables
from hub.search.paths import Path, Step


@cache
def elements(profile: Profile, path: Path) -> tuple[Element, ...]:
    """What the path leads to, slices included, prohibited or not; where an extension is not named, what it would extend."""
    found, ends = [profile.element(profile.type)], list[Element]()
    for step in path.steps:
        below = [(parent, _below(profile, parent, step)) for parent in found]
        ends += [parent for parent, inner in below if not inner]
        found = [one for _, inner in below for one in inner]
    return tuple({one.id: one for one in (*found, *ends)}.values())


@cache
def permitted(profile: Profile, path: Path) -> tuple[Element, ...]:
    """The same, without what the profile prohibits."""
    found = [profile.element(profile.type)]
    for step in path.steps:
        below = (one for parent in found for one in _below(profile, parent, step))
        found = [one for one in below if one.max != 0 and (not one.is_choice or step.type in one.types)]
    return tuple({one.id: one for one in found}.values())


def classes_of(profile: Profile, paths: Iterable[Path]) -> frozenset[str]:
    """The data classes of all that these paths read."""
    return frozenset(one.data_class for path in paths for one in _read(profile, path))


def _read(profile: Profile, path: Path) -> Iterator[Element]:
    for element in elements(profile, path):
        yield from _all_below(profile, element) if path.steps else (element,)


def _all_below(profile: Profile, element: Element) -> Iterator[Element]:
    yield element
    for one in _inner(profile, element.id):
        yield from _all_below(profile, one)


@cache
def _inner(profile: Profile, id_: str) -> tuple[Element, ...]:
    children = profile.children(id_) if profile.reaches_below(id_) else ()
    return tuple(one for child in children for one in (child, *_slices(profile, child.id)) if one.max != 0)


@cache
def _slices(profile: Profile, id_: str) -> tuple[Element, ...]:
    """Asked of the same elements by many parameters."""
    return profile.slices(id_)


def systems(profile: Profile, paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """The systems of identifiers that the profile fixes for a kind of its own, each with the data class of that kind."""
    for path in paths:
        for element in elements(profile, path):
            if element.slice_name and element.types == ("Identifier",):
                system = profile.element(f"{element.id}.system").fixed
                if system is not None:
                    yield system, element.data_class


def targets(profile: Profile, path: Path) -> frozenset[str]:
    """The types that references may point to here; empty: any."""
    listed = [element.targets for element in permitted(profile, path)]
    if not all(listed):
        return frozenset()
    return frozenset(_type(one) for some in listed for one in some)


def implied(type_: str, path: Path) -> frozenset[tuple[str, str]]:
    """System and code of all that an element of type `code` may hold, by its required binding: R4's, or that of an extension."""
    above = path.steps[-2].below if len(path.steps) > 1 else type_
    row = tables().rows.get(f"{above}.{path.steps[-1].element}")
    if row is not None and row.binding is not None:
        urls = {row.binding}
    else:
        read = (one for profile in load().of_type(type_) for one in permitted(profile, path))
        urls = {one.binding for one in read if one.binding is not None and one.strength == "required"}
    return frozenset(pair for url in urls if load().has_value_set(url) for pair in load().value_set(url).codes)


def _type(target: str) -> str:
    return load().profile(target).type if ":" in target else target


def _below(profile: Profile, parent: Element, step: Step) -> tuple[Element, ...]:
    id_ = f"{parent.id}.{step.element}"
    if step.element == "extension":
        assert step.where
        return tuple(one for one in _slices(profile, id_) if profile.mark(one.id) == step.where[1])
    element = profile.element(id_)
    if element.is_choice:
        return (profile.as_type(element, step.type),)
    return (element, *_slices(profile, id_))
