"""Which columns of a mapping the forms of the account's role have. What they do not have, no case says anything of: it was not
emptied, nobody was asked, or an administrator has taken the form from the role."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.primero.consents import AGREED, CONSENTS, consent_fields
from adapters.primero.forms import INCIDENTS, SERVICES, Fields, items
from adapters.primero.unreferred import ANSWERS, are_asked, are_told
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
OF_INCIDENTS: Final = frozenset({INCIDENTS, ANSWERS})
"""Groups that the door makes of a case's incidents."""


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
    if not _inside(known, SERVICES).keys() >= ROW_TELLS:
        found |= {name for name, paths in _read(layout) if REFERRED in paths}
    if INCIDENTS not in case:  # which the account may not list
        found |= {name for name, _ in _read(layout) if name.partition("/")[0] in OF_INCIDENTS}
    return frozenset(found | {group for group, inner in _groups(layout).items() if found.issuperset(inner)})


def missing(layout: Layout, known: Fields, case: Mapping[str, Any]) -> frozenset[str]:
    """What this case does not say although the role's forms have it: nobody was asked, or the role has lost it since they were
    read. What the account may not list is no question: the server has said so."""
    names = {name for name, paths in _read(layout) if "/" not in name and not _says(case, paths)}
    for inner in (inner for group, inner in _groups(layout).items() if items(case.get(group))):
        names |= {name for name, paths in inner.items() if not _says(case, paths)}
    if any(REFERRED in paths for _, paths in _read(layout)) and _inside(known, SERVICES).keys() >= ROW_TELLS:
        names |= {f"{SERVICES}/{one}" for one in ROW_TELLS if any(one not in row for row in items(case.get(SERVICES)))}
    closed = {name for name in names if name.partition("/")[0] in OF_INCIDENTS and INCIDENTS not in case}
    return frozenset(names - closed - set(lacking(layout, known)))


def strange(layout: Layout, known: Fields, case: Mapping[str, Any]) -> frozenset[str]:
    """What this case says although no form of the role has it."""
    unknown = set(lacking(layout, known))
    return frozenset(name for name, paths in _read(layout) if name in unknown and _says(case, paths))


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
    if group == ANSWERS:
        return are_asked(_inside(known, INCIDENTS))
    if not inner:
        return path in known or path in CORE
    return group in known and (inner in known[group].inside or inner in MADE.get(group, ()))


def _inside(known: Fields, group: str) -> Fields:
    return known[group].inside if group in known else {}


def _says(case: Mapping[str, Any], paths: Iterable[str]) -> bool:
    return any(_stands(case, *path.partition("/")) for path in paths)


def _stands(case: Mapping[str, Any], group: str, _: str, inner: str) -> bool:
    if group == CONSENTS:
        return not consent_fields().isdisjoint(case)
    if group == ANSWERS:
        return INCIDENTS in case and are_told(items(case[INCIDENTS]))
    return any(inner in one for one in items(case.get(group))) if inner else group in case
