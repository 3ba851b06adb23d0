"""What is open to claim: whoever gives the service sees the notice where consent lets it, and one of them becomes the owner."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from hub import errors
from hub.consent.keys import PUBLIC, own
from hub.directory.organizations import Entry, Names
from hub.errors import HubError
from hub.exchange import Hub, change
from hub.exchange.expire import sweep
from hub.fhir import Resource
from hub.ports import Changes, Key, Save
from hub.store import MongoStore
from tests.support.association import RandomIds
from tests.support.network import (
    ENTRIES,
    KEEPER,
    NEED,
    PERSON,
    Network,
    agreed,
    business,
    by,
    need,
    network,
    outcome,
    reason,
    referred,
    refusal,
    survivor,
)
from tests.support.services import service

CLAIMED = {"status": "accepted"}
SERVICES = {"tribunal": ("legal", "medical"), "chu": ()}
"""What other organisations give from then on."""


@pytest.fixture
def at(store: MongoStore) -> Network:
    found = network(store)
    found.keep(survivor(), need(), agreed("chu", "clinique", "rabat", "tribunal"))
    return found


def claim(at: Network, id_: str, organization: str, version: int = 1, **more: object) -> None:
    seen = at.stored(id_)
    body = {**seen, "status": "accepted", "owner": {"reference": f"Organization/{organization}"}, **more}
    change.update("Task", id_, body, by(organization), expected=version, hub=at.hub)


def test_those_who_give_the_service_there_and_whom_consent_covers_see_the_notice_and_nobody_else(at: Network) -> None:
    task = at.create(referred(), KEEPER)
    assert {
        name: at.sees("Task", task["id"], name) for name in ("chu", "clinique", "dispensaire", "rabat", "tribunal")
    } == {
        "chu": True,
        "clinique": True,
        "dispensaire": False,  # gives the service, and no consent covers it
        "rabat": False,  # gives it elsewhere
        "tribunal": False,  # does not give it
    }
    assert not at.sees("Patient", PERSON, "chu")
    assert not at.sees("ServiceRequest", NEED, "chu")


def test_the_first_takes_it_on_and_it_closes_to_all_others(at: Network) -> None:
    id_ = at.create(referred(), KEEPER)["id"]
    claim(at, id_, "clinique")
    task = at.stored(id_)
    assert (task["status"], task["owner"]) == ("accepted", {"reference": "Organization/clinique"})
    assert at.sees("Patient", PERSON, "clinique")
    assert not at.sees("Task", id_, "chu")
    assert ("referral.claim", f"Task/{id_}") in at.told()
    with pytest.raises(HubError) as caught:
        claim(at, id_, "chu")
    assert caught.value.problem is errors.STALE
    with pytest.raises(HubError) as caught:
        claim(at, id_, "dispensaire")
    assert caught.value.problem is errors.NOT_FOUND
    assert at.move(id_, "completed", "clinique", **outcome())["status"] == "completed"


@pytest.mark.parametrize(
    ("change_", "problem"),
    [
        ({"owner": {"reference": "Organization/chu"}}, errors.NOT_YOURS),
        ({"status": "rejected", **reason()}, errors.NOT_YOURS),
        ({"status": "cancelled", **reason()}, errors.NOT_YOURS),
        ({"status": "requested"}, errors.NOT_YOURS),
        ({"priority": "stat"}, errors.NOT_YOURS),
    ],
)
def test_a_claimant_can_do_nothing_but_take_it_on_itself(
    at: Network, change_: Resource, problem: errors.Problem
) -> None:
    id_ = at.create(referred(), KEEPER)["id"]
    assert refusal(lambda: claim(at, id_, "clinique", **change_)) is problem


def test_a_withdrawal_ends_it_and_closes_it_to_all(at: Network) -> None:
    id_ = at.create(referred(), KEEPER)["id"]
    at.keep({**agreed("chu"), "status": "inactive"})
    assert (at.stored(id_)["status"], business(at.stored(id_))) == ("cancelled", "consent-withdrawn")
    assert not at.sees("Task", id_, "chu")


def test_who_begins_to_give_the_service_is_told_by_the_next_sweep_and_who_ends_to_is_not_told_any_more(
    at: Network,
) -> None:
    id_ = at.create(referred(), KEEPER)["id"]
    giving = [replace(one, services=SERVICES.get(one.id, one.services)) for one in ENTRIES]
    at.store.follow_rules("before")
    sweep(hub=at.hub)
    at.hub = Hub(at.store, at.clock, at.hub.ids, Names(giving), at.hub.pepper)
    assert at.store.follow_rules("another directory")
    assert sweep(hub=at.hub) == 1
    seen = {one: at.sees("Task", id_, one) for one in ("chu", "clinique", "tribunal", "rabat")}
    assert seen == {"chu": False, "clinique": True, "tribunal": True, "rabat": False}
    claim(at, id_, "tribunal")
    assert at.sees("Patient", PERSON, "tribunal")


def say(at: Network, body: Resource) -> None:
    """An organisation tells of a service of its own, or changes what it told."""
    by_itself = body["providedBy"]["reference"].partition("/")[2]
    known = at.hub.store.read("HealthcareService", body["id"], None)
    keys = (Key(PUBLIC), Key(own(by_itself)))
    at.hub.store.commit(Changes(saves=[Save(body, None, by_itself, keys, known.version if known else None)]))
    at.clock.forward(timedelta(seconds=1))


def seen_by(at: Network, id_: str) -> set[str]:
    sweep(hub=at.hub)
    return {one.id for one in ENTRIES if one.id != KEEPER and at.sees("Task", id_, one.id)}


def test_what_organisations_say_of_their_services_decides_who_is_told(at: Network) -> None:
    """A region covers its provinces; what is given no more is not; and what nobody said itself is as the deployment says."""
    id_ = at.create(referred(), KEEPER)["id"]
    assert seen_by(at, id_) == {"chu", "clinique"}
    say(at, service("r1", "medical", by="rabat", area=["MA-06"]))
    assert seen_by(at, id_) == {"chu", "clinique", "rabat"}
    say(at, service("r1", "medical", by="rabat", area=["MA-RAB"]))
    assert seen_by(at, id_) == {"chu", "clinique"}
    say(at, service("c1", "medical", by="chu", active=False))
    say(at, service("t1", "medical", by="tribunal"))  # names no place: it serves where it is
    assert seen_by(at, id_) == {"clinique", "tribunal"}
    say(at, service("d1", "medical", by="dispensaire", area=["MA-CAS"]))
    assert seen_by(at, id_) == {"clinique", "tribunal"}, "no consent covers it, whatever it says"


def test_where_nobody_could_take_it_on_it_is_not_sent(store: MongoStore) -> None:
    at = network(store)
    at.keep(survivor(), need(), agreed("tribunal", "rabat"))
    assert refusal(lambda: at.create(referred(), KEEPER)) is errors.ILLEGAL_TRANSITION
    assert at.create(referred(status="draft"), KEEPER)["status"] == "draft"


def test_a_need_given_to_somebody_by_name_is_no_longer_open(at: Network) -> None:
    id_ = at.create(referred(), KEEPER)["id"]
    at.create(referred("chu"), KEEPER)
    assert at.stored(id_)["status"] == "cancelled"
    assert not at.sees("Task", id_, "clinique")


def test_of_thirty_two_who_claim_at_once_exactly_one_wins(store: MongoStore) -> None:
    at = network(store)
    names = [f"maison-{n}" for n in range(32)]
    entries = [Entry(one, "association", {"fr": one}, "MA-CAS", services=("medical",)) for one in names]
    at.hub = Hub(store, at.clock, RandomIds(), Names([*ENTRIES, *entries]), b"a pepper that only this test knows")
    at.keep(survivor(), need(), agreed(*names))
    id_ = at.create(referred(), KEEPER)["id"]
    assert all(at.sees("Task", id_, one) for one in names)

    def attempt(organization: str) -> errors.Problem | None:
        try:
            claim(at, id_, organization)
        except HubError as problem:
            return problem.problem
        return None

    with ThreadPoolExecutor(32) as callers:
        answers = dict(zip(names, callers.map(attempt, names), strict=True))
    (winner,) = [name for name, answer in answers.items() if answer is None]
    assert {answer for name, answer in answers.items() if name != winner} <= {errors.STALE}
    assert at.stored(id_)["owner"] == {"reference": f"Organization/{winner}"}
    assert [one for one in names if at.sees("Task", id_, one)] == [winner]
    assert [one for one in at.told() if one[0] == "referral.claim"] == [("referral.claim", f"Task/{id_}")]
