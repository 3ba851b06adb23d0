"""The monthly report as FHIR: what is told of counts, as a MeasureReport. Pure.

`profiles/structure-definitions/aggregate-report.json`. A code stands for each stratum; what says nothing of it is in the
whole alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from hub.fhir import Resource
from hub.fhir.canonicals import BASE, code_system, profile
from hub.fhir.instants import instant
from hub.ports import Rows
from hub.referral.courses import UNSAID, Dimension
from hub.referral.suppression import Told

PERIODS: Final = (1, 3, 6, 12)
MEASURE: Final = f"{BASE}/Measure/monthly-report"
CODED_BY: Final[Mapping[Dimension, str]] = {
    "service": "service-type", "area": "province", "violence-type": "gbv-type", "age-band": "age-band",
    "outcome": "referral-outcome", "reason": "referral-status-reason",
    "no-referral-reason": "no-referral-reason",
}  # fmt: skip


@dataclass(frozen=True)
class Reporting:
    """How a deployment reports. `smallest`: no number above zero below it is told. `months`: of the shortest period, one of
    `PERIODS`; longer ones tell what the shorter ones in them allow. `readers`: organisations that may have any's report."""

    smallest: int = 5
    months: int = 1
    readers: frozenset[str] = frozenset()

    @property
    def periods(self) -> tuple[int, ...]:
        """The lengths that may be asked for, in months: each is made of whole shorter ones."""
        return tuple(length for length in PERIODS if length % self.months == 0)

    def lengths(self, months: int = 0) -> tuple[int, ...]:
        """Of a period, and of those in it down to the shortest. 0: the shortest."""
        wanted = months or self.months
        return tuple(length for length in reversed(self.periods) if length <= wanted)


@dataclass(frozen=True)
class Statistics:
    """`waits`: the median of each, None where too few waited. `smallest`: no number above zero below it is told. `rows`: of the
    shortest period alone, and where they were asked for."""

    organization: str
    first: date
    last: date
    made: datetime
    smallest: int
    groups: tuple[Told, ...]
    waits: Mapping[str, timedelta | None]
    rows: Rows | None = None


def report(found: Statistics, area: str) -> Resource:
    """`area`: the code of the province that the organisation reports on."""
    place = {"coding": [{"system": code_system("province"), "code": area}]}
    return {
        "resourceType": "MeasureReport",
        "meta": {"profile": [profile("aggregate-report")]},
        "extension": [
            {"url": profile("smallest-cell"), "valueInteger": found.smallest},
            {"url": profile("area"), "valueCodeableConcept": place},
        ],
        "status": "complete",
        "type": "summary",
        "measure": MEASURE,
        "date": instant(found.made),
        "reporter": {"reference": f"Organization/{found.organization}"},
        "period": {"start": found.first.isoformat(), "end": found.last.isoformat()},
        "group": [_group(one) for one in found.groups],
    }


def told_strata(group: Told) -> Iterator[tuple[Dimension, Mapping[str, int | None]]]:
    """The breakdowns that can be told in codes. One in which a single number is held back would tell it, were the rest whole."""
    for name, cells in group.by.items():
        coded = {code: number for code, number in sorted(cells.items()) if code != UNSAID}
        if coded and list(coded.values()).count(None) != 1:
            yield name, coded


def _group(group: Told) -> Resource:
    strata = [_stratifier(*one) for one in told_strata(group)]
    code = {"coding": [{"system": code_system("report-group"), "code": group.group}]}
    return {"code": code, "population": [_population(group.whole)], **({"stratifier": strata} if strata else {})}


def _stratifier(name: Dimension, cells: Mapping[str, int | None]) -> Resource:
    system = code_system(CODED_BY[name])
    return {
        "code": [{"coding": [{"system": code_system("report-dimension"), "code": name}]}],
        "stratum": [
            {"value": {"coding": [{"system": system, "code": code}]}, "population": [_population(number)]}
            for code, number in cells.items()
        ],
    }


def _population(number: int | None) -> Resource:
    """Either a count, or that there is one that is not told."""
    if number is None:
        return {"extension": [{"url": profile("suppressed"), "valueBoolean": True}]}
    return {"count": number}
