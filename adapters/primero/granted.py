"""Which columns of a mapping the forms of the account's role have. What they do not have, no case says anything of: it was not
emptied, nobody was asked, or an administrator has taken the form from the role."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.primero.forms import INCIDENTS, SERVICES, Fields
from adapters.primero.records import CONSENTS, consent_fields, items
from hub.ports import Layout

CORE: Final = frozenset(
    {
        "id", "case_id", "case_id_display", "short_id", "module_id", "enabled", "record_state", "status", "workflow",
        "owned_by", "owned_by_agency_id", "created_at", "created_by", "last_updated_at",
    }
)  # fmt: skip
"""What stands in a case without any form."""
MADE: Final = {SERVICES: frozenset({"unique_id", "referred_to"}), INCIDENTS: frozenset({"id"})}
"""What the tool and the door add to an item."""


def lacking(layout: Layout, known: Fields) -> tuple[str, ...]:
    """Columns that are read and that no form of the role has."""
    return tuple(name for name, paths in _read(layout) if not any(_has(known, path) for path in (*paths, name)))


def unsaid(layout: Layout, known: Fields, case: Mapping[str, Any]) -> tuple[str, ...]:
    """Of these, what this case does not say all the same. A group of which nothing can be read is unsaid as a whole."""
    found = {
        name
        for name, paths in _read(layout)
        if not any(_has(known, path) or _says(case, path) for path in (*paths, name))
    }
    inner: dict[str, list[str]] = {}
    for name, _ in _read(layout):
        group, _, field = name.partition("/")
        if field and field not in MADE.get(group, ()):
            inner.setdefault(group, []).append(name)
    return tuple(sorted(found | {group for group, names in inner.items() if found.issuperset(names)}))


def _read(layout: Layout) -> Iterable[tuple[str, tuple[str, ...]]]:
    return [(name, tuple(paths)) for name, paths in layout.columns.items() if name not in layout.follow_up]


def _has(known: Fields, path: str) -> bool:
    group, _, inner = path.partition("/")
    if group == CONSENTS:
        return not consent_fields().isdisjoint(known)
    if not inner:
        return path in known or path in CORE
    return group in known and (inner in known[group].inside or inner in MADE.get(group, ()))


def _says(case: Mapping[str, Any], path: str) -> bool:
    group, _, inner = path.partition("/")
    if group == CONSENTS:
        return not consent_fields().isdisjoint(case)
    return any(inner in one for one in items(case.get(group))) if inner else path in case
