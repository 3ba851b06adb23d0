"""A month's figures into a data set, so that it holds these and no others in their cells.

First every code is looked for, then all is tried without being stored; where DHIS2 would not take one cell, none is changed.
Then what is not told any more is deleted, and what is told is written over what was there. All of it again changes nothing.

A data element that does not store zeros (`zeroIsSignificant`) would keep last time's number: there, none is a deletion too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.dhis2 import summary
from adapters.dhis2.client import Dhis2, opened
from adapters.dhis2.complete import complete
from adapters.dhis2.periods import Period, period
from hub.fhir.issues import Issue
from hub.ports import Connection, Figure, Reported, Return

Step = tuple[str, tuple[Figure, ...]]

WRITE: Final = "CREATE_AND_UPDATE"
DELETE: Final = "DELETE"
WHERE: Final = {"dataSet": "data_set", "orgUnit": "org_unit"}
"""As DHIS2 names it, as a connection does."""


def report(connection: Connection, figures: Return, *, dry_run: bool = False) -> Reported:
    when = period(figures)
    head = {"period": when.code} | {name: str(connection.settings.get(said)) for name, said in WHERE.items()}
    with opened(connection) as dhis2:
        elements = dhis2.listed("dataElements", [one.element for one in figures.figures], "code,zeroIsSignificant")
        missing = (*_missing(figures.figures, elements, dhis2), *_misplaced(head, when, dhis2))
        if missing:
            return Reported(issues=missing)
        steps = _steps(figures.figures, elements)
        tried = _sum([_import(step, head, dhis2, dry_run=True) for step in steps])
        refused = (*tried.issues, *complete(connection, head, dhis2, dry_run=True))
        if refused:
            return Reported(issues=refused)
        return tried if dry_run else _written(connection, steps, head, dhis2)


def _written(connection: Connection, steps: Sequence[Step], head: Mapping[str, str], dhis2: Dhis2) -> Reported:
    made = _sum([_import(step, head, dhis2, dry_run=False) for step in steps])
    return made if made.issues else replace(made, issues=complete(connection, head, dhis2, dry_run=False))


def _steps(figures: Sequence[Figure], elements: Mapping[str, Mapping[str, Any]]) -> tuple[Step, ...]:
    """Deletions first: so at no moment do old and new numbers stand side by side that were never told together."""
    gone = tuple(one for one in figures if not one.number and not _is_written(one, elements[one.element]))
    kept = tuple(one for one in figures if one not in gone)
    return tuple(step for step in ((DELETE, gone), (WRITE, kept)) if step[1])


def _is_written(figure: Figure, element: Mapping[str, Any]) -> bool:
    return figure.number == 0 and element.get("zeroIsSignificant") is True


def _import(step: Step, head: Mapping[str, str], dhis2: Dhis2, *, dry_run: bool) -> Reported:
    strategy, figures = step
    values = {**head, "dataValues": [_value(one, strategy) for one in figures]}
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
        *(_unknown("dataElements", code) for code in sorted({one.element for one in figures}) if code not in elements),
        *(_unknown("categoryOptionCombos", code) for code in wanted if code not in options),
    )


def _misplaced(head: Mapping[str, str], when: Period, dhis2: Dhis2) -> tuple[Issue, ...]:
    unit, set_ = head["orgUnit"], head["dataSet"]
    sets = dhis2.listed("dataSets", [set_], "code,periodType")
    found = [] if unit in dhis2.listed("organisationUnits", [unit], "code") else [_unknown("organisationUnits", unit)]
    if set_ not in sets:
        found.append(_unknown("dataSets", set_))
    elif sets[set_].get("periodType", when.type) != when.type:
        found.append(Issue("error", "business-rule", "dhis2.other-period", params={"code": set_, "type": when.type}))
    return tuple(found)


def _unknown(list_: str, code: str) -> Issue:
    return Issue("error", "not-found", "dhis2.no-such-code", params={"list": list_, "code": code})


def _sum(parts: Sequence[Reported]) -> Reported:
    return Reported(
        sum(one.imported for one in parts),
        sum(one.updated for one in parts),
        sum(one.deleted for one in parts),
        sum(one.ignored for one in parts),
        tuple(issue for one in parts for issue in one.issues),
    )
