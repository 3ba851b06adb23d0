"""`hub statistics`: what an organisation may publish of one period's referrals, as a table, as CSV or as a MeasureReport."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from hub.bootstrap import Deployment
from hub.cli.cards import fitted
from hub.cli.manual import command
from hub.cli.periods import how_long, months
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.exchange.statistics import statistics
from hub.fhir.definitions import load
from hub.referral.reporting import CODED_BY, Statistics, report, told_strata

Row = tuple[str, str, str, str]
"""What is counted, by what, which, and how many; "" where it is the whole, or held back."""

NARROW: Final = 60
WAITED: Final = {"acceptance": "acceptance", "first-service": "first-service", "completion": "completion"}
"""Wait → the end of its key in the texts."""


@command("statistics", "cli.statistics")
@click.option("--organization", metavar="ORG", required=True)
@click.option("--month", "wanted", metavar="YYYY-MM", type=click.DateTime(["%Y-%m"]), required=True)
@how_long
@click.option("--csv", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_statistics(
    session: Session, *, organization: str, wanted: click.DateTime, length: str | None, file: Path | None, as_json: bool
) -> None:
    year, number = int(wanted.year), int(wanted.month)  # type: ignore[attr-defined]
    with session.deployment() as deployment:
        known = deployment.hub.directory.organizations()
        if organization not in known:
            raise WrongUse("consent-list.unknown", name=organization, known=", ".join(sorted(known)))
        wanted_months = months(year, number, length, deployment)
        found = statistics(organization, year, number, hub=deployment.hub, months=wanted_months)
        if as_json:
            session.write_json(_report(found, deployment))
            return
        headings = [session.say(f"statistics.{name}") for name in ("what", "by", "which", "count")]
        rows = list(_rows(found, session))
        if file is not None:
            _write(file, headings, rows)
            session.tell("statistics.written", rows=len(rows))
            return
        held = session.say("statistics.held")
        shown = [(*row[:3], row[3] or held) for row in rows]
        session.out.print(fitted(headings, shown, width=session.out.width, least=NARROW))
        session.tell("statistics.rule", smallest=found.smallest)


def _report(found: Statistics, deployment: Deployment) -> dict[str, object]:
    entry = next(one for one in deployment.settings.organizations if one.id == found.organization)
    return report(found, entry.province)


def _write(file: Path, headings: list[str], rows: list[Row]) -> None:
    """With the mark by which spreadsheets know that it is UTF-8."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows([headings, *rows])


def _rows(found: Statistics, session: Session) -> Iterator[Row]:
    speaks = session.language
    for group in found.groups:
        what = load().display("report-group", group.group, speaks) or group.group
        yield what, "", "", _number(group.whole)
        for name, cells in told_strata(group):
            by = load().display("report-dimension", name, speaks) or name
            for code, number in cells.items():
                yield what, by, load().display(CODED_BY[name], code, speaks) or code, _number(number)
    for wait, span in found.waits.items():
        yield session.say(f"statistics.{WAITED[wait]}"), session.say("statistics.median"), "", _hours(span)


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _hours(span: timedelta | None) -> str:
    return "" if span is None else str(round(span / timedelta(hours=1)))
