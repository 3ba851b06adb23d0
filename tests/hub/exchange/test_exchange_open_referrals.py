"""Who is told how much is left of the time for care: whoever may see the incident, and before acceptance nobody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.errors import NOT_FOUND, HubError
from hub.exchange import open_referrals
from hub.exchange.expire import sweep
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.references import reference
from hub.ports import Changes, Key, Save
from hub.referral.deadlines import Rung
from tests.hub.exchange.test_exchange_aftermath import sign
from tests.support.association import ASSOCIATION, BEGINNING, COURT, HOSPITAL, Scene, hospital
from tests.support.consents import permit


def windows(at: Scene, organization: str) -> list[str]:
    return [one.state for one in open_referrals.one(at.one("Task")["id"], organization, hub=at.hub).left]


def incident(at: Scene, when: str = "2026-06-01T08:00:00+00:00") -> Resource:
    """The incident of the register's row, with its hour."""
    found = at.one("Observation")
    person = found["subject"]["reference"].partition("/")[2]
    stored = at.hub.store.compartments([person])[person]
    before = at.hub.store.read("Observation", found["id"], None)
    assert before is not None
    after = {**found, "effectiveDateTime": when}
    at.hub.store.commit(
        Changes(
            saves=[Save(after, person, ASSOCIATION, before.keys, before.version)], persons={person: stored.revision}
        )
    )
    return after


@pytest.fixture
def asked(at: Scene) -> Scene:
    """A referral for medical care under a consent to everything that concerns it but the incident."""
    at.receive(at.row(consent="non", consent_date=None))
    sign(at, permit(HOSPITAL, ["core", "needs-and-services"]))
    incident(at)
    return at


def test_the_keeper_knows_how_much_is_left(asked: Scene) -> None:
    assert windows(asked, ASSOCIATION) == ["open", "open"]


def test_before_acceptance_the_recipient_knows_nothing_of_it(at: Scene) -> None:
    at.receive(at.row())
    incident(at)
    assert windows(at, HOSPITAL) == ["unknown", "unknown"]


def test_after_acceptance_it_is_told_where_the_incident_may_be_seen(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    sign(at, permit(HOSPITAL, ["core", "needs-and-services", "incident-summary"]))
    incident(at)
    at.move(at.one("Task"), "accepted", hospital())
    assert windows(at, HOSPITAL) == ["open", "open"]


def test_and_where_it_may_not_be_seen_it_is_not_known(asked: Scene) -> None:
    asked.move(asked.one("Task"), "accepted", hospital())
    assert windows(asked, HOSPITAL) == ["unknown", "unknown"]


@pytest.mark.parametrize(("names_one", "state"), [(True, "open"), (False, "unknown")])
def test_of_two_incidents_it_is_not_guessed_which_is_meant(asked: Scene, names_one: bool, state: str) -> None:
    found = asked.one("Observation")
    person = found["subject"]["reference"].partition("/")[2]
    revision = asked.hub.store.compartments([person])[person].revision
    other = {**found, "id": "another"}
    key = Key(f"{ASSOCIATION}|*|*")
    need = asked.one("ServiceRequest")
    assert need["supportingInfo"]
    if not names_one:
        need = {name: value for name, value in need.items() if name != "supportingInfo"}
    saves = [Save(other, person, ASSOCIATION, (key,)), Save(need, person, ASSOCIATION, (key,), 1)]
    asked.hub.store.commit(Changes(saves=saves, persons={person: revision}))
    assert windows(asked, ASSOCIATION) == [state, state]


def test_who_has_no_part_in_a_referral_finds_none(asked: Scene) -> None:
    with pytest.raises(HubError) as hidden:
        windows(asked, COURT)
    assert hidden.value.problem is NOT_FOUND
    assert list(open_referrals.of_organization(COURT, hub=asked.hub)) == []


def test_both_sides_find_it_in_their_lists_and_what_is_over_in_neither(at: Scene) -> None:
    at.receive(at.row())
    for organization in (ASSOCIATION, HOSPITAL):
        (found,) = open_referrals.of_organization(organization, hub=at.hub)
        assert found.waiting
        assert not found.overdue(BEGINNING)
        assert found.overdue(BEGINNING + timedelta(hours=72))
    at.withdraw()
    assert list(open_referrals.of_organization(ASSOCIATION, hub=at.hub)) == []


def service(at: Scene, *times: dict[str, Any]) -> None:
    entry: Resource = {
        "resourceType": "HealthcareService",
        "id": "chu-medical",
        "active": True,
        "providedBy": {"reference": f"Organization/{HOSPITAL}"},
        "type": [{"coding": [{"system": code_system("service-type"), "code": "medical"}]}],
        "availableTime": list(times),
    }
    at.hub.store.commit(Changes(saves=[Save(entry, None, HOSPITAL, (Key("*|*|directory"),))]))


def test_the_hours_of_the_service_that_is_asked_for_count(at: Scene) -> None:
    """Three days after a Thursday is a Sunday: nobody is there, but in a service that is always open."""
    at.clock.at = BEGINNING.replace(day=4)
    service(at, {"allDay": True})
    at.receive(at.row())
    assert at.one("Task")["restriction"]["period"]["end"] == "2026-06-07T09:00:00.000+00:00"


def test_a_service_that_opens_in_the_afternoon_answers_in_the_afternoon(at: Scene) -> None:
    service(at, {"daysOfWeek": ["mon", "thu"], "availableStartTime": "14:00:00", "availableEndTime": "18:00:00"})
    at.receive(at.row())
    assert at.one("Task")["restriction"]["period"]["end"] == "2026-06-04T13:00:00.000+00:00"


def sub_task(at: Scene, code: str) -> Resource:
    """What the hospital asks of the association about a referral."""
    main = at.one("Task")
    return {
        "resourceType": "Task",
        "id": f"{code}-1",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"code": code}]},
        "partOf": [{"reference": reference(main)}],
        "for": main["for"],
        "authoredOn": main["authoredOn"],
        "lastModified": main["authoredOn"],
        "requester": {"reference": f"Organization/{HOSPITAL}"},
        "owner": {"reference": f"Organization/{ASSOCIATION}"},
    }


