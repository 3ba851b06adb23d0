"""An intermediary: it passes a referral on by a request of its own, and what it was asked follows from what becomes of that."""

from functools import partial
from typing import Any

import pytest

from hub import errors
from hub.exchange import change
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.store import MongoStore
from tests.support.consents import consent, permit, provision
from tests.support.network import (
    CLASSES,
    CONSENT,
    KEEPER,
    NEED,
    PERSON,
    Network,
    agreed,
    business,
    by,
    cancellation,
    need,
    network,
    outcome,
    reason,
    referred,
    refusal,
    survivor,
)


@pytest.fixture
def at(store: MongoStore) -> Network:
    found = network(store)
    found.keep(survivor(), need(), agreed("chu", "clinique", "dispensaire"))
    return found


def passed_on(to: str, by_: str = "chu", **more: Any) -> Resource:
    whole = need(to) | {
        "meta": {"profile": [profile("referral")]},
        "intent": "filler-order",
        "basedOn": [{"reference": f"ServiceRequest/{NEED}"}],
        "requester": {"reference": f"Organization/{by_}"},
        **more,
    }
    return {name: value for name, value in whole.items() if name != "id"}


def parted(at: Network, *to: str) -> tuple[str, list[str]]:
    """A referral to the hospital that passes it on to these: its id, and those of its parts."""
    parent = str(at.create(referred("chu"), KEEPER)["id"])
    for one in to:
        at.create(passed_on(one), "chu")
    parts = {task["owner"]["reference"]: task["id"] for task in at.all("Task") if "partOf" in task}
    return parent, [parts[f"Organization/{one}"] for one in to]


def test_a_request_of_its_own_becomes_a_part_of_the_referral_kept_with_her_records(at: Network) -> None:
    parent, (part,) = parted(at, "clinique")
    task = at.stored(part)
    assert task["partOf"] == [{"reference": f"Task/{parent}"}]
    assert (task["requester"], task["status"]) == ({"reference": "Organization/chu"}, "requested")
    assert at.sees("Task", part, "clinique") and at.sees("Task", part, "chu") and at.sees("Task", part, KEEPER)
    assert not at.sees("Task", parent, "clinique")
    assert not at.sees("ServiceRequest", NEED, "clinique")


def test_the_part_opens_what_consent_permits_to_that_organisation(store: MongoStore) -> None:
    at = network(store)
    permits = [permit("chu", CLASSES), permit("clinique", ("needs-and-services",))]
    at.keep(survivor(), need(), consent(provision(exceptions=permits), CONSENT, person=PERSON))
    _, (part,) = parted(at, "clinique")
    at.move(part, "accepted", "clinique")
    assert not at.sees("Patient", PERSON, "clinique")
    assert at.sees("ServiceRequest", at.stored(part)["focus"]["reference"].partition("/")[2], "clinique")
    assert not at.sees("ServiceRequest", NEED, "clinique")
    assert at.sees("Patient", PERSON, "chu")


def test_without_consent_for_that_organisation_the_part_waits(at: Network) -> None:
    _, (part,) = parted(at, "tribunal")
    assert (at.stored(part)["status"], business(at.stored(part))) == ("draft", "awaiting-consent")
    assert not at.sees("Task", part, "tribunal")
    assert at.sees("Task", part, "chu"), "who passes it on sees that it waits"


def test_the_first_part_that_is_accepted_accepts_the_whole_and_the_last_completes_it(at: Network) -> None:
    parent, (first, second) = parted(at, "clinique", "dispensaire")
    at.move(first, "accepted", "clinique")
    assert at.stored(parent)["status"] == "accepted"
    assert ("referral.accept", f"Task/{parent}") in at.told()
    at.move(first, "completed", "clinique", **outcome())
    assert at.stored(parent)["status"] == "accepted", "another part is open"
    at.move(second, "rejected", "dispensaire", **reason())
    whole = at.stored(parent)
    assert (whole["status"], whole["output"]) == ("completed", outcome()["output"])
    assert whole["executionPeriod"]["end"]


def test_parts_that_are_all_refused_are_to_be_passed_on_anew(at: Network) -> None:
    parent, (first, second) = parted(at, "clinique", "dispensaire")
    at.move(first, "rejected", "clinique", **reason())
    assert business(at.stored(parent)) == ""
    at.move(second, "rejected", "dispensaire", **reason())
    assert (at.stored(parent)["status"], business(at.stored(parent))) == ("requested", "re-routing")
    assert ("referral.update", f"Task/{parent}") in at.told()


def test_a_referral_that_ends_stops_the_parts_that_have_not_begun(at: Network) -> None:
    parent, (first, second) = parted(at, "clinique", "dispensaire")
    at.move(first, "accepted", "clinique")
    at.move(first, "in-progress", "clinique")
    at.move(parent, "cancelled", KEEPER, **reason("survivor-declined"))
    assert [at.stored(one)["status"] for one in (first, second)] == ["in-progress", "cancelled"]
    asked = at.create(cancellation(first), "chu")
    at.move(asked["id"], "accepted", "clinique")
    assert at.stored(first)["status"] == "cancelled"


def test_the_part_is_the_intermediarys_to_stop_and_the_keeper_looks_on(at: Network) -> None:
    _, (part,) = parted(at, "clinique")
    assert refusal(lambda: at.move(part, "cancelled", KEEPER, **reason("duplicate"))) is errors.NOT_YOURS
    at.move(part, "cancelled", "chu", **reason("duplicate"))
    assert at.stored(at.stored(part)["focus"]["reference"].partition("/")[2], "ServiceRequest")["status"] == "revoked"


def test_its_own_request_is_the_intermediarys_to_change(at: Network) -> None:
    _, (part,) = parted(at, "clinique")
    mine = at.stored(at.stored(part)["focus"]["reference"].partition("/")[2], "ServiceRequest")
    changed = {**mine, "status": "revoked"}
    for other, problem in ((KEEPER, errors.NOT_YOURS), ("clinique", errors.NOT_FOUND)):
        act = partial(change.update, "ServiceRequest", mine["id"], changed, by(other), expected=None, hub=at.hub)
        assert refusal(act) is problem
    change.update("ServiceRequest", mine["id"], changed, by("chu"), expected=None, hub=at.hub)
    assert at.stored(part)["status"] == "cancelled"


@pytest.mark.parametrize("who", ["clinique", "tribunal"])
def test_nobody_passes_on_what_was_not_referred_to_it_and_it_looks_absent(at: Network, who: str) -> None:
    at.create(referred("chu"), KEEPER)
    assert refusal(lambda: at.create(passed_on("dispensaire", who), who)) is errors.UNKNOWN_REFERENCE
    absent = passed_on("dispensaire", who, basedOn=[{"reference": "ServiceRequest/absent"}])
    assert refusal(lambda: at.create(absent, who)) is errors.UNKNOWN_REFERENCE


def test_a_referral_that_has_ended_is_not_passed_on(at: Network) -> None:
    parent, _ = parted(at)
    at.move(parent, "rejected", "chu", **reason())
    assert refusal(lambda: at.create(passed_on("clinique"), "chu")) is errors.UNKNOWN_REFERENCE
