"""Periods as DHIS2 writes them: 202603, 2026Q1, 2026S1, 2026.

https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/introduction.html#webapi_date_perid_format
"""

from dataclasses import dataclass

from hub.errors import Fatal
from hub.ports import Return


@dataclass(frozen=True)
class Period:
    """`type`: what the data set calls it."""

    code: str
    type: str


def period(figures: Return) -> Period:
    """Raises Fatal for a period that DHIS2 has no word for."""
    first, last = figures.first, figures.last
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    before, rest = divmod(first.month - 1, months)
    found = {
        1: Period(f"{first:%Y%m}", "Monthly"),
        3: Period(f"{first.year}Q{before + 1}", "Quarterly"),
        6: Period(f"{first.year}S{before + 1}", "SixMonthly"),
        12: Period(f"{first.year}", "Yearly"),
    }.get(months)
    if found is None or rest:
        raise Fatal("dhis2.period")
    return found