@pytest.mark.parametrize("code", ["provide-information", "abort"])
def test_a_question_that_nobody_answers_is_reminded_of_too(at: Scene, code: str) -> None:
    at.receive(at.row())
    asked = sub_task(at, code)
    person = asked["for"]["reference"].partition("/")[2]
    revision = at.hub.store.compartments([person])[person].revision
    keys = (Key(f"{ASSOCIATION}|*|*"), Key(f"{HOSPITAL}|COC|notice"))
    at.hub.store.commit(Changes(saves=[Save(asked, person, ASSOCIATION, keys)], persons={person: revision}))
    at.clock.at = BEGINNING + timedelta(days=100)
    sweep(hub=at.hub)
    told = [row for row in at.store.database.outbox.find() if row["reference"] == f"Task/{code}-1"]
    assert {row["kind"] for row in told} == {"referral.remind", "referral.overdue", "referral.escalate"}
    assert {row["recipient"] for row in told} == {"", HOSPITAL}
    stored = at.hub.store.read("Task", f"{code}-1", None)
    assert stored is not None
    assert stored.version == 1, "of a question nothing is written on it"


def test_a_coordinating_organisation_that_no_consent_lets_see_it_is_told_nothing(at: Scene) -> None:
    at.hub = replace(at.hub, deadlines=replace(at.hub.deadlines, coordinator=COURT))
    at.receive(at.row())
    at.clock.at = BEGINNING + timedelta(days=30)
    sweep(hub=at.hub)
    assert COURT not in {row["recipient"] for row in at.store.database.outbox.find()}
    assert all(f"Organization/{COURT}" not in str(event) for event in at.audit("referral.escalate"))


def test_a_coordinating_organisation_that_has_a_part_in_it_is_told(at: Scene) -> None:
    stages = {"acceptance": [Rung(100, "escalate", ("coordinator",))]}
    usual = at.hub.deadlines
    paces = {name: replace(pace, steps=tuple(stages.get(name, pace.steps))) for name, pace in usual.stages.items()}
    at.hub = replace(at.hub, deadlines=replace(usual, coordinator=HOSPITAL, stages=paces))
    at.receive(at.row())
    at.clock.at = BEGINNING + timedelta(days=30)
    sweep(hub=at.hub)
    (row,) = [row for row in at.store.database.outbox.find() if row["kind"] == "referral.escalate"]
    assert row["recipient"] == HOSPITAL


def test_where_nobody_who_is_named_may_see_it_its_keeper_is_told(at: Scene) -> None:
    stages = {"consent": [Rung(100, "remind", ("owner",))]}
    usual = at.hub.deadlines
    paces = {name: replace(pace, steps=tuple(stages.get(name, pace.steps))) for name, pace in usual.stages.items()}
    at.hub = replace(at.hub, deadlines=replace(usual, stages=paces))
    at.receive(at.row(consent="non", consent_date=None))
    at.clock.at = BEGINNING + timedelta(days=30)
    sweep(hub=at.hub)
    told = [row for row in at.store.database.outbox.find() if row["kind"] == "referral.remind"]
    assert [row["recipient"] for row in told] == ["", ""], "and again, as nobody has acted"
