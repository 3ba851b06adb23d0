"""AuditEvents and Provenance: shaped after IHE BALP, valid R4, and telling who and whether, never what."""

from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.provenance import Provenance

from hub.audit import events
from hub.conformance import validate
from hub.fhir import Resource
from hub.fhir.instants import span
from hub.ports import Caller

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
        mapping="form@1.2.0",
    )
    Provenance.model_validate(made)
    assert [issue for issue in validate(made) if issue.blocks] == []
    assert [target["reference"] for target in made["target"]] == ["Patient/p1", "Task/t1"]
    said = {entity["role"]: entity["what"]["identifier"]["value"] for entity in made["entity"]}
    assert said == {"source": "register", "derivation": "form@1.2.0"}
