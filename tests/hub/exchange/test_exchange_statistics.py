"""The monthly report: who may be counted and nobody else, as many as a naive count finds, and nothing small."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median

import pytest

from hub import conformance
from hub.exchange.statistics import is_over, period, statistics
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import instant
from hub.ports import Changes, Key, Save
from hub.referral.courses import UNSAID
from hub.referral.reporting import Reporting, Statistics, report
from hub.referral.steps import concept
from hub.referral.suppression import suppress
from tests.support.association import ASSOCIATION, HOSPITAL, Scene
from tests.support.consents import consent

OURS = (Key(f"{ASSOCIATION}|*|*"),)
SERVICES, PLACES = ("medical", "legal", "shelter"), ("MA-CAS", "MA-FES", "")
REASONS, OUTCOMES = ("no-capacity", "out-of-area"), ("service-provided", "not-provided")
AGES, TYPES = ("15-17", "26-40", ""), ("rape", "physical-assault", "")
MAY = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """A referral as the test made it up: hours after `sent` at which it came to each status."""

    counted: bool
    sent: datetime
    service: str
    place: str
    course: dict[str, int]
    said: str
    age: str = "26-40"
    violence: str = "rape"


def made_up(seed: int, number: int = 60) -> Iterator[Told]:
    chance = Random(seed)
    for _ in range(number):
        ends = chance.choice(
            [(), ("rejected",), ("accepted",), ("accepted", "in-progress", "completed"), ("accepted", "completed")]
        )
        hours = sorted(chance.sample(range(1, 400), len(ends)))
        said = chance.choice(REASONS) if "rejected" in ends else chance.choice(OUTCOMES)
        sent = MAY + timedelta(hours=chance.randrange(-100, 840))
        yield Told(
            chance.random() < 0.8,
            sent,
            chance.choice(SERVICES),
            chance.choice(PLACES),
            dict(zip(ends, hours, strict=True)),
            said,
            chance.choice(AGES),
            chance.choice(TYPES),
        )


def task(number: int, one: Told, status: str, hours: int) -> Resource:
    said: list[Resource] = [
        {"type": concept("task-input", "service-type"), "valueCodeableConcept": concept("service-type", one.service)}
    ]
    said += [{"type": concept("task-input", "province"), "valueCode": one.place}] if one.place else []
    said += [{"type": concept("task-input", "age-band"), "valueCode": one.age}] if one.age else []
    body: Resource = {
        "resourceType": "Task", "id": f"t{number}", "meta": {"profile": [profile("referral-task")]}, "status": status,
        "intent": "order", "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "for": {"reference": f"Patient/p{number}"}, "focus": {"reference": f"ServiceRequest/n{number}"}, "authoredOn": instant(one.sent),
        "lastModified": instant(one.sent + timedelta(hours=hours)), "input": said,
        "requester": {"reference": f"Organization/{ASSOCIATION}"}, "owner": {"reference": f"Organization/{HOSPITAL}"},
    }  # fmt: skip
    if status == "rejected":
        body["statusReason"] = concept("referral-status-reason", one.said)
    if status == "completed":
        body["output"] = [
            {"type": concept("task-output", "outcome"), "valueCodeableConcept": concept("referral-outcome", one.said)}
        ]
    return body


def keep(at: Scene, number: int, one: Told) -> None:
    person = f"p{number}"
    root = {
        "type": "permit" if one.counted else "deny",
        "purpose": [{"system": code_system("purpose"), "code": "statistics"}],
        "class": [{"system": code_system("data-class"), "code": "statistics"}],
    }
    hers = [
        {"resourceType": "Patient", "id": person, "birthDate": "1990-01-01"},
        consent(root, f"c{number}", person=person) | {"organization": [{"reference": f"Organization/{ASSOCIATION}"}]},
        task(number, one, "requested", 0),
        *incidents(number, one),
    ]
    at.store.commit(Changes(saves=[Save(body, person, ASSOCIATION, OURS) for body in hers], persons={person: 0}))
    for version, (status, hours) in enumerate(one.course.items(), 1):
        moved = Save(task(number, one, status, hours), person, ASSOCIATION, OURS, version)
        at.store.commit(Changes(saves=[moved], persons={person: version}))


def incidents(number: int, one: Told) -> Iterator[Resource]:
    """What happened last says by which type she is counted."""
    said = [("2026-03-02", one.violence), ("2026-01", "forced-marriage")] if one.violence else []
    for at, (day, type_) in enumerate(said):
        yield {
            "resourceType": "Observation", "id": f"o{number}-{at}", "status": "final", "effectiveDateTime": day,
            "meta": {"profile": [profile("incident")]}, "subject": {"reference": f"Patient/p{number}"},
            "valueCodeableConcept": concept("gbv-type", type_),
        }  # fmt: skip


def of_may(at: Scene, smallest: int = 5, months: int = 1) -> Statistics:
    at.clock.at = datetime(2026, 7, 1, tzinfo=UTC)
    return statistics(ASSOCIATION, 2026, 5, hub=replace(at.hub, reporting=Reporting(smallest, months)))


def in_may(one: Told) -> bool:
    return one.counted and datetime(2026, 4, 30, 23, tzinfo=UTC) <= one.sent < datetime(2026, 5, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_told_equals_a_naive_count_and_the_rest_is_held_back(at: Scene, seed: int) -> None:
    world = list(made_up(seed))
    for number, one in enumerate(world):
        keep(at, number, one)
    counted = [one for one in world if in_may(one)]
    found = of_may(at)
    sent, completed, refused, apart = found.groups
    assert (apart.whole, apart.by) == (0, {})
    ended = {status: [one for one in counted if status in one.course] for status in ("completed", "rejected")}
    fates = {"a": len(ended["completed"]), "b": len(ended["rejected"])}
    expected = suppress({**fates, UNSAID: len(counted) - sum(fates.values())}, 5)
    assert expected is not None
    assert (sent.whole, completed.whole, refused.whole) == (len(counted), expected["a"], expected["b"])
    assert sent.by.get("service") == suppress(Counter(one.service for one in counted), 5)
    assert sent.by.get("area") == suppress(Counter(one.place or UNSAID for one in counted), 5)
    assert sent.by.get("age-band") == suppress(Counter(one.age or UNSAID for one in counted), 5)
    assert sent.by.get("violence-type") == suppress(Counter(one.violence or UNSAID for one in counted), 5)
    assert "violence-type" not in completed.by and "age-band" not in refused.by
    for group, those, dimension in ((completed, ended["completed"], "outcome"), (refused, ended["rejected"], "reason")):
        if group.whole is not None:
            assert group.by.get(dimension) == suppress(Counter(one.said for one in those), 5)  # type: ignore[call-overload]
    hours = sorted(one.course["accepted"] for one in counted if "accepted" in one.course)
    assert found.waits["acceptance"] == timedelta(hours=round(median(hours)))


def test_the_report_is_valid(at: Scene) -> None:
    for number, one in enumerate(made_up(3)):
        keep(at, number, one)
    found = of_may(at)
    body = report(found, "MA-CAS")
    assert [issue for issue in conformance.examine(body | {"id": "may"}) if issue.blocks] == []
    assert "p1" not in repr(body) and "Patient" not in repr(body) and "Task" not in repr(body)


def test_few_are_not_told_at_all(at: Scene) -> None:
    for number in range(3):
        keep(at, number, Told(True, MAY + timedelta(days=1), "medical", "", {"accepted": 5}, ""))
    found = of_may(at)
    assert [(group.whole, dict(group.by)) for group in found.groups[:3]] == [(None, {})] * 3
    assert set(found.waits.values()) == {None}
    assert [issue for issue in conformance.examine(
        {**report(found, "MA-CAS"), "id": "may"}
    ) if issue.blocks] == []  # fmt: skip


def test_who_did_not_say_that_she_may_be_counted_is_not(at: Scene) -> None:
    at.receive(at.row())
    assert statistics(ASSOCIATION, 2026, 6, hub=at.hub).groups[0].whole == 0


def test_a_month_is_over_when_its_last_day_is_in_morocco() -> None:
    assert period(2026, 12, 1) == (date(2026, 12, 1), date(2026, 12, 31))
    last = period(2026, 2, 1)[1]
    assert not is_over(last, datetime(2026, 2, 28, 22, tzinfo=UTC))
    assert is_over(last, datetime(2026, 3, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("months", [1, 3, 6, 12])
def test_periods_of_several_months_follow_each_other_and_never_overlap(months: int) -> None:
    found = sorted({period(2028, month, months) for month in range(1, 13)})
    assert len(found) == 12 // months and found[0][0] == date(2028, 1, 1) and found[-1][1] == date(2028, 12, 31)
    assert all(one[1] + timedelta(days=1) == other[0] for one, other in pairwise(found))


def test_a_report_of_a_quarter_is_of_all_its_months(at: Scene) -> None:
    for number, day in enumerate((-29, 0, 20, 40, 65)):  # from April to June, and one of July
        keep(at, number, Told(True, MAY + timedelta(days=day), "medical", "", {}, ""))
    assert of_may(at, 1, 3).groups[0].whole == 4
    assert of_may(at, 1, 12).groups[0].whole == 5


def test_a_quarter_is_told_beside_its_months_and_gives_none_of_them_away(at: Scene) -> None:
    """Of May, as Morocco has it, six; of June three, which its own report does not tell."""
    days = [-0.01, 0, 5, 10, 15, 20, 40, 45, 50]
    for number, day in enumerate(days):
        keep(at, number, Told(True, MAY + timedelta(days=day), "medical", "MA-CAS", {}, ""))
    at.clock.at = datetime(2026, 7, 2, tzinfo=UTC)

    def whole(month: int, months: int, smallest: int) -> int | None:
        hub = replace(at.hub, reporting=Reporting(smallest))
        return statistics(ASSOCIATION, 2026, month, hub=hub, months=months).groups[0].whole

    assert [whole(month, 1, 5) for month in (4, 5, 6)] == [0, 6, None]
    assert whole(4, 3, 5) is None, "less the six of May it would be the three of June"
    assert whole(4, 3, 3) == 9
