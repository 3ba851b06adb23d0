"""An application with a key, acting in a person's name, names the consents that it stands on: its token reaches no further."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.oauth import assertion
from hub.oauth.keys import jwks
from hub.store import MongoRegistry, MongoStore
from tests.support.association import HOSPITAL, hospital, scene
from tests.support.parties import KEY, TOKEN_URL
from tests.support.people import BACK, VERIFIER, Town


@dataclass(frozen=True)
class Ward:
    """A hospital that accepted the referrals of two survivors, one of its people, and its application."""

    town: Town
    persons: list[str]
    consents: list[str]

    def exchange(self, code: str, *references: str) -> TestResponse:
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return self.send(*references, **asked)

    def renew(self, refresh: str, *references: str) -> TestResponse:
        return self.send(*references, grant_type="refresh_token", refresh_token=refresh)

    def send(self, *references: str, **asked: str) -> TestResponse:
        named: dict[str, Any] = {"consent_reference": list(references)} if references else {}
        signed = assertion.sign(KEY, "ward", TOKEN_URL, now=self.town.clock.now(), **named)
        return self.town.token(client_assertion_type=assertion.TYPE, client_assertion=signed, **asked)

    def reached(self, token: str) -> set[str]:
        entries = (self.town.ask(token).json or {}).get("entry", ())
        return {entry["resource"]["for"]["reference"].removeprefix("Patient/") for entry in entries}


@pytest.fixture
def ward(store: MongoStore, tmp_path: Path) -> Ward:
    played = scene(store, tmp_path)
    town = Town(played.hub, MongoRegistry(store), store)
    played.clock.at = town.clock.now() - timedelta(minutes=5)
    day = played.clock.at.strftime("%d/%m/%Y")
    played.receive(
        *(
            played.row(n, case_number=n, survivor_code=f"S-{n}", cin=f"AB{n}", consent_date=day, visit_date=day)
            for n in ("1", "2")
        )
    )
    for task in played.all("Task"):
        played.move(task, "accepted", hospital())
    town.application("ward", HOSPITAL, is_public=False, jwks=jwks(KEY))
    consents = sorted(played.all("Consent"), key=lambda one: str(one["patient"]["reference"]))
    persons = [one["patient"]["reference"].removeprefix("Patient/") for one in consents]
    return Ward(town, persons, [f"Consent/{one['id']}" for one in consents])


def test_her_token_reaches_the_one_survivor_and_a_renewed_one_what_it_names_itself(ward: Ward) -> None:
    code = ward.town.permitted(ward.town.person(organization=HOSPITAL), client_id="ward")
    got = ward.exchange(code, ward.consents[0]).json or {}
    assert ward.reached(got["access_token"]) == {ward.persons[0]}
    renewed = ward.renew(got["refresh_token"], ward.consents[1]).json or {}
    assert ward.reached(renewed["access_token"]) == {ward.persons[1]}
    unbound = ward.renew(renewed["refresh_token"]).json or {}
    assert ward.reached(unbound["access_token"]) == set(ward.persons)


def test_a_consent_that_is_not_for_her_is_refused_and_the_code_is_not_used_up(ward: Ward) -> None:
    code = ward.town.permitted(ward.town.person(organization=HOSPITAL), client_id="ward")
    refused = ward.exchange(code, "Consent/unknown")
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
    assert ward.exchange(code, ward.consents[0]).status_code == 200


def test_it_ends_with_its_consent_and_the_person_goes_on_without_it(ward: Ward) -> None:
    code = ward.town.permitted(ward.town.person(organization=HOSPITAL), client_id="ward")
    got = ward.exchange(code, ward.consents[0]).json or {}
    ward.town.store.database["Consent"].update_one({"_id": ward.consents[0].partition("/")[2]}, {"$inc": {"v": 1}})
    assert ward.town.ask(got["access_token"]).status_code == 401
    assert ward.renew(got["refresh_token"]).status_code == 200
