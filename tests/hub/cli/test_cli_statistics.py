"""`hub statistics`: a month of one organisation, in three languages, as CSV and as a MeasureReport."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub import texts
from tests.support.command_line import GOOD, Command

WHOSE = ("--organization", "example-association")


@pytest.fixture
def pulled(hub: Command) -> Command:
    hub.register(GOOD)
    assert hub("pull", "register").exit_code == 0
    return hub


def test_it_is_a_report_of_the_contract(pulled: Command) -> None:
    found = pulled.json("statistics", *WHOSE, "--month", "2026-01")
    assert (found["resourceType"], found["period"]) == ("MeasureReport", {"start": "2026-01-01", "end": "2026-01-31"})
    assert found["extension"][0]["valueInteger"] == 5
    assert {one["population"][0]["count"] for one in found["group"]} == {0}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_people_read_it_in_their_language(pulled: Command, language: str) -> None:
    answer = pulled("statistics", *WHOSE, "--month", "2026-01", language=language)
    assert answer.exit_code == 0, answer.output
    assert texts.say("cli.statistics.acceptance", language) in answer.output


def test_it_is_written_for_spreadsheets(pulled: Command) -> None:
    file = pulled.home / "may.csv"
    assert pulled("statistics", *WHOSE, "--month", "2026-01", "--csv", str(file)).exit_code == 0
    text = file.read_text("utf-8-sig")
    assert text.splitlines()[0] == "What,By,Which,Count"


def test_a_month_that_is_not_over_or_an_organisation_that_is_not_known_is_refused(pulled: Command) -> None:
    now = datetime.now(ZoneInfo("Africa/Casablanca")) + timedelta(hours=1)  # however late in the month it is
    assert pulled("statistics", *WHOSE, "--month", f"{now:%Y-%m}").exit_code == 2
    assert pulled("statistics", "--organization", "nobody", "--month", "2026-01").exit_code == 2


def test_a_year_is_asked_for_by_its_months_where_the_deployment_reports_on_no_longer_ones(pulled: Command) -> None:
    found = pulled.json("statistics", *WHOSE, "--month", "2025-05", "--months", "12")
    assert found["period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    with (pulled.home / "hub.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[statistics]\nmonths = 3\n")
    refused = pulled("statistics", *WHOSE, "--month", "2025-05", "--months", "1")
    assert refused.exit_code == 2 and "3, 6, 12" in refused.output
