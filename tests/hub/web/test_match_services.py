"""HealthcareService/$match over HTTP: `profiles/operation-definitions/match-services.json`"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

import pytest
from fhir.resources.R4B.bundle import Bundle

from hub.exchange import Hub
from hub.exchange.publish import publish
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import MOROCCO
from hub.store import MongoStore
from hub.web.match_services import OPERATIONS
from tests.support.accompanied import body, rules_broken
from tests.support.parties import Party
from tests.support.profiled import profiled
from tests.support.services import service
from tests.support.written import example

MATCH: Final = "/fhir/HealthcareService/$match"
DEFINITION: Final = json.loads(
    files("profiles").joinpath("operation-definitions", "match-services.json").read_text("utf-8")
)
LATELY: Final = (datetime.now(UTC) - timedelta(hours=3)).isoformat(timespec="seconds")

Parties = Callable[..., Party]


def coding(system: str, code: str, **more: str) -> Resource:
    return {"valueCoding": {"system": code_system(system), "code": code, **more}}


def asked(*parameters: tuple[str, Resource]) -> Resource:
    named = [{"name": name, **value} for name, value in (("service", coding("service-type", "shelter")), *parameters)]
    return {"resourceType": "Parameters", "parameter": named}


NEAR: Final = ("area", coding("province", "MA-CAS"))
ALL: Final = asked(
    NEAR,
    ("priority", {"valueCode": "urgent"}),
    ("age-band", {"valueCode": "18-25"}),
    ("language", {"valueCode": "ary"}),
    ("language", {"valueCode": "fr"}),
    ("eligibility", {"valueCode": "women-with-children"}),
    ("characteristic", {"valueCode": "wheelchair"}),
)


def matched(party: Party, parameters: Resource, **headers: str) -> list[dict[str, Any]]:
    bundle = body(party.send("POST", MATCH, parameters, **headers))
    Bundle.model_validate(bundle)
    assert rules_broken(bundle) == []
    entries: list[dict[str, Any]] = bundle.get("entry", [])
    assert bundle["total"] == len(entries)
    return entries


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["resource"]["id"] for entry in entries]


def reasons(entry: dict[str, Any]) -> dict[str, str]:
    """Code → what is said."""
    assert {one["url"] for one in entry["search"]["extension"]} == {profile("match-reason")}
    found = [one["valueCodeableConcept"] for one in entry["search"]["extension"]]
    return {one["coding"][0]["code"]: one["text"] for one in found}


@pytest.fixture
def services(hub: Hub) -> None:
    publish(
        [
            service("far", area=["MA-FES"], by="amal", room=("capacity", LATELY)),
            service("full", area=["MA-CAS"], by="nour", room=("no-capacity", LATELY)),
            service("near", area=["MA-CAS"], by="chu", room=("capacity", LATELY), speaks=["ary", "fr"]),
            service("region", area=["MA-SET"], by="hopital", room=("capacity", LATELY)),
            service("legal", "legal", area=["MA-CAS"]),
            service("stopped", area=["MA-CAS"], active=False),
        ],
        hub=hub,
    )


def test_services_come_the_most_fitting_first_with_a_score_and_the_reasons(party: Parties, services: None) -> None:
    entries = matched(party("chu"), ALL)
    assert ids(entries) == ["near", "region", "full", "far"]
    scores = [entry["search"]["score"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert {"serves-area", "has-room", "speaks-all", "hours-not-told"} <= reasons(entries[0]).keys()


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Has room"), ("fr-MA", "A de la place"), ("ar", "هناك أماكن شاغرة")]
)
def test_reasons_are_told_in_the_language_of_who_asks(party: Parties, services: None, language: str, said: str) -> None:
    entries = matched(party("chu"), asked(NEAR), Accept_Language=language)
    assert reasons(entries[0])["has-room"] == said


def test_the_operation_takes_what_its_definition_says_and_the_statement_leads_there(party: Parties) -> None:
    (operation,) = OPERATIONS
    said = {
        one["name"]: one["type"] + ("*" if one["max"] == "*" else "")
        for one in DEFINITION["parameter"]
        if one["use"] == "in"
    }
    assert operation.parameters == said
    assert operation.definition == DEFINITION["url"]
    statement = body(party("chu").get("/fhir/metadata"))
    (type_,) = (one for one in statement["rest"][0]["resource"] if one["type"] == "HealthcareService")
    assert {"name": "match", "definition": DEFINITION["url"]} in type_["operation"]


def test_it_is_asked_by_post_alone_with_nothing_in_the_url(party: Parties, services: None) -> None:
    chu = party("chu")
    assert chu.get(f"{MATCH}?priority=urgent").status_code == 405
    assert chu.send("POST", f"{MATCH}?priority=urgent", asked()).status_code == 400


def with_(change: Callable[[Resource], Any]) -> Resource:
    parameters: Resource = json.loads(json.dumps(ALL))
    change(parameters)
    return parameters


NAMED: Final = "Souad Exemple"
REFUSED: Final = {
    "a parameter of another name": with_(lambda p: p["parameter"].append({"name": "patient", "valueString": NAMED})),
    "a reference": with_(
        lambda p: p["parameter"].append({"name": "area", "valueReference": {"reference": "Patient/1"}})
    ),
    "a label of a code": with_(lambda p: p["parameter"][0]["valueCoding"].update(display=NAMED)),
    "an id of a code": with_(lambda p: p["parameter"][0]["valueCoding"].update(id=NAMED)),
    "an extension of a code": with_(
        lambda p: p["parameter"][0]["valueCoding"].update(extension=[{"url": "x", "valueString": NAMED}])
    ),
    "an extension of a parameter": with_(
        lambda p: p["parameter"][2].update(extension=[{"url": "x", "valueString": NAMED}])
    ),
    "an id of a parameter": with_(lambda p: p["parameter"][2].update(id=NAMED)),
    "an element beside the value": with_(lambda p: p["parameter"][2].update(_valueCode={"id": NAMED})),
    "text instead of a code": with_(lambda p: p["parameter"].append({"name": "language", "valueString": "ary"})),
    "a language that is not one of ours": with_(
        lambda p: p["parameter"].append({"name": "language", "valueCode": NAMED})
    ),
    "a code that does not exist": with_(lambda p: p["parameter"].append({"name": "eligibility", "valueCode": NAMED})),
    "a code of another system": with_(lambda p: p["parameter"][1]["valueCoding"].update(system="urn:x")),
    "an age": with_(lambda p: p["parameter"][3].update(valueCode="23")),
    "a parameter twice": with_(lambda p: p["parameter"].append({"name": "age-band", "valueCode": "adult"})),
    "an id of the whole": with_(lambda p: p.update(id="souad-exemple")),
    "a narrative": with_(lambda p: p.update(text={"status": "generated", "div": f"<div>{NAMED}</div>"})),
    "a comment of the whole": with_(lambda p: p.update(meta={"tag": [{"display": NAMED}]})),
    "no service": {"resourceType": "Parameters"},
    "a patient": {"resourceType": "Patient", "name": [{"text": NAMED}]},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED.keys())
def test_whatever_is_not_a_code_of_the_definition_is_refused_and_not_repeated(
    party: Parties, services: None, wrong: Resource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = party("chu").send("POST", MATCH, wrong)
    assert answer.status_code == 400
    assert "Souad" not in answer.text
    assert "souad" not in answer.text
    assert "Souad" not in caplog.text


def test_nothing_of_the_question_is_logged_or_kept(
    party: Parties, services: None, store: MongoStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    chu = party("chu")
    before = {one["_id"] for one in store.database.AuditEvent.find()}
    matched(chu, ALL)
    (event,) = (one for one in store.database.AuditEvent.find() if one["_id"] not in before)
    kept = json.dumps(event, default=str)
    for told in ("MA-CAS", "18-25", "shelter", "women-with-children", "wheelchair", "urgent", "near"):
        assert told not in kept
        assert told not in caplog.text
    assert "chu-system" in kept  # that it asked, is recorded


def test_who_may_not_search_services_is_refused(party: Parties, services: None) -> None:
    assert party("chu", "system/Task.rs").send("POST", MATCH, asked()).status_code == 403


def test_a_scope_that_is_narrowed_finds_what_it_is_narrowed_to(party: Parties, services: None) -> None:
    narrow = party("chu", "system/HealthcareService.s?organization=Organization/nour")
    assert ids(matched(narrow, asked(NEAR))) == ["full"]


def test_of_a_shelter_nothing_is_told_but_its_province(party: Parties, hub: Hub) -> None:
    publish([example("shelter-location"), example("service--shelter")], hub=hub)
    answer = party("chu").send("POST", MATCH, asked(("area", coding("province", "MA-MAR"))))
    assert ids(answer.get_json()["entry"]) == ["dar-rihana-shelter"]
    for secret in ("Yasmine", '"40000"', "7.98", "31.63", "524111111"):
        assert secret not in answer.text


# --- capacity is kept up to date by those who give the service --------------------------------------------------------


def told(party: Party, status: str) -> tuple[int, str]:
    steps = [
        {"op": "replace", "path": "/extension/0/extension/0/valueCode", "value": status},
        {"op": "replace", "path": "/extension/0/extension/1/valueDateTime", "value": LATELY},
    ]
    answer = party.send("PATCH", "/fhir/HealthcareService/near", steps, Content_Type="application/json-patch+json")
    return answer.status_code, answer.text


def test_an_organisation_says_of_its_own_service_whether_there_is_room_and_the_next_answer_follows(
    party: Parties, services: None, hub: Hub, store: MongoStore
) -> None:
    chu = party("chu", "system/HealthcareService.rus")
    assert ids(matched(chu, asked(NEAR)))[0] == "near"
    assert told(chu, "no-capacity")[0] == 200
    after = matched(chu, asked(NEAR))
    assert ids(after)[0] == "region"
    assert "no-room" in next(reasons(one) for one in after if one["resource"]["id"] == "near")
    events = [one["json"] for one in store.database.AuditEvent.find()]
    assert len([one for one in events if "HealthcareService/near" in one and "entry.update" in one]) == 1
    publish([service("near", area=["MA-CAS"], by="chu", room=("capacity", LATELY))], hub=hub)  # as at every start
    assert ids(matched(chu, asked(NEAR)))[0] == "region"


def test_nobody_else_does_nor_without_the_scope(party: Parties, services: None) -> None:
    assert told(party("amal"), "no-capacity")[0] == 403
    assert told(party("chu", "system/HealthcareService.rs"), "no-capacity")[0] == 403


# --- as a directory that others copy ----------------------------------------------------------------------------------


def test_a_search_for_services_reads_by_indexes_alone(party: Parties, services: None, store: MongoStore) -> None:
    chu = party("chu")
    with profiled(store) as told:
        matched(chu, ALL)
    assert told.examined
    assert told.scans == []


def test_what_changed_in_the_directory_since_an_instant_is_told_to_whoever_copies_it(
    party: Parties, services: None
) -> None:
    chu = party("chu")
    since = body(chu.get("/fhir/HealthcareService/near"))["meta"]["lastUpdated"]
    assert told(chu, "waitlist")[0] == 200
    feed = body(party("nour").get(f"/fhir/HealthcareService/_history?_since={quote(since)}"))
    assert feed["entry"][0]["resource"]["id"] == "near"
    assert feed["entry"][0]["resource"]["meta"]["versionId"] == "2"


def test_what_is_required_and_open_then_leaves_out_what_does_not_say_so(hub: Hub, party: Parties) -> None:
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    nights = [{"daysOfWeek": days, "availableStartTime": "20:00:00", "availableEndTime": "08:00:00"}]
    publish(
        [
            service("always", by="amal", has=["day-and-night", "wheelchair"]),
            service("night", by="nour", hours=nights, has=["wheelchair"]),
            service("silent", by="chu"),
        ],
        hub=hub,
    )
    reader = party("amal")
    tomorrow = datetime.now(MOROCCO).date() + timedelta(days=1)
    noon, midnight = (
        datetime.combine(tomorrow, time(hour), MOROCCO).isoformat(timespec="seconds") for hour in (12, 23)
    )
    opened = ("open", {"valueBoolean": True})
    assert set(ids(matched(reader, asked(("required", {"valueCode": "wheelchair"}))))) == {"always", "night"}
    assert set(ids(matched(reader, asked(opened, ("at", {"valueInstant": noon}))))) == {"always"}
    assert set(ids(matched(reader, asked(opened, ("at", {"valueInstant": midnight}))))) == {"always", "night"}
    assert len(matched(reader, asked(("at", {"valueInstant": noon})))) == 3


@pytest.mark.parametrize("at", ["2020-01-01T10:00:00Z", "2999-01-01T10:00:00Z", "2999-13-01T10:00:00Z", "Amina"])
def test_a_time_that_is_none_or_not_near_is_refused_and_not_repeated(party: Parties, at: str) -> None:
    answer = party("amal").send("POST", MATCH, asked(("at", {"valueInstant": at})))
    assert answer.status_code == 400 and at not in answer.text
