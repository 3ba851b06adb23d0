"""A profile as the rows of a table: each element that may be there, what it is, its data class, and what opens it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir.canonicals import BASE
from hub.fhir.data_classes import DataClass, data_classes
from hub.fhir.definitions import Definitions
from hub.fhir.elements import Element, Profile

TECHNICAL: Final = frozenset({"id", "url", "modifierExtension", "implicitRules", "contained", "text"})
WITHOUT_CONSENT: Final = {"directory": "public", "notice": "notice", "statistics": "statistics"}


@dataclass(frozen=True)
class Row:
    """`depth` from 0. `opens`: what opens it to another organisation: consent, notice, public, statistics or never."""

    element: Element
    depth: int
    name: str
    slice: str
    is_required: bool
    repeats: bool
    data_class: DataClass | None  # None: in an extension, that of the element which carries it
    opens: str
    fixed: "tuple[tuple[str, str], ...]"  # system and code, or "" and text
    value_set: str
    is_ours: bool
    targets: tuple[str, ...]
    extension: str
    rules: tuple[str, ...]


def rows(profile: Profile, definitions: Definitions) -> Iterator[Row]:
    """In the order of the profile; what is ruled out is left out."""
    for id_, element in profile.elements.items():
        if _is_shown(profile, id_, element):
            yield _row(profile, id_, element, definitions)


def opens(data_class: DataClass) -> str:
    return "consent" if data_class.shareable else WITHOUT_CONSENT.get(data_class.code, "never")


def _is_shown(profile: Profile, id_: str, element: Element) -> bool:
    if id_ == profile.type or profile.is_prohibited(id_) or (element.name in TECHNICAL and id_.count(".") >= 1):
        return False
    return element.types != ("Extension",) or element.slice_name is not None


def _row(profile: Profile, id_: str, element: Element, definitions: Definitions) -> Row:
    data_class = data_classes().get(element.data_class or profile.base_class)
    return Row(
        element=element,
        depth=id_.count(".") - 1 + _slices_above(id_),
        name=element.name,
        slice=element.slice_name or "",
        is_required=element.min > 0,
        repeats=element.max is None or element.max > 1,
        data_class=data_class,
        opens=opens(data_class) if data_class else "",
        fixed=tuple(_fixed(element.pattern if element.fixed is None else element.fixed)),
        value_set=_value_set(element, definitions),
        is_ours=(element.binding or "").startswith(BASE),
        targets=tuple(target.rpartition("/")[2] for target in element.targets),
        extension=(element.extension_url or "").rpartition("/")[2] if element.extension_url else "",
        rules=tuple(constraint.key for constraint in element.constraints),
    )


def _slices_above(id_: str) -> int:
    """A slice stands below the element that it is a slice of, and so does what is below it; `extension` itself is not shown."""
    return sum(":" in step and not step.startswith(("extension:", "modifierExtension:")) for step in id_.split("."))


def _fixed(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for coding in value.get("coding", (value,)):
            yield str(coding.get("system", "")), str(coding.get("code", ""))
    elif value is not None:
        yield "", value if isinstance(value, str) else json.dumps(value)  # `true`, as it is sent


def _value_set(element: Element, definitions: Definitions) -> str:
    """The name of a value set whose codes are known here; empty otherwise."""
    if not element.binding or not definitions.has_value_set(element.binding):
        return ""
    return definitions.value_set(element.binding).name
