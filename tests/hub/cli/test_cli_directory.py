"""`hub directory`: what a listening centre reads while it is on the telephone."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.bootstrap import opened
from hub.exchange.publish import publish
from tests.support.command_line import Command
from tests.support.services import service

MATCH = ("directory", "match", "--service", "shelter", "--area", "MA-CAS", "--age-band", "18-25", "--language", "ary")


@pytest.fixture
def known(hub: Command) -> Command:
    """Two shelters, and the example hospital's services."""
    always = {"daysOfWeek": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "allDay": True}
    near = service(
        "dar-exemple-shelter", by="example-association", area=["MA-CAS"], speaks=["ar", "fr"], hours=[always]
    )
    far = service("dar-loin-shelter", by="example-hospital", area=["MA-FES"], room=("capacity", "2026-01-05T10:00:00Z"))
    with opened(hub.home) as deployment:
        publish([near | {"telecom": [{"system": "phone", "value": "+212500000000"}]}, far], hub=deployment.hub)
    return hub


def test_the_services_that_are_given_are_listed_each_with_what_the_next_command_needs(known: Command) -> None:
    listed = known.json("directory", "list")
    assert {"dar-exemple-shelter", "example-hospital-medical"} <= {one["service"] for one in listed}
    shelters = known.json("directory", "list", "--service", "shelter", "--area", "MA-SET")
    assert [one["service"] for one in shelters] == ["dar-exemple-shelter"], "of the same region"
    assert "dar-exemple-shelter" in known("directory", "list").output


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Serves the place asked for", "Open now", "Does not say whether there is room", "Call before"]),
        ("fr", ["Dessert le lieu demandé", "Ouvert maintenant", "Places disponibles non indiquées", "Appelez avant"]),
        ("ar", ["تشمل المكان المطلوب", "مفتوحة الآن", "لم يُذكر هل هناك أماكن شاغرة", "اتصلوا قبل"]),
    ],
)
@pytest.mark.parametrize("columns", ["60", "200"])
def test_what_answers_a_need_is_told_with_reasons_doubts_and_a_number_to_call(
    known: Command, monkeypatch: pytest.MonkeyPatch, language: str, said: list[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = known(*MATCH, language=language)
    assert shown.exit_code == 0
    text = " ".join(shown.output.replace("│", " ").split())
    for sentence in [*said, "+212500000000"]:
        assert sentence in text or columns == "200"
    assert max(map(len, shown.output.splitlines())) <= max(int(columns), 110)


def test_the_order_the_reasons_and_who_is_left_out_can_be_read_by_a_program(known: Command) -> None:
    first, other = known.json(*MATCH)
    assert (first["service"], other["service"]) == ("dar-exemple-shelter", "dar-loin-shelter")
    assert first["score"] > other["score"]
    assert {"code": "room-not-confirmed", "doubt": True, "text": "Room not confirmed since 05/01/2026"} in other[
        "reasons"
    ]
    (left,) = known.json(*MATCH, "--without", "example-association")
    assert left["service"] == "dar-loin-shelter"


def test_what_a_service_cannot_do_without_leaves_out_what_does_not_say_that_it_has_it(known: Command) -> None:
    wheelchair = service("dar-accessible-shelter", by="example-hospital", area=["MA-FES"], has=["wheelchair"])
    with opened(known.home) as deployment:
        publish([wheelchair], hub=deployment.hub)
    asked = ("directory", "match", "--service", "shelter", "--required", "wheelchair")
    assert [one["service"] for one in known.json(*asked)] == ["dar-accessible-shelter"]
    assert known(*asked[:-1], "staircase").exit_code == 2


def test_only_what_says_that_it_is_open_then_is_named_when_that_is_asked(known: Command) -> None:
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"
    asked = ("directory", "match", "--service", "shelter", "--open")
    for at in ((), ("--at", tomorrow)):
        assert [one["service"] for one in known.json(*asked, *at)] == ["dar-exemple-shelter"]
    for at in ("2026-01-01T10:00", "2126-01-01T10:00"):
        wrong = known(*asked, "--at", at)
        assert wrong.exit_code == 2 and "60" in wrong.output


def test_a_band_that_does_not_exist_is_a_wrong_use_that_names_those_that_do(known: Command) -> None:
    wrong = known("directory", "match", "--service", "shelter", "--age-band", "18-29")
    assert wrong.exit_code == 2
    assert "18-25" in wrong.output


def test_nothing_that_fits_is_said(known: Command) -> None:
    assert "There is no such service" in known("directory", "match", "--service", "water").output
    assert "There is no such service" in known("directory", "list", "--service", "water").output


def test_what_an_organisation_says_of_its_room_by_telephone_holds_from_now_on_and_is_recorded(known: Command) -> None:
    before = next(one for one in known.json(*MATCH) if one["service"] == "dar-loin-shelter")
    assert known("directory", "capacity", "dar-loin-shelter", "waitlist", "--note", "call-first").exit_code == 0
    after = next(one for one in known.json(*MATCH) if one["service"] == "dar-loin-shelter")
    assert after["capacity"] == "waitlist"
    assert after["updated"] > before["updated"]
    assert "waiting-list" in {one["code"] for one in after["reasons"]}
    assert after["areas"] == ["MA-FES"], "what else it says stays"
    assert "Call before referring" in known(*MATCH).output
    with opened(known.home) as deployment:
        events = [one["json"] for one in deployment.hub.store.database.AuditEvent.find()]  # type: ignore[attr-defined]
    (event,) = (json.loads(one) for one in events if "entry.update" in one)
    assert event["agent"][0]["who"] == {"reference": "Organization/example-hospital"}
    assert event["agent"][0]["altId"] == "hub:directory"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nobody", "capacity"), 1),
        (("dar-loin-shelter", "plenty"), 2),
        (("dar-loin-shelter", "waitlist", "--places", "2"), 2),
        (("dar-loin-shelter", "waitlist", "--note", "free words"), 2),
    ],
)
def test_what_is_no_service_or_no_code_changes_nothing(known: Command, arguments: tuple[str, ...], code: int) -> None:
    assert known("directory", "capacity", *arguments).exit_code == code
    assert next(one for one in known.json(*MATCH) if one["service"] == "dar-loin-shelter")["capacity"] == "capacity"


def test_the_whole_directory_is_published_by_a_connection_that_can(known: Command) -> None:
    lines = [
        "organization: example-association",
        "adapter: hsds",
        "mapping: hsds/directory",
        "settings: {output: public/hsds}",
    ]
    (known.home / "connections" / "annuaire.yaml").write_text("\n".join(lines), "utf-8")
    shown = known("directory", "publish", "annuaire")
    assert shown.exit_code == 0, shown.output
    page = json.loads((known.home / "public" / "hsds" / "services" / "page-1.json").read_text("utf-8"))
    assert f"Services published: {page['total_items']}." in shown.output
    refuges = [one for one in page["contents"] if "+212500000000" in str(one)]
    assert page["total_items"] >= 3 and refuges == [], "a shelter's own number is not published"


def test_a_connection_that_cannot_publish_is_a_wrong_use(known: Command) -> None:
    known.register()
    wrong = known("directory", "publish", "register")
    assert wrong.exit_code == 2 and "does not publish" in wrong.output
