"""A month's figures into a data set, so that it holds these and no others in their cells.

First every code is looked for, then all is tried without being stored; where DHIS2 would not take one cell, none is changed.
Then what is not told any more is deleted, and what is told is written over what was there. All of it again changes nothing.

Where the connection names an event programme, it is told in the same way of each referral: see `events.py`.

A data element that does not store zeros (`zeroIsSignificant`) would keep last time's number: there, none is a deletion too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from adapters.dhis2 import events, summary
from adapters.dhis2.client import Dhis2, opened
from adapters.dhis2.complete import complete
from adapters.dhis2.periods import Period, period
from adapters.dhis2.programme import Programme, fetch_programme, is_named, stopping, unknown_code
from hub.fhir.issues import Issue
from hub.ports import Connection, Figure, Reported, Return

WRITE: Final = "CREATE_AND_UPDATE"
DELETE: Final = "DELETE"
WHERE: Final = {"dataSet": "data_set", "orgUnit": "org_unit"}
"""As DHIS2 names it, as a connection does."""


class Step(Protocol):
    """One thing to do, which can be tried first."""

    def send(self, dhis2: Dhis2, *, dry_run: bool) -> Iterable[Reported]: ...


@dataclass(frozen=True)
class Import:
    """Cells to delete, or to write."""

    strategy: str
    figures: tuple[Figure, ...]
    head: Mapping[str, str]

    def send(self, dhis2: Dhis2, *, dry_run: bool) -> Iterable[Reported]:
        yield _import(self, dhis2, dry_run=dry_run)


def report(connection: Connection, figures: Return, *, dry_run: bool = False) -> Reported:
    when = period(figures)
    head = {"period": when.code} | {name: str(connection.settings.get(said)) for name, said in WHERE.items()}
    with opened(connection) as dhis2:
        elements = dhis2.listed("dataElements", [one.element for one in figures.figures], "code,zeroIsSignificant")
        programme = fetch_programme(connection, dhis2) if is_named(connection) else None
        missing = (
            *_missing(figures.figures, elements, dhis2),
            *_misplaced(head, when, dhis2),
            *stopping(programme, figures.rows.rows if figures.rows else ()),
        )
        if missing:
            return Reported(issues=missing)
        steps = _steps(figures.figures, elements, head)
        if not isinstance(programme, Programme):
            return _carried_out(connection, steps, head, dhis2, dry_run=dry_run)
        if figures.rows is None:
            made = _carried_out(connection, steps, head, dhis2, dry_run=dry_run)
            return replace(made, issues=(*made.issues, Issue("warning", "incomplete", "dhis2.no-events")))
        gone, new = events.steps(connection, figures, programme, dhis2)
        return _carried_out(connection, (gone, *steps, new), head, dhis2, dry_run=dry_run)


def _carried_out(
    connection: Connection, steps: Sequence[Step], head: Mapping[str, str], dhis2: Dhis2, *, dry_run: bool
) -> Reported:
    tried = _sum([made for step in steps for made in step.send(dhis2, dry_run=True)])
    refused = (*tried.issues, *complete(connection, head, dhis2, dry_run=True))
    if refused:
        return Reported(issues=refused)
    return tried if dry_run else _written(connection, steps, head, dhis2)


def _written(connection: Connection, steps: Sequence[Step], head: Mapping[str, str], dhis2: Dhis2) -> Reported:
    made = _sum([made for step in steps for made in step.send(dhis2, dry_run=False)])
    return made if made.issues else replace(made, issues=complete(connection, head, dhis2, dry_run=False))


def _steps(
    figures: Sequence[Figure], elements: Mapping[str, Mapping[str, Any]], head: Mapping[str, str]
) -> tuple[Step, ...]:
    """Deletions first: so at no moment do old and new numbers stand side by side that were never told together."""
    gone = tuple(one for one in figures if not one.number and not _is_written(one, elements[one.element]))
    kept = tuple(one for one in figures if one not in gone)
    return tuple(step for step in (Import(DELETE, gone, head), Import(WRITE, kept, head)) if step.figures)


def _is_written(figure: Figure, element: Mapping[str, Any]) -> bool:
    return figure.number == 0 and element.get("zeroIsSignificant") is True


def _import(step: Import, dhis2: Dhis2, *, dry_run: bool) -> Reported:
    strategy, figures = step.strategy, step.figures
    values = {**step.head, "dataValues": [_value(one, strategy) for one in figures]}
    found = summary.read(dhis2.import_(values, strategy=strategy, dry_run=dry_run), figures)
    if strategy == DELETE:
        return replace(found, ignored=0)  # what is to be deleted and was never there
    if found.ignored and not found.issues:
        ignored = Issue("error", "incomplete", "dhis2.ignored", params={"count": str(found.ignored)})
        return replace(found, issues=(ignored,))
    return found


def _value(figure: Figure, strategy: str) -> dict[str, str]:
    cell = {"dataElement": figure.element} | ({"categoryOptionCombo": figure.option} if figure.option else {})
    return cell if strategy == DELETE else {**cell, "value": str(figure.number)}


def unknown(figures: Sequence[Figure], dhis2: Dhis2) -> tuple[Issue, ...]:
    """Codes of the mapping that this instance does not know."""
    return _missing(figures, dhis2.listed("dataElements", [one.element for one in figures], "code"), dhis2)


def _missing(figures: Sequence[Figure], elements: Mapping[str, object], dhis2: Dhis2) -> tuple[Issue, ...]:
    wanted = sorted({one.option for one in figures if one.option})
    options = dhis2.listed("categoryOptionCombos", wanted, "code")
    return (
        *(
            unknown_code("dataElements", code)
            for code in sorted({one.element for one in figures})
            if code not in elements
        ),
        *(unknown_code("categoryOptionCombos", code) for code in wanted if code not in options),
    )


def _misplaced(head: Mapping[str, str], when: Period, dhis2: Dhis2) -> tuple[Issue, ...]:
    unit, set_ = head["orgUnit"], head["dataSet"]
    sets = dhis2.listed("dataSets", [set_], "code,periodType")
    found = (
        [] if unit in dhis2.listed("organisationUnits", [unit], "code") else [unknown_code("organisationUnits", unit)]
    )
    if set_ not in sets:
        found.append(unknown_code("dataSets", set_))
    elif sets[set_].get("periodType", when.type) != when.type:
        found.append(Issue("error", "business-rule", "dhis2.other-period", params={"code": set_, "type": when.type}))
    return tuple(found)


def _sum(parts: Sequence[Reported]) -> Reported:
    return Reported(
        sum(one.imported for one in parts),
        sum(one.updated for one in parts),
        sum(one.deleted for one in parts),
        sum(one.ignored for one in parts),
        tuple(issue for one in parts for issue in one.issues),
        sum(one.begun for one in parts),
        sum(one.ended for one in parts),
    )
