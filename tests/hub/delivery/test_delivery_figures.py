"""The monthly report leaves for DHIS2: only who agreed, nothing small, written down before, and true again after every change."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.dhis2 import adapter
from adapters.replay import Served
from hub import mapping
from hub.delivery.figures import report
from hub.delivery.write_back import Door
from hub.errors import Fatal, Retriable
from hub.exchange import change
from hub.fhir import Resource
from hub.fhir.contract import resolved
from hub.ports import Connection, Reported
from tests.support.association import ASSOCIATION, Scene, association, hospital, outcome
from tests.support.dhis2 import Dhis2StandIn

FORM = mapping.load("dhis2/monthly-report")
EXAMPLE = Path(__file__).parents[3] / "profiles/examples/valid/statistics-consent.json"
JULY = datetime(2026, 7, 1, 12, tzinfo=UTC)
NAMES = ("Zineb Alaoui", "0612345678", "AB123456", "S-7")


@pytest.fixture
def ministry() -> Iterator[tuple[Dhis2StandIn, str]]:
    cells = FORM.figures({"period": {"start": "2026-06-01", "end": "2026-06-30"}}).figures
    elements, options = ({one.element for one in cells}, {one.option for one in cells if one.option})
    stand_in = Dhis2StandIn("d2pat_token", sorted(elements), sorted(options))
    for row in FORM.row_codes:
        for element, option in row.said.items():
            stand_in.tracker.options.setdefault(element, []).append(option)
    with Served(stand_in).running() as served:
        yield stand_in, served.url


@pytest.fixture
def door(ministry: tuple[Dhis2StandIn, str], tmp_path: Path) -> Door:
    settings = {"url": ministry[1], "data_set": "IHALA_MONTHLY", "org_unit": "MA-CAS"}
    connection = Connection(
        "ministry", ASSOCIATION, "dhis2", FORM.id, settings, tmp_path, FORM.layout(), lambda _: "d2pat_token"
    )
    return Door(connection, adapter, FORM)


def referred(at: Scene, number: int, *, counted: bool = True) -> None:
    """A survivor in the register, referred; the hospital has answered; she says whether she may be counted."""
    at.receive(
        at.row(str(number), case_number=str(number), survivor_code=f"S-7{number}", full_name=f"Zineb Alaoui {number}")
    )
    (task,) = [one for one in at.all("Task") if one["status"] == "requested"]
    for step in ("accepted", "in-progress", "completed"):
        at.move(at.one("Task", id=task["id"]), step, hospital(), **(outcome() if step == "completed" else {}))
    if counted:
        change.create(may_be_counted(task["for"]["reference"]), association(), hub=at.hub)


def may_be_counted(patient: str) -> Resource:
    """The contract's own example of such a consent, given by her."""
    example = json.loads(resolved(EXAMPLE.read_text("utf-8")))
    said: Resource = example | {
        "patient": {"reference": patient},
        "performer": [{"reference": patient}],
        "organization": [{"reference": f"Organization/{ASSOCIATION}"}],
        "dateTime": "2026-06-01",
        "verification": [{"verified": True, "verificationDate": "2026-06-01"}],
    }
    said["provision"]["period"] = {"start": "2026-06-01", "end": "2027-06-01"}
    return {name: value for name, value in said.items() if name != "id"}


def sent(at: Scene, door: Door, *, dry_run: bool = False) -> Reported:
    at.clock.at = JULY
    return report(door, 2026, 6, dry_run=dry_run, hub=at.hub)[1]


def held(ministry: tuple[Dhis2StandIn, str]) -> Mapping[tuple[str, str], str]:
    return ministry[0].values.get(("MA-CAS", "202606"), {})


def test_from_a_register_over_the_hospitals_answer_to_the_ministry(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 7):
        referred(at, number)
    referred(at, 7, counted=False)
    assert sent(at, door).issues == ()
    found = held(ministry)
    assert (found["IHALA_SENT", ""], found["IHALA_COMPLETED", ""], found["IHALA_REFUSED", ""]) == ("6", "6", "0")
    assert found["IHALA_SENT_SERVICE", "SERVICE_MEDICAL"] == "6"
    assert found["IHALA_SENT_SERVICE", "SERVICE_LEGAL"] == "0"
    assert found["IHALA_COMPLETED_OUTCOME", "OUTCOME_SERVICE_PROVIDED"] == "6"


def test_consent_to_a_referral_is_no_consent_to_be_counted(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 7):
        referred(at, number, counted=False)
    sent(at, door)
    assert set(held(ministry).values()) == {"0"}


def test_small_cells_are_not_sent(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 4):
        referred(at, number)
    sent(at, door)
    assert held(ministry) == {}
    asked = b" ".join(one.body for one in ministry[0].asked)
    assert b'"value"' not in asked


def test_re_sending_a_month_overwrites_the_same_cells(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 7):
        referred(at, number)
    first = sent(at, door)
    before = dict(held(ministry))
    again = sent(at, door)
    assert held(ministry) == before
    assert (again.imported, again.updated) == (0, first.imported)


def test_a_month_in_which_too_few_are_left_is_taken_back(at: Scene, door: Door, ministry: Any) -> None:
    """One of five withdraws: four are too few to be told, and what was told of five is not left stale."""
    for number in range(1, 6):
        referred(at, number)
    sent(at, door)
    assert held(ministry)["IHALA_SENT", ""] == "5"
    mine = next(one for one in at.all("Consent") if "statistics" in str(one["provision"].get("purpose")))
    steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
    change.patch("Consent", mine["id"], steps, association(), expected=None, hub=at.hub)
    made = sent(at, door)
    assert held(ministry) == {} and made.deleted > 0


