"""What is kept for counting tells the same as the histories and the consents themselves, at every moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.exchange.erase import erase
from hub.exchange.expire import sweep
from hub.exchange.statistics import statistics
from hub.fhir.canonicals import code_system
from hub.ports import Changes, Save, Visible
from hub.referral.reporting import Reporting
from hub.store.mongo import MongoStore
from tests.hub.exchange.test_exchange_statistics import MAY, OURS, Told, keep, made_up, of_may, task
from tests.support.association import ASSOCIATION, Scene
from tests.support.consents import consent


def settle(at: Scene) -> None:
    while sweep(hub=at.hub):
        pass


def sent(at: Scene) -> int | None:
    return statistics(ASSOCIATION, 2026, 5, hub=replace(at.hub, reporting=Reporting(1))).groups[0].whole


def one(at: Scene, **period: str) -> None:
    """One referral of May, of somebody who says in this time that she may be counted."""
    keep(at, 0, Told(False, MAY + timedelta(days=3), "medical", "MA-CAS", {"accepted": 5}, ""))
    root = {
        "type": "permit",
        "period": period,
        "purpose": [{"system": code_system("purpose"), "code": "statistics"}],
        "class": [{"system": code_system("data-class"), "code": "statistics"}],
    }
    say(at, consent(root, "c0", person="p0"), replaces=1)


def say(at: Scene, body: dict[str, object], replaces: int) -> None:
    revision = at.store.database.persons.find_one({"_id": "p0"})["r"]  # type: ignore[index]
    at.store.commit(Changes(saves=[Save(body, "p0", ASSOCIATION, OURS, replaces)], persons={"p0": revision}))


@pytest.mark.parametrize("seed", range(2))
def test_courses_that_are_kept_count_as_the_histories_do(at: Scene, seed: int) -> None:
    for number, made in enumerate(made_up(seed, 30)):
        keep(at, number, made)
    kept = of_may(at, 2)
    settle(at)
    settled = of_may(at, 2)
    at.store.database.Task.update_many({}, {"$unset": {"q": ""}})
    replayed = of_may(at, 2)
    assert (kept.groups, kept.waits) == (settled.groups, settled.waits) == (replayed.groups, replayed.waits)
    assert kept.groups[0].whole


def test_what_was_kept_before_age_bands_were_is_completed_when_the_database_is_opened(
    at: Scene, mongodb_uri: str
) -> None:
    for number, made in enumerate(made_up(0, 30)):
        keep(at, number, made)
    kept = of_may(at, 2)
    tasks = at.store.database.Task
    before = {one["_id"]: one["q"] for one in tasks.find()}
    tasks.update_many({}, {"$unset": {"q.d.age-band": ""}})
    assert {one["_id"]: one["q"] for one in tasks.find()} != before
    at.store.database.settings.delete_one({"_id": "courses"})
    with MongoStore.open(mongodb_uri, at.store.database.name):
        pass
    assert {one["_id"]: one["q"] for one in tasks.find()} == before
    assert of_may(at, 2).groups == kept.groups


def test_a_settled_person_is_counted_without_reading_her_records(at: Scene) -> None:
    one(at)
    at.clock.at = datetime(2026, 7, 1, tzinfo=UTC)
    settle(at)
    figures = at.store.figures
    assert figures.counted(ASSOCIATION, at.clock.now()) == {"p0": "rape"} and not figures.unsettled({"p0"})
    assert not figures.without_course(Visible(frozenset({f"{ASSOCIATION}|*|*"}), at.clock.now()))


def test_a_consent_to_be_counted_begins_and_ends_by_itself(at: Scene) -> None:
    one(at, start="2026-07-10", end="2026-07-20")
    for day, expected in ((9, 0), (11, 1), (19, 1), (22, 0)):
        at.clock.at = datetime(2026, 7, day, tzinfo=UTC)
        assert sent(at) == expected
        settle(at)
        assert sent(at) == expected


def test_who_withdraws_is_gone_from_the_next_report_settled_or_not(at: Scene) -> None:
    one(at)
    at.clock.at = datetime(2026, 7, 1, tzinfo=UTC)
    settle(at)
    assert sent(at) == 1
    said = at.one("Consent")
    say(at, {**said, "status": "inactive"}, replaces=2)
    assert sent(at) == 0
    settle(at)
    assert sent(at) == 0


def test_what_was_known_is_asked_again_when_the_rules_change(at: Scene) -> None:
    one(at)
    settle(at)
    at.store.database.persons.update_one({"_id": "p0"}, {"$set": {"s": []}})
    assert sent(at) == 0
    at.store.follow_rules("other rules")
    assert sent(at) == 1


def test_of_who_is_erased_no_course_is_left(at: Scene) -> None:
    at.receive(at.row())
    (person,) = at.all("Patient")
    erase(person["id"], "asked", hub=at.hub)
    assert at.store.database.Task.find_one({"q": {"$exists": True}}) is None
    assert at.store.database.persons.find_one({"s": {"$exists": True}}) is None


def test_a_referral_in_error_and_a_draft_are_not_counted(at: Scene) -> None:
    one(at)
    assert sent(at) == 1
    mistaken = task(0, Told(True, MAY, "medical", "", {}, ""), "entered-in-error", 9)
    say(at, mistaken, replaces=2)
    assert sent(at) == 0
