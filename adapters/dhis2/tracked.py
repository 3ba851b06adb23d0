"""What DHIS2's tracker made of an import: its counts, and each error by its code. What it says in words is not passed on.

https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/tracker.html#import-summary-structure
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from adapters.dhis2.client import PROBLEMS
from adapters.dhis2.summary import NUMBERED
from hub.fhir.issues import Issue
from hub.ports import Reported

CREATE: Final = "CREATE"
DELETE: Final = "DELETE"
GOOD: Final = frozenset({"OK", "WARNING"})


def read(report: dict[str, Any], sent: int, strategy: str, *, dry_run: bool) -> Reported:
    """Of a dry run, which counts nothing, what was sent is counted. Raises Retriable where there is no report in it."""
    checked = report.get("validationReport")
    errors = checked.get("errorReports", []) if isinstance(checked, dict) else None
    if not isinstance(errors, list) or not all(isinstance(one, dict) for one in errors):
        raise PROBLEMS.not_understood
    issues = tuple(_issues(errors))
    if not issues and str(report.get("status")) not in GOOD:
        issues = (Issue("error", "exception", "dhis2.no-events-taken"),)
    if issues:
        return Reported(issues=issues)
    left = 0 if dry_run else _ignored(report)
    if left:
        issues = (Issue("error", "incomplete", "dhis2.events-ignored", params={"count": str(left)}),)
    done = sent - left
    return Reported(ended=done, issues=issues) if strategy == DELETE else Reported(begun=done, issues=issues)


def _ignored(report: dict[str, Any]) -> int:
    stats = report.get("stats")
    if not isinstance(stats, dict):
        raise PROBLEMS.not_understood
    ignored = stats.get("ignored", 0)
    return ignored if isinstance(ignored, int) else 0


def _issues(errors: list[dict[str, Any]]) -> Iterator[Issue]:
    codes = (str(one.get("errorCode")) for one in errors)
    for code, number in sorted(Counter(one if NUMBERED.fullmatch(one) else "-" for one in codes).items()):
        yield Issue("error", "conflict", "dhis2.event-refused", params={"code": code, "count": str(number)})
