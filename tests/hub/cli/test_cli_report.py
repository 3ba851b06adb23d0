"""`hub report`: a month's figures to DHIS2 from the command line, in three languages, tried dry first."""

from collections.abc import Iterator
from datetime import date

import pytest
import yaml

from adapters.dhis2 import adapter
from adapters.replay import Served
from hub import mapping, texts
from hub.cli.report import _problems
from hub.cli.session import Session
from hub.fhir.definitions import load
from hub.ports import Connection, Layout, Reported, Return, Row, Rows
from tests.support.command_line import GOOD, Command, marks_in
from tests.support.dhis2 import Dhis2StandIn

CONNECTION = """organization: example-association
adapter: dhis2
mapping: dhis2/monthly-report
settings:
  url: {url}
  data_set: IHALA_MONTHLY
  org_unit: MA-CAS
secrets:
  token: {{file: secrets/ministry}}
"""
MONTH = ("--month", "2026-01")


@pytest.fixture
def tool() -> Dhis2StandIn:
    report = {"period": {"start": "2026-01-01", "end": "2026-01-31"}}
    cells = mapping.load("dhis2/monthly-report").figures(report).figures
    return Dhis2StandIn(
        "d2pat_token", sorted({one.element for one in cells}), sorted({one.option for one in cells if one.option})
    )


@pytest.fixture
def joined(hub: Command, tool: Dhis2StandIn) -> Iterator[Command]:
    with Served(tool).running() as served:
        (hub.home / "connections" / "ministry.yaml").write_text(CONNECTION.format(url=served.url), "utf-8")
        (hub.home / "secrets").mkdir(exist_ok=True)
        (hub.home / "secrets" / "ministry").write_text("d2pat_token\n", "utf-8")
        hub.register(GOOD)
        yield hub


def test_a_month_arrives_and_a_dry_run_leaves_nothing(joined: Command, tool: Dhis2StandIn) -> None:
    assert joined("pull", "--all").exit_code == 0
    assert joined.json("report", "ministry", *MONTH, "--dry-run")["dry_run"] is True
    assert tool.values.get(("MA-CAS", "202601"), {}) == {}
    told = joined.json("report", "ministry", *MONTH)
    assert (told["first"], told["last"], told["problems"], told["unmapped"]) == ("2026-01-01", "2026-01-31", [], [])
    assert told["imported"] == len(tool.values["MA-CAS", "202601"]) > 60
    assert marks_in(str(tool.asked)) == []


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_people_read_what_was_written_and_what_was_refused(joined: Command, tool: Dhis2StandIn, language: str) -> None:
    answer = joined("report", "ministry", *MONTH, language=language)
    assert answer.exit_code == 0 and "83" in answer.output
    tool.locked.add("202601")
    refused = joined("report", "ministry", *MONTH, language=language)
    assert refused.exit_code == 1 and "E7643" in refused.output and "Zineb" not in refused.output


def test_a_month_that_is_not_over_or_a_connection_without_figures_is_refused(joined: Command) -> None:
    assert joined("report", "ministry", "--month", "2099-01").exit_code == 2
    assert joined("report", "register", *MONTH).exit_code == 2
    assert joined("report", "nobody", *MONTH).exit_code == 1


def test_the_check_of_the_deployment_asks_the_ministry_too(joined: Command, tool: Dhis2StandIn) -> None:
    assert joined("check").exit_code == 0
    tool.units.clear()
    told = joined("check")
    assert told.exit_code == 1 and "MA-CAS" in told.output


def test_the_check_of_a_connection_names_the_codes_that_the_instance_does_not_have(
    joined: Command, tool: Dhis2StandIn
) -> None:
    assert joined("connection", "check", "ministry").exit_code == 0
    gone = tool.options.pop()
    shown = joined("connection", "check", "ministry", "--json")
    assert shown.exit_code == 1 and gone in shown.output
    assert tool.values == {}


def test_a_month_is_declared_complete_where_the_connection_says_so(joined: Command, tool: Dhis2StandIn) -> None:
    file = joined.home / "connections" / "ministry.yaml"
    file.write_text(file.read_text("utf-8").replace("settings:", "settings:\n  complete: true"), "utf-8")
    assert joined("report", "ministry", *MONTH, "--dry-run").exit_code == 0
    assert tool.completed == []
    assert joined("report", "ministry", *MONTH).exit_code == 0
    assert tool.completed == [("IHALA_MONTHLY", "MA-CAS", "202601")]


# --- one by one -------------------------------------------------------------------------------------------------------


@pytest.fixture
def singly(joined: Command, tool: Dhis2StandIn) -> Command:
    file = joined.home / "connections" / "ministry.yaml"
    named = "settings:\n  program: IHALA_EVENTS\n  program_stage: IHALA_EVENT"
    file.write_text(file.read_text("utf-8").replace("settings:", named), "utf-8")
    for row in mapping.load("dhis2/monthly-report").row_codes:
        for element, option in row.said.items():
            tool.tracker.options.setdefault(element, []).append(option)
    return joined


def test_the_check_names_the_options_that_the_instance_does_not_have(singly: Command, tool: Dhis2StandIn) -> None:
    assert singly("connection", "check", "ministry").exit_code == 0
    tool.tracker.options["IHALA_EVENT_AGE"].remove("AGE_12_14")
    shown = singly("connection", "check", "ministry", "--json")
    assert shown.exit_code == 1 and "AGE_12_14" in shown.output and "IHALA_EVENT_AGE" in shown.output
    assert tool.tracker.events == {}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_people_read_that_events_of_who_is_counted_no_more_were_deleted(
    singly: Command, tool: Dhis2StandIn, language: str
) -> None:
    said = yaml.safe_load((singly.home / "connections" / "ministry.yaml").read_text("utf-8"))
    before = Connection(
        "ministry",
        said["organization"],
        "dhis2",
        "",
        said["settings"],
        singly.home,
        Layout({}),
        lambda _: "d2pat_token",
    )
    adapter.report(before, Return(date(2026, 1, 1), date(2026, 1, 31), (), rows=Rows((Row({}, 7),))))
    tried = singly.json("report", "ministry", *MONTH, "--dry-run")
    assert (tried["begun"], tried["ended"], tried["held"]) == (0, 7, []) and len(tool.tracker.live()) == 7
    answer = singly("report", "ministry", *MONTH, language=language)
    assert texts.say("cli.report.singly", language, begun=0, ended=7) in " ".join(answer.output.split())
    assert tool.tracker.live() == []


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_people_read_what_is_not_told_of_too_few(language: str) -> None:
    figures = Return(date(2026, 1, 1), date(2026, 1, 31), (), rows=Rows((Row({}, 7),), ("age-band", "group")))
    (sentence,) = _problems(Session(language=language), figures, Reported(begun=7))
    assert load().display("report-dimension", "age-band", language) in sentence
    assert texts.say("cli.report.group", language) in sentence
    assert list(_problems(Session(language=language), figures, Reported())) == [], "where no event was sent"
