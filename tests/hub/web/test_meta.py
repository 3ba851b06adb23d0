"""$meta, $meta-add, $meta-delete over HTTP: https://hl7.org/fhir/R4/resource-operation-meta-add.html"""

from typing import Any

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, profile
from hub.fhir.labels import HANDLING
from hub.fhir.masking import REDACTED, SUBSETTED
from hub.store import values
from tests.support.accompanied import NEVER, Accompanied, Parties, accompany, body, created
from tests.support.parties import Party
from tests.support.written import example

CONFIDENTIALITY = f"{TERMINOLOGY}/v3-Confidentiality"
TAG = {"system": "https://amal.example/tags", "code": "follow-up", "display": "Call back"}


def label(code: str) -> Resource:
    return {"system": CONFIDENTIALITY, "code": code}


@pytest.fixture
def her(party: Parties, survivor: Resource) -> Accompanied:
    return accompany(party, survivor)


def meta(party: Party, reference: str) -> dict[str, Any]:
    (returned,) = body(party.get(f"/fhir/{reference}/$meta"))["parameter"]
    assert returned["name"] == "return"
    found: dict[str, Any] = returned["valueMeta"]
    return found


def asked(**sets: Any) -> Resource:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": sets}]}


def changed(party: Party, how: str, reference: str, **sets: Any) -> dict[str, Any]:
    (returned,) = body(party.send("POST", f"/fhir/{reference}/$meta-{how}", asked(**sets)))["parameter"]
    found: dict[str, Any] = returned["valueMeta"]
    return found


def refused(party: Party, how: str, reference: str, **sets: Any) -> int:
    return party.send("POST", f"/fhir/{reference}/$meta-{how}", asked(**sets)).status_code


def confidentiality(found: dict[str, Any]) -> list[str]:
    return [one["code"] for one in found["security"] if one["system"] == CONFIDENTIALITY]


def test_meta_is_that_of_the_callers_own_view(her: Accompanied) -> None:
    for party in (her.amal, her.chu):
        for reference in (her.patient, her.need, her.task):
            assert meta(party, reference) == party.get(f"/fhir/{reference}").json["meta"]  # type: ignore[index]
    assert SUBSETTED in meta(her.chu, her.patient)["tag"]
    assert "tag" not in meta(her.amal, her.patient)


def test_a_tag_is_added_once_and_taken_away_and_the_content_stays(her: Accompanied) -> None:
    before = body(her.amal.get(f"/fhir/{her.patient}"))
    assert changed(her.amal, "add", her.patient, tag=[TAG])["tag"] == [TAG]
    version = meta(her.amal, her.patient)["versionId"]
    assert version == str(int(before["meta"]["versionId"]) + 1)
    again = changed(her.amal, "add", her.patient, tag=[{**TAG, "display": "said otherwise"}])
    assert (again["tag"], again["versionId"]) == ([TAG], version)
    after = body(her.amal.get(f"/fhir/{her.patient}"))
    assert {k: v for k, v in after.items() if k != "meta"} == {k: v for k, v in before.items() if k != "meta"}
    left = changed(her.amal, "delete", her.patient, tag=[{"system": TAG["system"], "code": TAG["code"]}])
    assert "tag" not in left
    assert left["security"] == before["meta"]["security"]


def test_an_update_that_does_not_mention_a_tag_leaves_it(her: Accompanied) -> None:
    changed(her.amal, "add", her.patient, tag=[TAG])
    sent = {k: v for k, v in body(her.amal.get(f"/fhir/{her.patient}")).items() if k != "meta"}
    assert her.amal.send("PUT", f"/fhir/{her.patient}", sent | {"active": False}).status_code == 200
    assert meta(her.amal, her.patient)["tag"] == [TAG]


def test_a_stricter_label_is_added_and_taken_away_and_what_the_rules_say_stays(her: Accompanied) -> None:
    assert confidentiality(meta(her.amal, her.task)) == ["R"]
    assert confidentiality(changed(her.amal, "add", her.task, security=[label("V")])) == ["V"]
    assert refused(her.amal, "add", her.task, security=[label("R")]) == 422
    assert confidentiality(changed(her.amal, "delete", her.task, security=[label("V")])) == ["R"]
    assert refused(her.amal, "delete", her.task, security=[label("R")]) == 422
    assert refused(her.amal, "delete", her.task, security=[HANDLING]) == 422
    assert refused(her.amal, "add", her.task, security=[label("N")]) == 422
    assert confidentiality(meta(her.amal, her.task)) == ["R"]