def test_nothing_that_is_sent_points_to_a_person(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 7):
        referred(at, number)
    sent(at, door)
    ids = [one["id"] for type_ in ("Patient", "Task", "ServiceRequest", "Consent") for one in at.all(type_)]
    wire = " ".join(f"{one.path} {one.query} {one.headers} {one.body.decode()}" for one in ministry[0].asked)
    assert len(ids) > 12 and not [one for one in (*ids, *NAMES) if one in wire]


def test_that_a_report_left_is_on_record_before_it_leaves(at: Scene, door: Door, ministry: Any) -> None:
    ministry[0].fail(503)
    before = len(at.all("AuditEvent"))
    with pytest.raises(Retriable):
        sent(at, door)
    (event,) = at.all("AuditEvent")[before:] or [None]
    assert event and "connection:ministry" in str(event)


def test_a_dry_run_writes_nothing_at_the_ministry(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 7):
        referred(at, number)
    made = sent(at, door, dry_run=True)
    assert made.imported > 0 and held(ministry) == {}


def test_a_door_that_takes_no_figures_is_told_apart(at: Scene, door: Door) -> None:
    from adapters.kobo import adapter as kobo  # noqa: PLC0415 — the one test that needs another door

    with pytest.raises(Fatal) as refused:
        report(Door(door.connection, kobo, FORM), 2026, 6, dry_run=False, hub=at.hub)
    assert refused.value.text == "delivery.no-figures"


# --- one by one, where the connection names an event programme --------------------------------------------------------


@pytest.fixture
def programme(door: Door) -> Door:
    named = {**door.connection.settings, "program": "IHALA_EVENTS", "program_stage": "IHALA_EVENT"}
    return Door(replace(door.connection, settings=named), door.adapter, door.mapping)


def events(ministry: tuple[Dhis2StandIn, str]) -> list[dict[str, str]]:
    return ministry[0].tracker.live()


def withdraw(at: Scene, number: int) -> None:
    """She may be counted no more."""
    consents = [one for one in at.all("Consent") if "statistics" in str(one["provision"].get("purpose"))]
    steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
    change.patch("Consent", consents[number]["id"], steps, association(), expected=None, hub=at.hub)


def test_each_referral_of_who_agreed_is_one_event_and_those_of_others_are_none(
    at: Scene, programme: Door, ministry: Any
) -> None:
    for number in range(1, 12):
        referred(at, number, counted=number < 11)
    assert sent(at, programme).begun == 10
    assert len(events(ministry)) == 10
    assert {one["IHALA_EVENT_SERVICE"] for one in events(ministry)} == {"SERVICE_MEDICAL"}
    assert {one["IHALA_EVENT_ENDED"] for one in events(ministry)} == {"ENDED_COMPLETED"}


def test_a_withdrawal_deletes_an_event_with_the_next_report_and_what_is_said_of_too_few(
    at: Scene, programme: Door, ministry: Any
) -> None:
    """Nine are not twice the smallest number: that they are alike is told no more."""
    for number in range(1, 11):
        referred(at, number)
    sent(at, programme)
    withdraw(at, 0)
    sent(at, programme)
    assert events(ministry) == [{}] * 9
    for number in range(1, 6):
        withdraw(at, number)
    made = sent(at, programme)
    assert made.ended == 9 and events(ministry) == []


def test_the_same_month_again_sends_no_event(at: Scene, programme: Door, ministry: Any) -> None:
    for number in range(1, 11):
        referred(at, number)
    sent(at, programme)
    before = list(ministry[0].tracker.events)
    made = sent(at, programme)
    assert (made.begun, made.ended) == (0, 0) and list(ministry[0].tracker.events) == before


def test_no_event_is_sent_where_the_connection_names_no_programme(at: Scene, door: Door, ministry: Any) -> None:
    for number in range(1, 11):
        referred(at, number)
    sent(at, door)
    assert ministry[0].tracker.events == {} and not [one for one in ministry[0].asked if "tracker" in one.path]


def test_of_a_longer_period_nothing_is_told_one_by_one(at: Scene, programme: Door, ministry: Any) -> None:
    for number in range(1, 11):
        referred(at, number)
    sent(at, programme)
    ministry[0].sets["IHALA_MONTHLY"] = "Quarterly"
    figures, made = report(programme, 2026, 6, dry_run=False, hub=at.hub, months=3)
    assert figures.rows is None and [one.text for one in made.issues] == ["dhis2.no-events"]
    assert len(events(ministry)) == 10


def test_no_event_points_to_a_person_or_to_a_day(at: Scene, programme: Door, ministry: Any) -> None:
    for number in range(1, 11):
        referred(at, number)
    sent(at, programme)
    ids = [one["id"] for type_ in ("Patient", "Task", "ServiceRequest", "Consent") for one in at.all(type_)]
    wire = " ".join(f"{one.path} {one.query} {one.headers} {one.body.decode()}" for one in ministry[0].asked)
    assert len(ids) > 12 and not [one for one in (*ids, *NAMES) if one in wire]
    assert {one.about["occurredAt"] for one in ministry[0].tracker.events.values()} == {"2026-06-01"}
