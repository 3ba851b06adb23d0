"""Needs that were not referred: by whatever the record says they stay with who wrote them, and are a number by reason."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from adapters.spreadsheet import adapter
from hub import conformance, errors, mapping
from hub.exchange.pull import pull
from hub.exchange.statistics import statistics
from hub.exchange.versions import of_instance, vread
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.needs import NO_REFERRAL, no_referral_reason
from hub.ports import Caller, Changes, Connection, Save, Versions
from hub.referral.reporting import Reporting, Statistics, report
from hub.referral.suppression import Told, suppress
from hub.store import MongoStore
from tests.hub.exchange.test_exchange_declined import HEADERS, HERS, MARKS, seen_by_others
from tests.hub.exchange.test_exchange_statistics import OURS
from tests.hub.exchange.test_exchange_unchanged_no import COUNTED
from tests.support.association import ASSOCIATION, ROW, Scene, hospital
from tests.support.consents import consent
from tests.support.network import KEEPER, agreed, network, referred, refusal, survivor
from tests.support.network import need as needed

REASONS = (
    "declined-by-survivor",
    "service-unavailable",
    "service-given-here",
    "service-already-received",
    "not-applicable",
)
OTHER = {
    "survivor_code": "S-8",
    "cin": "AB999999",
    "case_number": "13",
    "consent": "",
    "request": "",
    "referred_to": "",
}
COLUMNS = HEADERS | {"service_given": "Service rendu"}


class Register:
    """A file that always holds all that the association has, and asks each woman whether she may be counted."""

    def __init__(self, at: Scene, folder: Path) -> None:
        (folder / "mapping.yaml").write_text(COUNTED, "utf-8")
        self.at, self.path = at, folder / "register.csv"
        self.form = mapping.load(str(folder / "mapping.yaml"))
        said = {"path": "register.csv", "snapshot": True}
        self.connection = Connection(
            "register", ASSOCIATION, "spreadsheet", self.form.id, said, folder, self.form.layout(), lambda _: ""
        )

    def says(self, *rows: Mapping[str, str]) -> None:
        with self.path.open("w", encoding="utf-8", newline="") as file:
            write = csv.writer(file, delimiter=";").writerow
            write(COLUMNS.values())
            for row in rows:
                said = ROW | {"may_be_counted": "oui"} | row
                write([said.get(name, "") for name in COLUMNS])
        pull(self.connection, adapter, self.form, hub=self.at.hub)

    def told(self, smallest: int = 1) -> tuple[Told, Told]:
        """Of May: the referrals that were sent then or since, and the needs that were not."""
        return told(self.at, 5, smallest).groups[0], told(self.at, 5, smallest).groups[3]


def told(at: Scene, month: int, smallest: int = 5, months: int = 1) -> Statistics:
    """Reports of the year, from the year after."""
    at.clock.at = max(at.clock.at, datetime(2027, 1, 2, tzinfo=UTC))
    return statistics(ASSOCIATION, 2026, month, hub=replace(at.hub, reporting=Reporting(smallest)), months=months)


@pytest.fixture
def register(at: Scene, tmp_path: Path) -> Register:
    return Register(at, tmp_path)


def need(at: Scene, status: str = "active") -> Resource:
    return at.one("ServiceRequest", status=status)


def outbox(at: Scene) -> list[Mapping[str, object]]:
    return list(at.store.database.outbox.find())


# --- from the first row on --------------------------------------------------------------------------------------------


def test_what_she_declines_from_the_first_row_is_counted_by_its_reason_and_sent_to_nobody(register: Register) -> None:
    register.says({"consent": "refuse l'orientation"})
    at = register.at
    assert no_referral_reason(need(at)) == "declined-by-survivor" and "performer" not in need(at)
    assert at.all("Task") == [] and outbox(at) == [] and seen_by_others(at) == []
    assert [one for name in HERS for one in at.all(name) if at.keys(one)] == []
    sent, apart = register.told()
    assert (apart.whole, apart.by) == (1, {"no-referral-reason": {"declined-by-survivor": 1}})
    whole_year = [group.whole for group in told(at, 1, 1, 12).groups]
    assert sent.whole == 0 and whole_year == [0, 0, 0, 1]


def test_in_arabic_it_is_the_same_and_what_the_association_gave_is_another_reason(register: Register) -> None:
    register.says({"consent": "رفضت الإحالة"}, OTHER | {"service_given": "écoute"})
    by = register.told()[1].by["no-referral-reason"]
    assert by == {"declined-by-survivor": 1, "service-given-here": 1}
    assert register.at.all("Task") == []


def test_who_does_not_wish_to_be_counted_is_in_no_number_of_what_was_not_referred(register: Register) -> None:
    register.says({"consent": "refuse", "may_be_counted": "non"})
    assert no_referral_reason(need(register.at)) == "declined-by-survivor"
    assert register.told()[1].whole == 0
    register.says({"consent": "refuse"})
    assert register.told()[1].whole == 1


def test_nothing_of_what_is_told_of_it_points_to_her(register: Register) -> None:
    register.says({"consent": "refuse"})
    said = report(told(register.at, 5, 1), "MA-CAS")
    identifying = [*MARKS, *(one["id"] for type_ in HERS for one in register.at.all(type_))]
    assert "declined-by-survivor" in repr(said) and [mark for mark in identifying if mark in repr(said)] == []


# --- when the record changes ------------------------------------------------------------------------------------------


def test_a_row_that_is_referred_after_all_is_a_referral_and_counted_as_none_that_was_not(register: Register) -> None:
    register.says({"consent": "refuse"})
    register.says({"consent": "oui"})
    at = register.at
    assert no_referral_reason(need(at)) == "" and at.one("Task")["status"] == "requested"
    assert register.told()[1].whole == 0


def test_a_row_that_is_deleted_takes_it_out_of_the_count_and_one_that_comes_again_puts_it_back(
    register: Register,
) -> None:
    given = {"service_given": "écoute"}
    register.says({"consent": "refuse"} | given, OTHER)
    assert register.told()[1].whole == 2
    register.says(OTHER)
    assert {one["status"] for one in register.at.all("ServiceRequest")} == {"entered-in-error"}
    assert register.told()[1].whole == 0
    register.says({"consent": "refuse"} | given, OTHER)
    assert register.told()[1].whole == 2 and register.at.all("Task") == []


@pytest.mark.parametrize("reached", ["requested", "accepted", "in-progress"])
def test_what_she_declines_once_it_was_sent_ends_and_is_seen_by_nobody_any_more(
    register: Register, reached: str
) -> None:
    register.says({"consent": "oui"})
    at = register.at
    for status in ("accepted", "in-progress")[: ("requested", "accepted", "in-progress").index(reached)]:
        at.move(at.one("Task"), status, hospital())
    register.says({"consent": "refuse"})
    assert at.one("Task")["status"] == "cancelled"
    assert no_referral_reason(need(at)) == "declined-by-survivor"
    assert at.keys(need(at)) == frozenset()
    assert [text for text in seen_by_others(at) if "no-referral-reason" in text or NO_REFERRAL in text] == []


@pytest.mark.parametrize("reached", ["requested", "accepted", "in-progress"])
def test_what_she_declines_once_it_was_sent_is_counted_as_sent_and_not_among_what_was_not_referred(
    register: Register, reached: str
) -> None:
    register.says({"consent": "oui"}, OTHER | {"consent": "refuse", "request": "juridique"})
    at = register.at
    for status in ("accepted", "in-progress")[: ("requested", "accepted", "in-progress").index(reached)]:
        at.move(at.one("Task"), status, hospital())
    register.says({"consent": "refuse"}, OTHER | {"consent": "refuse", "request": "juridique"})
    of_the_year = [group.whole for group in told(at, 1, 1, 12).groups]
    assert of_the_year == [1, 0, 0, 1]  # the other woman's alone was never sent
    assert register.told()[1].by == {"no-referral-reason": {"declined-by-survivor": 1}}


def test_a_draft_that_she_declines_before_it_is_sent_was_not_referred(register: Register) -> None:
    register.says({"consent": "oui", "consent_date": ""})
    register.says({"consent": "refuse"})
    assert [group.whole for group in told(register.at, 1, 1, 12).groups] == [0, 0, 0, 1]


def test_whoever_is_asked_after_all_is_told_of_no_version_why_nobody_was_asked_before(register: Register) -> None:
    at = register.at
    register.says({"consent": "refuse"})
    declined = need(at)
    register.says({"consent": "oui"})
    at.move(at.one("Task"), "accepted", hospital())
    asked = need(at)
    assert asked["id"] == declined["id"] and asked["meta"]["versionId"] > declined["meta"]["versionId"] == "1"
    told = of_instance("ServiceRequest", asked["id"], Versions(asked["id"]), hospital(), hub=at.hub).entries
    seen = [one.view.text for one in told if one.view]
    seen.append(vread("ServiceRequest", asked["id"], 1, hospital(), hub=at.hub).text)
    assert len(seen) > 1 and [one for one in seen if NO_REFERRAL in one or "declined" in one] == []
    own = vread("ServiceRequest", asked["id"], 1, Caller("amal-system", ASSOCIATION, "TREAT"), hub=at.hub)
    assert "declined-by-survivor" in own.text


@pytest.mark.parametrize("reason", REASONS)
def test_no_referral_of_it_is_sent_until_the_record_says_no_more_that_it_was_not_referred(
    store: MongoStore, reason: str
) -> None:
    at, why = network(store), [{"url": NO_REFERRAL, "valueCode": reason}]
    at.keep(survivor(), needed(extension=why), agreed("chu", "clinique"))
    for owner in ("chu", ""):  # to somebody, and open to claim
        assert refusal(lambda owner=owner: at.create(referred(owner), KEEPER)) is errors.ILLEGAL_TRANSITION  # type: ignore[misc]
    assert at.all("Task") == [] and at.told() == []
    at.keep(needed())
    assert at.create(referred("chu"), KEEPER)["status"] == "requested"


# --- small numbers ----------------------------------------------------------------------------------------------------


def keep(at: Scene, number: int, day: datetime, reason: str, *, counted: bool = True, status: str = "active") -> None:
    person = f"p{number}"
    root = {
        "type": "permit" if counted else "deny",
        "purpose": [{"system": code_system("purpose"), "code": "statistics"}],
        "class": [{"system": code_system("data-class"), "code": "statistics"}],
    }
    hers = [
        {"resourceType": "Patient", "id": person, "birthDate": "1990-01-01"},
        consent(root, f"c{number}", person=person) | {"organization": [{"reference": f"Organization/{ASSOCIATION}"}]},
        {
            "resourceType": "ServiceRequest", "id": f"n{number}", "meta": {"profile": [profile("need")]}, "status": status,
            "intent": "order", "subject": {"reference": f"Patient/{person}"}, "authoredOn": f"{day:%Y-%m-%d}",
            "extension": [{"url": NO_REFERRAL, "valueCode": reason}],
        },
    ]  # fmt: skip
    at.store.commit(Changes(saves=[Save(body, person, ASSOCIATION, OURS) for body in hers], persons={person: 0}))


@pytest.mark.parametrize("seed", range(3))
def test_the_group_equals_a_naive_count_and_what_is_small_is_held_back(at: Scene, seed: int) -> None:
    chance, expected = Random(seed), Counter[str]()
    for number in range(60):
        day = datetime(2026, 4, 20) + timedelta(days=chance.randrange(50))
        reason, counted = chance.choices(REASONS, (8, 4, 4, 1, 1))[0], chance.random() < 0.8
        status = chance.choice(["active", "draft", "completed", "revoked", "entered-in-error"])
        keep(at, number, day, reason, counted=counted, status=status)
        if counted and day.month == 5 and status != "entered-in-error":
            expected[reason] += 1
    sent, _, _, apart = told(at, 5).groups
    assert (sent.whole, apart.whole) == (0, expected.total())
    assert apart.by.get("no-referral-reason") == suppress(expected, 5)
    body = report(told(at, 5), "MA-CAS")
    assert [issue for issue in conformance.examine(body | {"id": "may"}) if issue.blocks] == []


def test_few_needs_that_were_not_referred_are_not_told_at_all(at: Scene) -> None:
    for number in range(4):
        keep(at, number, datetime(2026, 5, 3), "declined-by-survivor")
    apart = told(at, 5).groups[3]
    assert (apart.whole, apart.by) == (None, {})


def test_a_single_small_reason_takes_another_with_it(at: Scene) -> None:
    for number in range(14):
        keep(at, number, datetime(2026, 5, 3), "declined-by-survivor" if number < 12 else "service-unavailable")
    apart = told(at, 5).groups[3]
    assert (apart.whole, apart.by["no-referral-reason"]) == (
        14,
        dict.fromkeys(("declined-by-survivor", "service-unavailable")),
    )


def test_a_quarter_of_needs_is_told_beside_its_months_and_gives_none_of_them_away(at: Scene) -> None:
    for number in range(9):  # six of May, three of June
        keep(at, number, datetime(2026, 5 if number < 6 else 6, 3), "service-unavailable")

    def whole(month: int, months: int, smallest: int) -> int | None:
        return told(at, month, smallest, months).groups[3].whole

    assert [whole(month, 1, 5) for month in (4, 5, 6)] == [0, 6, None]
    assert whole(4, 3, 5) is None, "less the six of May it would be the three of June"
    assert whole(4, 3, 3) == 9