def test_a_label_of_the_keepers_own_is_added_beside_those_by_rule(her: Accompanied) -> None:
    own = {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "CEL"}
    before = meta(her.amal, her.need)["security"]
    assert changed(her.amal, "add", her.need, security=[own])["security"] == [*before, own]
    assert changed(her.amal, "delete", her.need, security=[own])["security"] == before


@pytest.mark.parametrize("mark", [{"tag": [SUBSETTED]}, {"security": [REDACTED]}])
def test_what_only_a_cut_may_say_is_not_added(her: Accompanied, mark: Resource) -> None:
    assert refused(her.amal, "add", her.patient, **mark) == 422


def test_a_profile_is_added_where_the_resource_conforms_and_the_one_it_is_kept_by_stays(her: Accompanied) -> None:
    base, own = "http://hl7.org/fhir/StructureDefinition/Patient", profile("survivor")
    assert changed(her.amal, "add", her.patient, profile=[base])["profile"] == [own, base]
    assert refused(her.amal, "add", her.patient, profile=[profile("survivor-named")]) == 422  # she has no name here
    assert refused(her.amal, "add", her.patient, profile=["https://example.org/moon"]) == 404
    assert refused(her.amal, "add", her.need, profile=[profile("survivor")]) == 422
    assert changed(her.amal, "delete", her.patient, profile=[base])["profile"] == [own]
    assert body(her.chu.get(f"/fhir/{her.patient}"))["meta"]["profile"] == [own]


def test_no_other_profile_comes_to_decide_what_is_whose_to_see(her: Accompanied) -> None:
    """Without the profile that it names, it would be kept by the one that is meant where none is named."""
    written = {k: v for k, v in example("protective-measure").items() if k not in {"id", "basedOn", "supportingInfo"}}
    said = {"subject": {"reference": her.patient}, "requester": {"reference": "Organization/amal"}}
    said |= {"performer": [{"reference": "Organization/chu"}]}
    measure = f"ServiceRequest/{created(her.amal, written | said)}"
    named = meta(her.amal, measure)["profile"]
    assert named == [profile("protective-measure")]
    assert refused(her.amal, "delete", measure, profile=named) == 422
    assert meta(her.amal, measure)["profile"] == named


def test_a_recipient_sees_and_changes_nothing_and_who_sees_nothing_is_told_nothing(
    her: Accompanied, party: Parties
) -> None:
    assert refused(her.chu, "add", her.patient, tag=[TAG]) == 403
    assert refused(her.chu, "delete", her.task, tag=[TAG]) == 403
    other = party("hopital")
    for how in ("add", "delete"):
        path = f"$meta-{how}"
        hidden = other.send("POST", f"/fhir/{her.patient}/{path}", asked(tag=[TAG]))
        never = other.send("POST", f"/fhir/Patient/{NEVER}/{path}", asked(tag=[TAG]))
        assert (hidden.status_code, hidden.data) == (never.status_code, never.data) == (404, never.data)
    hidden, never = other.get(f"/fhir/{her.patient}/$meta"), other.get(f"/fhir/Patient/{NEVER}/$meta")
    assert (hidden.status_code, hidden.data) == (never.status_code, never.data) == (404, never.data)


def test_what_is_of_nobody_and_what_the_hub_writes_is_not_tagged(her: Accompanied) -> None:
    (event, *_) = body(her.amal.get(f"/fhir/AuditEvent?patient={her.patient}"))["entry"]
    assert refused(her.amal, "add", f"AuditEvent/{event['resource']['id']}", tag=[TAG]) == 405


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"resourceType": "Parameters"}, 400),
        (asked(tag=[TAG], source="https://tool.example"), 400),
        (asked(versionId="7"), 400),
        (asked(tag="follow-up"), 422),
        (asked(tag=[{"code": 7}]), 422),
        (asked(colour="red"), 422),
        ({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueString": "x"}]}, 400),
    ],
)
def test_what_is_no_set_of_tags_labels_or_profiles_is_refused(her: Accompanied, sent: Resource, status: int) -> None:
    for how in ("add", "delete"):
        assert her.amal.send("POST", f"/fhir/{her.patient}/$meta-{how}", sent).status_code == status


