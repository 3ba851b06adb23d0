"""AuditEvents and Provenance: shaped after IHE BALP, valid R4, and telling who and whether, never what."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.provenance import Provenance

from hub.audit import events
from hub.audit.decisions import decision
from hub.audit.looks import acted
from hub.conformance import validate
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.definitions import load
from hub.fhir.instants import span
from hub.ports import Caller
from hub.search import index

NOW = datetime(2026, 6, 1, 12, 0, 0, 250000, tzinfo=UTC)
HOSPITAL = Caller("chu-system", "chu", "COC", token="0" * 64)


def codes(event: Resource, system: str) -> list[str]:
    return [subtype["code"] for subtype in event["subtype"] if subtype["system"].endswith(system)]


def event(interaction: str = "read", caller: Caller | None = HOSPITAL, **more: object) -> Resource:
    about: dict[str, object] = {"person": "p1", "entities": ["Observation/o1"], **more}
    return events.event("a1", "disclosure.permit", NOW, interaction=interaction, caller=caller, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("interaction", "action"),
    [("create", "C"), ("read", "R"), ("search", "E"), ("update", "U"), ("patch", "U"), ("token", "E")],
)
def test_each_interaction_has_its_action_code(interaction: str, action: str) -> None:
    told = event(interaction)
    assert (told["action"], codes(told, "restful-interaction")) == (action, [interaction])
    assert codes(told, "audit-action") == ["disclosure.permit"]


@pytest.mark.parametrize("caller", [HOSPITAL, None], ids=["caller", "hub"])
@pytest.mark.parametrize("interaction", ["create", "read", "search", "update"])
@pytest.mark.parametrize(("person", "entities"), [("p1", ["Task/t1", "Patient/p1"]), ("p1", []), (None, [])])
def test_every_event_conforms_to_r4_and_to_its_profile(
    interaction: str, caller: Caller | None, person: str | None, entities: list[str]
) -> None:
    told = event(interaction, caller, person=person, entities=entities, because="consent.none", denied=True)
    AuditEvent.model_validate(told)
    assert [issue for issue in validate(told) if issue.blocks] == []


@pytest.mark.parametrize("caller", [replace(HOSPITAL, request="r" * 20, practitioner="Practitioner/x"), HOSPITAL, None])
@pytest.mark.parametrize("interaction", ["create", "update", "delete"])
@pytest.mark.parametrize(
    ("person", "entities"), [("p1", ["Task/t1"]), ("p1", ["Patient/p1"]), (None, ["HealthcareService/h1"])]
)
def test_what_is_told_of_an_act_by_its_shape_is_the_event_itself(
    interaction: str, caller: Caller | None, person: str | None, entities: list[str]
) -> None:
    told: dict[str, Any] = {"person": person, "entities": entities}
    made = acted("a1", "need.create", NOW, caller, interaction, **told)
    whole = events.event("a1", "need.create", NOW, interaction=interaction, caller=caller, **told)
    assert made.shape.event(made.own, made.recorded) == whole
    other = acted("a2", "need.create", NOW, caller, interaction, person=person, entities=entities)
    assert (other.shape, other.own[0]) == (made.shape, "a2")


def test_it_says_who_asked_for_what_purpose_and_about_whom() -> None:
    told = event()
    (who,) = [agent for agent in told["agent"] if agent["requestor"]]
    assert who["who"] == {"reference": "Organization/chu"}
    assert who["altId"] == "chu-system"
    assert who["purposeOfUse"][0]["coding"][0]["code"] == "COC"
    assert [entity["what"]["reference"] for entity in told["entity"]] == ["Observation/o1", "Patient/p1"]
    assert span(told["recorded"])[0] == NOW


def test_an_act_of_the_hub_itself_names_no_caller() -> None:
    told = event(caller=None)
    assert [agent["who"] for agent in told["agent"]] == [events.HUB]
    assert told["agent"][0]["requestor"] is True


def test_a_denial_is_a_failure_with_its_reason() -> None:
    assert (event()["outcome"], "outcomeDesc" in event()) == ("0", False)
    denied = event(because="consent.withdrawn", denied=True)
    assert (denied["outcome"], denied["outcomeDesc"]) == ("4", "consent.withdrawn")


def test_a_whole_token_hash_is_never_written() -> None:
    assert HOSPITAL.token not in str(event())


def test_provenance_names_source_mapping_and_the_resources_made() -> None:
    made = events.provenance(
        "v1",
        NOW,
        targets=["Patient/p1", "Task/t1"],
        organization="yasmine",
        connection="register",
        record="5f2c",
        mapping="form@1.2.0",
    )
    Provenance.model_validate(made)
    assert [issue for issue in validate(made) if issue.blocks] == []
    assert [target["reference"] for target in made["target"]] == ["Patient/p1", "Task/t1"]
    said = {entity["role"]: entity["what"]["identifier"]["value"] for entity in made["entity"]}
    assert said == {"source": "5f2c", "derivation": "form@1.2.0"}
    agents = {agent["type"]["coding"][0]["code"]: agent["who"] for agent in made["agent"]}
    assert agents["author"] == {"reference": "Organization/yasmine"}
    assert agents["informant"]["identifier"]["value"] == "register"
    assert agents["assembler"] == events.HUB


# --- IHE BALP 1.1.5: what its patterns ask of an event, https://profiles.ihe.net/ITI/BALP/ ---------------------------------

READ, SEARCH, CREATE, UPDATE = (
    {"read", "vread"},
    {"search", "search-type", "search-system"},
    {"create"},
    {"update", "patch"},
)
PATTERNS = {  # interactions, action, role of the client, role of the server
    "audit-read": (READ, "R", "110152", "110153"),
    "audit-query": (SEARCH, "E", "110153", "110152"),
    "audit-create": (CREATE, "C", "110153", "110152"),
    "audit-update": (UPDATE, "U", "110153", "110152"),
}
ROLES_OF_DATA = {"3", "4", "20"}


def named_profile(told: Resource) -> str:
    return str(told["meta"]["profile"][0]).rpartition("/")[2]


def of_type(told: Resource, code: str) -> list[Resource]:
    return [entity for entity in told["entity"] if entity["type"]["code"] == code]


@pytest.mark.parametrize(
    ("interaction", "caller", "source"),
    [(name, HOSPITAL, "") for name in ("create", "read", "vread", "search", "update", "patch")]
    + [(name, None, "yasmine") for name in ("create", "update")],
)
@pytest.mark.parametrize("person", ["p1", None])
def test_what_succeeds_between_two_parties_has_the_structure_of_its_balp_pattern(
    interaction: str, caller: Caller | None, source: str, person: str | None
) -> None:
    told = event(interaction, caller, person=person, source=source, followed=["referral.send"])
    assert validate(told) == ()
    interactions, action, client, server = PATTERNS[named_profile(told)]
    assert told["type"] == {"system": f"{TERMINOLOGY}/audit-event-type", "code": "rest"}
    assert [code for code in codes(told, "restful-interaction") if code in interactions] == [interaction]
    assert (told["action"], told["outcome"]) == (action, "0")
    roles = [agent["type"]["coding"][0]["code"] for agent in told["agent"]]
    assert roles == [client, server], "one client and one server"
    assert all(agent["who"] and "media" not in agent for agent in told["agent"])
    assert [agent["requestor"] for agent in told["agent"]].count(True) == 1
    assert len(of_type(told, "1")) == (1 if person else 0)
    assert all(entity["role"]["code"] == "1" for entity in of_type(told, "1"))
    assert of_type(told, "2") and {entity["role"]["code"] for entity in of_type(told, "2")} <= ROLES_OF_DATA


@pytest.mark.parametrize(
    "told",
    [
        event(because="consent.withdrawn", denied=True),
        event("update", caller=None),
        event("token", entities=[], person=None),
        event("delete"),
    ],
    ids=["denied", "hub-alone", "token", "no-pattern"],
)
def test_what_balp_has_no_pattern_for_claims_none_and_conforms_to_the_plain_audit_event(told: Resource) -> None:
    assert named_profile(told) == "audit-event"
    assert validate(told) == ()


def test_neither_an_address_on_the_network_nor_what_was_searched_for_is_kept() -> None:
    for name in ("audit-event", *PATTERNS, "audit-consent-decision", "audit-disclosure"):
        profile = load().profile(name)
        assert profile.element("AuditEvent.agent.network").max == profile.element("AuditEvent.entity.query").max == 0
    assert not {"network", "query"} & set(str(event("search")).replace("'", " ").split())


def test_the_tool_that_was_read_is_the_client_and_the_hub_asked() -> None:
    tool, hub = event("create", caller=None, source="yasmine")["agent"]
    assert (tool["who"], tool["requestor"]) == ({"reference": "Organization/yasmine"}, False)
    assert (hub["who"], hub["requestor"]) == (events.HUB, True)


@pytest.mark.parametrize("caller", [replace(HOSPITAL, request="r" * 20, practitioner="Practitioner/x"), HOSPITAL, None])
@pytest.mark.parametrize("entities", [[], ["Task/t1"], ["Patient/p1"], ["Patient/p2", "Task/t1"]])
def test_who_is_found_by_an_event_as_its_patient_is_found_as_its_entity(
    caller: Caller | None, entities: list[str]
) -> None:
    told = [event("read", caller, entities=entities, denied=denied) for denied in (False, True)]
    told.append(decision("a2", NOW, HOSPITAL, "p1", by=["Consent/c1"]))
    for one in told:
        found = index(one, "audit-event")
        assert "Patient/p1" in found["patient"]
        assert set(found["patient"]) <= set(found["entity"])
