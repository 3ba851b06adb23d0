"""Tokens that stand on consents: what they reach, how they end, and what is told of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.exchange import change
from hub.fhir import Resource
from hub.oauth import assertion
from hub.oauth.keys import jwks
from hub.ports import Changes, Client, Save
from hub.store import MongoRegistry, MongoStore
from hub.web.app import create_app
from tests.support.association import HOSPITAL, Scene, association, hospital, scene
from tests.support.parties import BASE, KEY, TOKEN_URL, Addresses, Party

SYSTEM, COURT_SYSTEM = "chu-system", "court-system"
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)  # the database sweeps tokens by its own clock
UNMET = "consent_reference must name Consents of one person"


@dataclass(frozen=True)
class Door:
    """Two survivors of an association, each with a consent and a referral that a hospital accepted."""

    scene: Scene
    app: Flask
    persons: list[str]
    consents: list[str]

    def ask(self, *references: Any, client: str = SYSTEM, scope: str = "system/*.rus", **b2b: Any) -> TestResponse:
        stated = {"consent_reference": list(references), **b2b}
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": assertion.TYPE,
            "client_assertion": assertion.sign(KEY, client, TOKEN_URL, now=self.scene.clock.now(), **stated),
        }
        with self.app.test_client() as http:
            return http.post("/oauth/token", data=form)

    def bound(self, *references: str, **more: Any) -> Party:
        answer = self.ask(*references, **more)
        assert answer.status_code == 200, answer.text
        return Party(self.app, SYSTEM, (answer.json or {})["access_token"])

    def refusal(self, *references: Any, **more: Any) -> tuple[int, str, str]:
        answer = self.ask(*references, **more)
        told = answer.json or {}
        return answer.status_code, told["error"], told["error_description"]

    def introspect(self, party: Party) -> Any:
        proof = assertion.sign(KEY, SYSTEM, TOKEN_URL, now=self.scene.clock.now())
        form = {"token": party.token, "client_assertion_type": assertion.TYPE, "client_assertion": proof}
        with self.app.test_client() as http:
            return http.post("/oauth/introspect", data=form).json

    def rewrite(self, consent: str, **elements: Any) -> None:
        """As she says it again to the association, and it confirms."""
        her = self.scene.one("Consent", id=consent)["patient"]
        confirmed = {"verified": True, "verifiedWith": her, "verificationDate": self.scene.clock.now().isoformat()}
        elements = {"performer": [her], "verification": [confirmed], **elements}
        steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in elements.items()]
        change.patch("Consent", consent, steps, association(), expected=None, hub=self.scene.hub)


@pytest.fixture
def door(store: MongoStore, tmp_path: Path) -> Door:
    played = scene(store, tmp_path)
    played.clock.at = NOW
    day = NOW.strftime("%d/%m/%Y")
    rows = [
        played.row(n, case_number=n, survivor_code=f"S-{n}", cin=f"AB{n}", consent_date=day, visit_date=day)
        for n in ("1", "2")
    ]
    played.receive(*rows)
    for task in played.all("Task"):
        played.move(task, "accepted", hospital())
    registry = MongoRegistry(store)
    for id_, organization in ((SYSTEM, HOSPITAL), (COURT_SYSTEM, "tribunal")):
        registry.save_client(Client(id_, organization, jwks(KEY), frozenset({"system/*.cruds"}), ("COC", "TREAT")))
    consents = sorted(played.all("Consent"), key=lambda one: str(one["patient"]["reference"]))
    persons = [one["patient"]["reference"].removeprefix("Patient/") for one in consents]
    return Door(played, create_app(played.hub, registry, Addresses()), persons, [one["id"] for one in consents])


def patients(answer: TestResponse) -> set[str]:
    resources: list[Resource] = [entry["resource"] for entry in (answer.json or {}).get("entry", ())]
    return {str(one.get("subject", one.get("for", {})).get("reference")) for one in resources}


# --- what they reach --------------------------------------------------------------------------------------------------


def test_a_token_reaches_the_records_of_the_person_whose_consent_it_stands_on_and_no_others(door: Door) -> None:
    everything, one = door.bound(), door.bound(f"Consent/{door.consents[0]}")
    assert patients(everything.get("/fhir/Task")) == {f"Patient/{id_}" for id_ in door.persons}
    answer = one.get("/fhir/Task")
    assert patients(answer) == {f"Patient/{door.persons[0]}"}
    assert (answer.json or {})["total"] == 1
    assert one.get(f"/fhir/Patient/{door.persons[0]}").status_code == 200


def test_what_is_out_of_reach_is_as_absent(door: Door) -> None:
    one = door.bound(f"Consent/{door.consents[0]}")
    hidden, absent = one.get(f"/fhir/Patient/{door.persons[1]}"), one.get(f"/fhir/Patient/{'0' * 36}")
    assert (hidden.status_code, hidden.data) == (absent.status_code, absent.data)
    assert hidden.status_code == 404


def test_records_of_the_same_person_that_somebody_else_keeps_are_out_of_reach(door: Door, store: MongoStore) -> None:
    one = door.bound(f"Consent/{door.consents[0]}")
    assert one.get("/fhir/Task").json["total"] == 1  # type: ignore[index]
    store.database["Task"].update_many({}, {"$set": {"custodian": "tribunal"}})
    assert one.get("/fhir/Task").json["total"] == 0  # type: ignore[index]


def test_nothing_of_the_directory_is_reached(door: Door) -> None:
    assert door.bound(f"Consent/{door.consents[0]}").get("/fhir/Organization").json["total"] == 0  # type: ignore[index]


def test_a_referral_out_of_reach_cannot_be_changed(door: Door) -> None:
    other = next(t for t in door.scene.all("Task") if t["for"]["reference"] == f"Patient/{door.persons[1]}")
    steps = [{"op": "replace", "path": "/status", "value": "in-progress"}]
    how = {"Content_Type": "application/json-patch+json", "If_Match": 'W/"2"'}
    refused = door.bound(f"Consent/{door.consents[0]}").send("PATCH", f"/fhir/Task/{other['id']}", steps, **how)
    assert refused.status_code == 404
    allowed = door.bound(f"Consent/{door.consents[1]}").send("PATCH", f"/fhir/Task/{other['id']}", steps, **how)
    assert allowed.status_code == 200, allowed.text


@pytest.mark.parametrize("scope", ["system/*.cruds", "system/Patient.c", "system/Task.d", "system/Task.write"])
def test_nothing_is_created_or_deleted_with_it(door: Door, scope: str) -> None:
    status, error, _ = door.refusal(f"Consent/{door.consents[0]}", scope=scope)
    assert (status, error) == (400, "invalid_scope")


# --- how they end -----------------------------------------------------------------------------------------------------


def test_a_withdrawal_ends_it_for_the_next_request_of_any_process(
    door: Door, mongodb_uri: str, database: str, store: MongoStore
) -> None:
    one, other = door.bound(f"Consent/{door.consents[0]}"), door.bound(f"Consent/{door.consents[1]}")
    with MongoStore.open(mongodb_uri, database) as elsewhere:
        hub = replace(door.scene.hub, store=elsewhere)
        there = replace(one, app=create_app(hub, MongoRegistry(elsewhere), Addresses()))
        assert there.get("/fhir/Task").status_code == 200
        door.rewrite(door.consents[0], status="inactive")
        assert there.get("/fhir/Task").status_code == 401
    assert door.introspect(one) == {"active": False}
    assert other.get("/fhir/Task").status_code == 200


def test_a_consent_that_comes_back_does_not_bring_the_token_back(door: Door) -> None:
    one = door.bound(f"Consent/{door.consents[0]}")
    door.rewrite(door.consents[0], status="inactive")
    door.rewrite(door.consents[0], status="active")
    assert one.get("/fhir/Task").status_code == 401
    assert door.bound(f"Consent/{door.consents[0]}").get("/fhir/Task").status_code == 200


def test_it_ends_with_the_consent_and_says_so(door: Door) -> None:
    root = dict(door.scene.one("Consent", id=door.consents[0])["provision"])
    end = NOW + timedelta(seconds=90)
    door.rewrite(door.consents[0], provision=root | {"period": {"start": "2026-01-01", "end": end.isoformat()}})
    answer = door.ask(f"Consent/{door.consents[0]}")
    assert (answer.json or {})["expires_in"] <= 91
    one = Party(door.app, SYSTEM, (answer.json or {})["access_token"])
    assert one.get("/fhir/Task").status_code == 200
    door.scene.clock.forward(timedelta(seconds=92))
    assert one.get("/fhir/Task").status_code == 401
    assert door.introspect(one) == {"active": False}


# --- what cannot be stood on ------------------------------------------------------------------------------------------


def test_unknown_and_not_for_the_asker_are_one_refusal(door: Door) -> None:
    known, unknown = f"Consent/{door.consents[0]}", f"Consent/{'0' * 36}"
    door.rewrite(door.consents[1], status="inactive")
    refusals = {
        door.refusal(unknown),
        door.refusal(known, client=COURT_SYSTEM),
        door.refusal(known, purpose="TREAT"),
        door.refusal(known, unknown),
        door.refusal(f"Consent/{door.consents[1]}"),
        door.refusal(f"Patient/{door.persons[0]}"),
        door.refusal(f"https://elsewhere.example/fhir/{known}"),
        door.refusal("https://elsewhere.example/form.pdf"),
        door.refusal(known, consent_policy=["https://elsewhere.example/policy"]),
    }
    assert len(refusals) == 1
    ((status, error, description),) = refusals
    assert (status, error) == (400, "invalid_grant")
    assert description.startswith(UNMET)
    assert door.consents[0] not in description


def test_consents_of_two_persons_cannot_be_put_together(door: Door) -> None:
    assert door.refusal(*(f"Consent/{id_}" for id_ in door.consents))[1] == "invalid_grant"


@pytest.mark.parametrize("stated", [[7], [None], {"a": "b"}, ["x" * 513], ["Consent/1"] * 21])
def test_what_is_no_list_of_urls_is_an_invalid_request(door: Door, stated: Any) -> None:
    assert door.refusal(consent_reference=stated)[:2] == (400, "invalid_request")


def test_the_refusal_names_nobody_in_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    door.refusal(f"Consent/{door.consents[0]}", client=COURT_SYSTEM)
    assert caplog.records
    assert not [one for one in caplog.records if door.consents[0] in str(vars(one))]


def record_under(policy: str, door: Door) -> None:
    """As another system could have recorded it: the profile of associations has no policies."""
    store = door.scene.store
    known = store.read("Consent", door.consents[0], None)
    assert known
    resource = known.resource() | {"policy": [{"uri": policy}]}
    save = Save(resource, known.person, known.custodian, known.keys, known.version)
    revision = store.compartments([door.persons[0]])[door.persons[0]].revision
    store.commit(Changes(saves=[save], persons={door.persons[0]: revision}))


# --- what is told of them ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False])
def test_introspection_tells_the_consents_in_the_words_of_ihe_pcf(door: Door, whole: bool) -> None:
    policy = "https://hub.example/policies/opt-in"
    record_under(policy, door)
    reference = f"{BASE if whole else ''}/Consent/{door.consents[0]}".lstrip("/")
    told = door.introspect(door.bound(reference, consent_policy=[policy]))
    assert told["active"] is True
    assert told["extensions"]["ihe_pcf"] == {
        "patient_id": f"{BASE}/Patient/{door.persons[0]}",
        "doc_id": [f"{BASE}/Consent/{door.consents[0]}"],
        "acp": [policy],
        "residual": [{"type": "forbid"}],  # data classes cannot be said in its words: no less than nothing is true
    }


def test_of_a_token_that_stands_on_nothing_there_is_no_ihe_pcf(door: Door) -> None:
    assert set(door.introspect(door.bound())["extensions"]) == {"ihe_iua"}
