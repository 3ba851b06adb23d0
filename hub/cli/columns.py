"""Which columns of a form may be shown to whoever mends mappings: those that identify nobody.

A column belongs to the data class that its mapping declares, else to those of all the elements it goes to. A column that
goes nowhere is hidden: nobody has said what stands in it.
"""

from collections.abc import Mapping as Map
from pathlib import Path
from typing import Any, Final

from hub.fhir import Resource, definitions
from hub.fhir.data_classes import identifying
from hub.fhir.leaves import UNSAID
from hub.fhir.leaves import leaves as leaves_of
from hub.fhir.masking import redact
from hub.mapping.cells import columns, text_of
from hub.mapping.library import Library
from hub.mapping.plan import walk
from hub.mapping.reading import read_plan

HIDDEN: Final = "••••"


def shown_columns(reference: str, own: Path) -> frozenset[str]:
    """The names of the columns of a mapping whose values identify nobody."""
    plan, _ = read_plan(reference, Library([own]), definitions.load())
    classes: dict[str, set[str]] = {}
    for block in plan.blocks:
        for branch in walk(block.root):
            for name in columns(branch):
                classes.setdefault(name, set()).add(branch.slot.data_class)
    for name, column in plan.columns.items():
        of = column.ticks[0] if column.ticks else column.adds_to
        if of in classes:
            classes.setdefault(name, classes[of])
    declared = {name: {column.data_class} for name, column in plan.columns.items() if column.data_class}
    return frozenset(name for name, found in (classes | declared).items() if not found & (identifying() | {""}))


def cells(content: Map[str, Any], shown: frozenset[str] | None) -> dict[str, str]:
    """A record's cells as text; those that are not `shown` as dots. None: all are shown. Items of a repeat are numbered."""
    found: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, list | tuple):
            for number, item in enumerate(value, 1):
                inner = item if isinstance(item, Map) else {name: item}
                found |= {f"{name} {number} › {key}": cell for key, cell in cells(inner, shown).items()}
        elif value is not None and (text := text_of(value)).strip():
            found[name] = text if shown is None or name in shown else HIDDEN
    return found


def without_identity(resource: Resource) -> Resource:
    """A resource as it would be disclosed to somebody who may see everything that identifies nobody."""
    profile = definitions.load().profile_of(resource)
    return (
        redact(resource, profile.classes - identifying())[0] if profile else {"resourceType": resource["resourceType"]}
    )


def leaves(resource: Resource, *, reveal: bool) -> list[tuple[str, str]]:
    """Element and value, one line each. What identifies is a line of dots for each property that holds some of it."""
    kept = resource if reveal else without_identity(resource)
    found: list[tuple[str, str]] = []
    for name, value in resource.items():
        if name in UNSAID:
            continue
        found += leaves_of(name, kept.get(name))
        if kept.get(name) != value:
            found.append((name, HIDDEN))
    return found
