"""What DHIS2 made of an import: its counts, and each conflict by our own codes. What it says in words is not passed on.

Up to version 2.37 the summary is the answer itself; later it stands in the answer's `response`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hub.errors import Retriable
from hub.fhir.issues import Issue
from hub.ports import Figure, Reported

GOOD: Final = frozenset({"SUCCESS", "OK", "WARNING"})
NUMBERED: Final = re.compile(r"E\d{3,5}")


def read(answer: dict[str, Any], sent: Sequence[Figure]) -> Reported:
    """Raises Retriable where there is no summary in it."""
    summary = answer.get("response", answer)
    counts = summary.get("importCount") if isinstance(summary, dict) else None
    if not isinstance(counts, dict):
        raise Retriable("dhis2.not-understood")
    imported, updated, deleted, ignored = (
        _count(counts.get(one)) for one in ("imported", "updated", "deleted", "ignored")
    )
    issues = _each_once(_issues(summary, sent))
    if not issues and str(summary.get("status")) not in GOOD:
        issues = (Issue("error", "exception", "dhis2.not-imported"),)
    return Reported(imported, updated, deleted, ignored, issues)


def _issues(summary: dict[str, Any], sent: Sequence[Figure]) -> Iterator[Issue]:
    conflicts = summary.get("conflicts") or ()
    for one in conflicts if isinstance(conflicts, list) else ():
        if not isinstance(one, dict):
            raise Retriable("dhis2.not-understood")
        code = str(one.get("errorCode"))
        params = {"code": code if NUMBERED.fullmatch(code) else "-", "cells": _cells(one, sent)}
        yield Issue("error", "conflict", "dhis2.conflict", params=params)


def _cells(conflict: dict[str, Any], sent: Sequence[Figure]) -> str:
    """Which of what was sent: by their places, else by a code that is one of ours."""
    places = conflict.get("indexes")
    if isinstance(places, list):
        found = [sent[at] for at in places if isinstance(at, int) and 0 <= at < len(sent)]
    else:
        found = [one for one in sent if conflict.get("object") in (one.element, one.option or None)]
    return ", ".join(dict.fromkeys(f"{one.element} {one.option}".strip() for one in found)) or "-"


def _count(number: object) -> int:
    return number if isinstance(number, int) else 0


def _each_once(issues: Iterator[Issue]) -> tuple[Issue, ...]:
    found: list[Issue] = []
    for one in issues:
        found += [one] if one not in found else []
    return tuple(found)