def test_scopes_and_addresses(her: Accompanied, party: Parties) -> None:
    reader = party("amal", "system/Patient.r")
    assert meta(reader, her.patient)["versionId"]
    assert refused(reader, "add", her.patient, tag=[TAG]) == 403
    assert party("amal", "system/Task.rus").get(f"/fhir/{her.patient}/$meta").status_code == 403
    assert her.amal.get(f"/fhir/{her.patient}/$meta-add").status_code == 405
    assert her.amal.send("POST", f"/fhir/{her.patient}/$meta-add?x=1", asked(tag=[TAG])).status_code == 400
    assert her.amal.get("/fhir/Moon/1/$meta").status_code == 404


def test_each_change_is_recorded_and_each_is_an_act_of_its_own(her: Accompanied, hub: Hub) -> None:
    changed(her.amal, "add", her.patient, tag=[TAG])
    changed(her.amal, "delete", her.patient, tag=[TAG])
    for verb in ("labels.add", "labels.remove"):
        (entry,) = body(her.amal.get(f"/fhir/AuditEvent?subtype={verb}"))["entry"]
        assert her.patient in {one["what"].get("reference") for one in entry["resource"]["entity"]}


# --- of a type, and of everything ---------------------------------------------------------------------------------------


def test_meta_of_a_type_is_what_stands_on_all_that_is_seen_of_it(her: Accompanied) -> None:
    changed(her.amal, "add", her.need, tag=[TAG])
    told = meta(her.amal, "ServiceRequest")
    own = meta(her.amal, her.need)
    assert {"system": TAG["system"], "code": TAG["code"]} in told["tag"]
    assert set(own["profile"]) <= set(told["profile"])
    assert {one["code"] for one in own["security"]} <= {one["code"] for one in told["security"]}
    assert "tag" not in meta(her.amal, "Patient")
    assert told.keys() <= {"profile", "tag", "security"}, "a version and an instant are those of one resource"


def test_meta_of_everything_is_that_of_each_type_together(her: Accompanied) -> None:
    (returned,) = body(her.amal.get("/fhir/$meta"))["parameter"]
    told = returned["valueMeta"]
    for type_ in ("Patient", "ServiceRequest", "Task", "AuditEvent"):
        of_type = meta(her.amal, type_)
        assert all(one in told[name] for name, values in of_type.items() for one in values)


def test_a_tag_of_what_is_hidden_or_seen_in_part_is_not_told(her: Accompanied, party: Parties) -> None:
    changed(her.amal, "add", her.patient, tag=[TAG])
    stranger = party("hopital")
    assert TAG["code"] in str(meta(her.amal, "Patient"))
    assert meta(stranger, "Patient") == {}
    assert SUBSETTED in meta(her.chu, her.patient)["tag"], "the hospital sees a part of her"
    assert "tag" not in meta(her.chu, "Patient")
    assert meta(her.chu, "Patient")["profile"] == [profile("survivor")]


def test_meta_of_a_type_takes_the_scope_to_search_it(party: Parties, her: Accompanied) -> None:
    reader = party("amal", "system/Task.rs system/Patient.r")
    assert reader.get("/fhir/Patient/$meta").status_code == 403
    (returned,) = body(reader.get("/fhir/$meta"))["parameter"]
    assert returned["valueMeta"]["profile"] == meta(her.amal, "Task")["profile"]
    assert reader.get("/fhir/Device/$meta").status_code == 404


def test_where_there_is_too_much_to_read_it_says_so(her: Accompanied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MOST", 0)
    answer = her.amal.get("/fhir/Patient/$meta")
    assert answer.status_code == 422
    assert answer.json["issue"][0]["code"] == "too-costly"  # type: ignore[index]
