"""Over HTTP, each with a token of its own: several who could take a referral on, of whom one does; and one who passes it on."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.ports import Registry
from hub.store import MongoStore
from tests.support.network import KEEPER, business, need, outcome, reason, referred
from tests.support.referring import Referring, referring

COULD: Final = ("chu", "clinique", "dispensaire")
NEVER: Final = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Referring:
    found = referring(store, registry)
    found.agree(*COULD)
    found.need = found.ask()
    return found


def claimed(seen: Resource, organization: str) -> Resource:
    return {**seen, "status": "accepted", "owner": {"reference": f"Organization/{organization}"}}


def test_of_three_who_claim_at_once_one_takes_it_on_and_to_the_others_it_is_gone(at: Referring) -> None:
    id_ = at.create(KEEPER, referred("", at.need))["id"]
    seen = {one: at.read(one, f"Task/{id_}") for one in COULD}
    for one in COULD:
        assert "owner" not in seen[one]
        assert at.status(one, f"Patient/{at.person}") == 404
        assert "chu" not in str(seen["clinique"]), "who else could is not told"

    def claim(organization: str) -> int:
        return int(at.put(organization, claimed(seen[organization], organization), 'W/"1"').status_code)

    with ThreadPoolExecutor(len(COULD)) as callers:
        answers = dict(zip(COULD, callers.map(claim, COULD), strict=True))
    assert sorted(answers.values()) == [200, 412, 412]
    (winner,) = (one for one, status in answers.items() if status == 200)
    never = at.by(winner).get(f"/fhir/Task/{NEVER}")
    for loser in set(COULD) - {winner}:
        hidden = at.by(loser).get(f"/fhir/Task/{id_}")
        assert (hidden.status_code, hidden.data) == (404, never.data)
        assert at.referrals(loser) == []
        assert at.status(loser, f"Patient/{at.person}") == 404
    assert at.status(winner, f"Patient/{at.person}") == 200
    at.move(winner, id_, "completed", **outcome())
    assert at.read(KEEPER, f"Task/{id_}")["owner"] == {"reference": f"Organization/{winner}"}


def test_who_may_not_be_told_cannot_claim_and_learns_nothing(at: Referring) -> None:
    id_ = at.create(KEEPER, referred("", at.need))["id"]
    seen = at.read("chu", f"Task/{id_}")
    for stranger in ("rabat", "tribunal"):
        hidden = at.put(stranger, claimed(seen, stranger), 'W/"1"')
        never = at.put(stranger, claimed(seen, stranger) | {"id": NEVER}, 'W/"1"')
        assert (hidden.status_code, hidden.data) == (never.status_code, never.data)
        assert hidden.status_code == 404


def test_nobody_takes_it_on_without_naming_the_version_or_for_somebody_else(at: Referring) -> None:
    id_ = at.create(KEEPER, referred("", at.need))["id"]
    seen = at.read("chu", f"Task/{id_}")
    assert at.by("chu").send("PUT", f"/fhir/Task/{id_}", claimed(seen, "chu")).status_code == 400
    assert at.put("chu", claimed(seen, "clinique"), 'W/"1"').status_code == 403
    assert at.read("chu", f"Task/{id_}") == seen


def passed_on(at: Referring, to: str) -> Resource:
    """A request of its own, by what it was told: which need it is based on."""
    (focus,) = {one["focus"]["reference"] for one in at.referrals("chu") if "partOf" not in one}
    return need(to, subject={"reference": f"Patient/{at.person}"}) | {
        "meta": {"profile": [profile("referral")]},
        "intent": "filler-order",
        "basedOn": [{"reference": focus}],
        "requester": {"reference": "Organization/chu"},
    }


def test_an_intermediary_passes_it_on_and_the_whole_ends_with_the_part(at: Referring) -> None:
    whole = at.create(KEEPER, referred("chu", at.need))["id"]
    at.move("chu", whole, "accepted")
    request = at.create("chu", passed_on(at, "clinique"))["id"]
    (part,) = at.referrals("clinique")
    assert part["partOf"] == [{"reference": f"Task/{whole}"}]
    assert part["requester"] == {"reference": "Organization/chu"}
    assert at.status("clinique", f"Task/{whole}") == 404, "what it is a part of is not told"
    at.move("clinique", part["id"], "accepted")
    assert at.status("clinique", f"Patient/{at.person}") == 200
    assert at.status("clinique", f"ServiceRequest/{request}") == 200
    assert at.status("clinique", f"ServiceRequest/{at.need}") == 404
    at.move("clinique", part["id"], "completed", **outcome())
    for who in (KEEPER, "chu"):
        ended = at.read(who, f"Task/{whole}")
        assert (ended["status"], ended["output"]) == ("completed", outcome()["output"])


def of(answer: Any) -> Any:
    (issue,) = (answer.json or {})["issue"]
    return issue["details"]["coding"][0]["code"]


def test_nobody_passes_a_referral_on_to_itself(at: Referring) -> None:
    at.create(KEEPER, referred("chu", at.need))
    answer = at.by("chu").send("POST", "/fhir/ServiceRequest", passed_on(at, "chu"))
    assert (answer.status_code, of(answer)) == (422, "problems.to-oneself")
    made = at.create("chu", passed_on(at, "clinique"))
    given = passed_on(at, "chu") | {"id": made["id"]}
    changed = at.put("chu", given, 'W/"1"')
    assert (changed.status_code, of(changed)) == (422, "problems.to-oneself")
    task = referred("chu", made["id"]) | {"requester": {"reference": "Organization/chu"}}
    asked = at.by("chu").send("POST", "/fhir/Task", task)
    assert (asked.status_code, of(asked)) == (422, "problems.to-oneself")
    assert [one["owner"]["reference"] for one in at.referrals("chu") if "partOf" in one] == ["Organization/clinique"]


def test_that_she_said_no_is_for_her_keeper_to_know_to_who_passed_it_on_it_is_as_without_consent(at: Referring) -> None:
    at.create(KEEPER, referred("chu", at.need))
    at.create("chu", passed_on(at, "clinique"))
    (part,) = at.referrals("clinique")
    at.move("clinique", part["id"], "rejected", **reason())
    at.decline()
    answer = at.by("chu").get(f"/fhir/Task/{part['id']}/$alternatives")
    assert answer.status_code == 200, answer.text
    codes = {
        one["search"]["extension"][-1]["valueCodeableConcept"]["coding"][0]["code"] for one in answer.json["entry"]
    }
    assert codes == {"needs-consent"}


def test_a_part_that_is_refused_is_passed_on_to_the_next_best_by_the_intermediary(at: Referring) -> None:
    whole = at.create(KEEPER, referred("chu", at.need))["id"]
    at.create("chu", passed_on(at, "clinique"))
    (part,) = at.referrals("clinique")
    at.move("clinique", part["id"], "rejected", **reason())
    assert business(at.read("chu", f"Task/{whole}")) == "re-routing"
    answer = at.by("chu").get(f"/fhir/Task/{part['id']}/$alternatives").json or {}
    consents = {
        one["resource"]["providedBy"]["reference"][13:]: one["search"]["extension"][-1]["valueCodeableConcept"][
            "coding"
        ][0]["code"]
        for one in answer["entry"]
    }
    assert consents == {"dispensaire": "permitted", "rabat": "needs-consent"}
    at.create("chu", passed_on(at, "dispensaire"))
    (anew,) = at.referrals("dispensaire")
    at.move("dispensaire", anew["id"], "accepted")
    assert at.read(KEEPER, f"Task/{whole}")["status"] == "accepted"
    at.move("dispensaire", anew["id"], "completed", **outcome())
    assert at.read(KEEPER, f"Task/{whole}")["status"] == "completed"
