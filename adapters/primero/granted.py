"""Which columns of a mapping the forms of the account's role have. What they do not have, no case says anything of: it was not
emptied, nobody was asked, or an administrator has taken the form from the role."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.primero.consents import AGREED, CONSENTS, consent_fields
from adapters.primero.forms import INCIDENTS, SERVICES, Fields, items
from hub.ports import Layout

CORE: Final = frozenset(
    {
        "id", "case_id", "case_id_display", "short_id", "module_id", "enabled", "record_state", "status", "workflow",
        "owned_by", "owned_by_agency_id", "created_at", "created_by", "last_updated_at",
    }
)  # fmt: skip
"""What stands in a case without any form."""
MADE: Final = {SERVICES: frozenset({"unique_id", "referred_to", AGREED}), INCIDENTS: frozenset({"id"})}
"""What the tool and the door add to an item."""
REFERRED: Final = f"{SERVICES}/referred_to"
ROW_TELLS: Final = frozenset({"service_implementing_agency", "service_status_referred"})
"""Of which fields the door makes whom a row was referred to, where the tool has no referral of its own for it."""


def lacking(layout: Layout, known: Fields) -> tuple[str, ...]:
    """Columns that are read and that no form of the role has."""
    return tuple(name for name, paths in _read(layout) if not any(_has(known, path) for path in paths))


def unplaced(layout: Layout, known: Fields) -> tuple[str, ...]:
    """Columns that are written and that no form of the role has."""
    return tuple(name for name in layout.follow_up if not _has(known, name))


def unsaid(layout: Layout, known: Fields, case: Mapping[str, Any]) -> frozenset[str]:
    """Of these, what this case does not say all the same. A group of which nothing can be read is unsaid as a whole."""
    unknown = set(lacking(layout, known))
    found = {name for name, paths in _read(layout) if name in unknown and not _says(case, paths)}
    if not (SERVICES in known and known[SERVICES].inside.keys() >= ROW_TELLS):
        found |= {name for name, paths in _read(layout) if REFERRED in paths}
    if INCIDENTS not in case:  # which the account may not list
        found |= {name for name, _ in _read(layout) if name.partition("/")[0] == INCIDENTS}
    return frozenset(found | {group for group, inner in _groups(layout).items() if found.issuperset(inner)})


def is_doubtful(layout: Layout, case: Mapping[str, Any]) -> bool:
    """Whether it lacks something that is read: nobody was asked, or the role has lost a form since the forms were read."""
    plain = any(not _says(case, paths) for name, paths in _read(layout) if "/" not in name)
    filled = (inner for group, inner in _groups(layout).items() if items(case.get(group)))
    return plain or not all(_says(case, paths) for inner in filled for paths in inner.values())


def _groups(layout: Layout) -> dict[str, dict[str, tuple[str, ...]]]:
    """The columns inside each group, but for what is always there."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, paths in _read(layout):
        group, _, inner = name.partition("/")
        if inner and inner not in MADE.get(group, ()):
            found.setdefault(group, {})[name] = paths
    return found


def _read(layout: Layout) -> Sequence[tuple[str, tuple[str, ...]]]:
    return [(name, (*paths, name)) for name, paths in layout.columns.items() if name not in layout.follow_up]


def _has(known: Fields, path: str) -> bool:
    group, _, inner = path.partition("/")
    if group == CONSENTS:
        return not consent_fields().isdisjoint(known)
    if not inner:
        return path in known or path in CORE
    return group in known and (inner in known[group].inside or inner in MADE.get(group, ()))


def _says(case: Mapping[str, Any], paths: Iterable[str]) -> bool:
    return any(_stands(case, *path.partition("/")) for path in paths)


def _stands(case: Mapping[str, Any], group: str, _: str, inner: str) -> bool:
    if group == CONSENTS:
        return not consent_fields().isdisjoint(case)
    return any(inner in one for one in items(case.get(group))) if inner else group in case
