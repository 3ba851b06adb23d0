"""Records that their mapping leaves out: nothing of them is kept, and whatever becomes of them takes back nothing else."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import mapping
from hub.exchange.answer import answer
from hub.exchange.compare import compare
from hub.exchange.pull import pull
from hub.exchange.receipt import Receipt
from hub.ports import Place, SourceRecord
from tests.support.association import FORM, HOSPITAL, Scene, hospital
from tests.support.budget import examples
from tests.support.changing_tool import ChangingTool

TEST = "Essai de la formation"
COUNTED = ("created", "updated", "unchanged", "quarantined", "waiting", "withdrawn", "left_out")
KEPT = ("Patient", "Consent", "EpisodeOfCare", "ServiceRequest", "Task", "Observation", "Provenance", "AuditEvent")


def form(folder: Path, version: str = "2", left_out: str = "[{column: remarks, begins: essai}]") -> mapping.Mapping:
    own = folder / "mappings" / "ours"
    own.mkdir(parents=True, exist_ok=True)
    text = f"extends: {FORM}\nid: ours\nversion: '{version}'\nleft_out: {left_out}\n"
    (own / "mapping.yaml").write_text(text, "utf-8")
    return mapping.load("ours", search=[folder / "mappings"])


@pytest.fixture
def at(at: Scene, tmp_path: Path) -> Scene:
    at.form = form(tmp_path)
    return at


@pytest.fixture
def tool(at: Scene) -> ChangingTool:
    return ChangingTool(at)


def read(at: Scene, tool: ChangingTool, **how) -> dict[str, int]:
    """What there is to tell of a pull."""
    at.clock.forward(timedelta(minutes=5))
    receipt = pull(at.connection, tool, at.form, hub=at.hub, **how)
    return {name: receipt.numbers[name] for name in COUNTED if receipt.numbers[name]}


def statuses(at: Scene, *types: str) -> set[str]:
    return {one["status"] for type_ in types for one in at.all(type_)}


def test_a_test_is_stored_nowhere_waits_nowhere_and_tells_nobody(at, tool):
    tool.write("1", remarks=TEST)
    tool.write("2", remarks=TEST, violence_types="lunaire", consent_date=None)
    before = at.everything("settings", "watermarks", "ledger", "keyvault")
    assert read(at, tool) == {"left_out": 2}
    assert at.everything("settings", "watermarks", "ledger", "keyvault") == before
    assert not [one for type_ in KEPT for one in at.all(type_)]
    for entry in at.store.database.ledger.find():
        assert entry["state"] == "left-out" and "Zineb" not in str(entry)


def test_the_second_pull_knows_it_again_and_it_is_not_new(at, tool):
    tool.write("1"), tool.write("2", remarks=TEST)
    assert read(at, tool) == {"created": 1, "left_out": 1}
    before = at.everything("settings", "watermarks")
    assert read(at, tool) == {"unchanged": 1, "left_out": 1}
    assert at.everything("settings", "watermarks") == before
    tool.write("2", remarks=TEST, urgency="normal")
    assert read(at, tool) == {"unchanged": 1, "left_out": 1}


def test_a_trial_tells_what_a_pull_would_do(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    tool.write("1", remarks=TEST), tool.write("3", remarks=TEST)
    before = at.everything()
    assert read(at, tool, dry_run=True) == {"unchanged": 1, "withdrawn": 1, "left_out": 2}
    assert at.everything() == before


def test_a_record_that_becomes_a_test_ends_as_one_that_its_tool_has_deleted(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    for task in at.all("Task"):
        at.move(task, "accepted", hospital())
    before = {one["id"]: one for type_ in KEPT[:-2] for one in at.all(type_)}
    tool.write("1", remarks=TEST)
    assert read(at, tool) == {"unchanged": 1, "withdrawn": 1, "left_out": 1}
    (gone,) = [one for one in at.all("EpisodeOfCare") if one["status"] == "cancelled"]
    her = gone["patient"]["reference"]
    assert {one["status"] for one in at.all("Consent") if one["patient"]["reference"] == her} == {"inactive"}
    assert {one["status"] for one in at.all("ServiceRequest") if one["subject"]["reference"] == her} == {"revoked"}
    (task,) = [one for one in at.all("Task") if one["for"]["reference"] == her]
    assert task["status"] in {"cancelled", "failed"} and task["statusReason"]["coding"]
    others = [one for type_ in KEPT[:-2] for one in at.all(type_) if her not in str(one) and one["id"] != her[8:]]
    assert others and [before.get(one["id"]) for one in others] == others
    patient = at.one("Patient", id=her[8:])
    assert not any(grant.startswith("chu-atlas|") for grant in at.keys(patient))


def test_what_ended_is_in_the_audit_trail_as_withdrawn_by_its_tool_and_not_as_received(at, tool):
    tool.write("1")
    read(at, tool)
    received = len(at.audit("record.receive"))
    tool.write("1", remarks=TEST)
    read(at, tool)
    (event,) = at.audit("record.withdraw")
    told = {one["what"]["reference"].split("/")[0] for one in event["entity"] if "reference" in one["what"]}
    assert told >= {"Consent", "ServiceRequest", "EpisodeOfCare"}
    assert len(at.audit("record.receive")) == received and len(at.all("Provenance")) == 2


def test_it_ends_once_and_stays_ended_whatever_else_is_edited(at, tool):
    tool.write("1")
    read(at, tool)
    tool.write("1", remarks=TEST)
    assert read(at, tool) == {"withdrawn": 1, "left_out": 1}
    before = at.everything("settings", "watermarks", "ledger")
    tool.write("1", remarks=TEST, urgency="normal")
    assert read(at, tool) == {"left_out": 1} == read(at, tool)
    assert at.everything("settings", "watermarks", "ledger") == before


def test_a_test_that_is_none_any_more_is_taken_as_new(at, tool):
    tool.write("1", remarks=TEST)
    read(at, tool)
    tool.write("1")
    assert read(at, tool) == {"created": 1}
    assert statuses(at, "Consent", "EpisodeOfCare") == {"active"} and at.all("Task")


def test_a_record_that_was_taken_for_a_test_by_mistake_stands_again_as_the_same(at, tool):
    tool.write("1")
    read(at, tool)
    before = {type_: at.one(type_)["id"] for type_ in ("Patient", "Consent", "EpisodeOfCare", "ServiceRequest")}
    tool.write("1", remarks=TEST)
    read(at, tool)
    tool.write("1")
    assert read(at, tool) == {"updated": 1}
    assert {type_: at.one(type_)["id"] for type_ in before} == before
    assert statuses(at, "Consent", "EpisodeOfCare") == {"active"}


def test_a_test_that_vanishes_from_its_tool_ends_nothing_and_is_not_counted_among_what_vanished(at, tool):
    tool.write("1")
    for number in range(2, 30):
        tool.write(str(number), remarks=TEST)
    assert read(at, tool) == {"created": 1, "left_out": 28}
    for number in range(2, 30):
        tool.delete(str(number))
    before = at.everything("settings", "watermarks")
    assert read(at, tool) == {"unchanged": 1}
    assert at.everything("settings", "watermarks") == before


def test_one_that_vanished_and_comes_back_as_a_test_stays_ended(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    tool.delete("1")
    assert read(at, tool) == {"unchanged": 1, "withdrawn": 1}
    tool.write("1", remarks=TEST)
    assert read(at, tool) == {"unchanged": 1, "left_out": 1}
    tool.delete("1")
    assert read(at, tool) == {"unchanged": 1}


def test_what_waited_in_quarantine_waits_no_more_once_it_is_a_test(at, tool):
    tool.write("1", violence_types="lunaire")
    assert read(at, tool) == {"quarantined": 1}
    tool.write("1", violence_types="lunaire", remarks=TEST)
    assert read(at, tool) == {"withdrawn": 1, "left_out": 1}
    assert not list(at.hub.store.quarantine("register"))


def test_a_test_of_a_woman_whose_other_visit_is_real_takes_back_its_own_alone(at, tool):
    tool.write("1", survivor_code="S-7"), tool.write("2", survivor_code="S-7")
    read(at, tool)
    assert len(at.all("Patient")) == 1
    tool.write("1", survivor_code="S-7", remarks=TEST)
    assert read(at, tool) == {"unchanged": 1, "withdrawn": 1, "left_out": 1}
    for type_, status in (("Consent", "active"), ("EpisodeOfCare", "active"), ("ServiceRequest", "active")):
        assert sorted(one["status"] == status for one in at.all(type_)) == [False, True], type_


def test_both_in_one_batch_are_told_apart_in_the_audit_trail(at, tool):
    tool.write("1", survivor_code="S-7"), tool.write("2", survivor_code="S-7")
    read(at, tool)
    tool.write("1", survivor_code="S-7", remarks=TEST), tool.write("2", survivor_code="S-7", urgency="normal")
    assert read(at, tool) == {"updated": 1, "withdrawn": 1, "left_out": 1}
    (ended,) = at.audit("record.withdraw")
    last = max(at.audit("record.receive"), key=lambda one: one["recorded"])
    said = [{e["what"]["reference"] for e in one["entity"] if "reference" in e["what"]} for one in (ended, last)]
    assert not {one for one in said[0] & said[1] if not one.startswith(("Patient/", "Task/"))}


def test_who_was_erased_is_brought_back_neither_as_a_test_nor_after(at, tool):
    tool.write("1")
    read(at, tool)
    key = at.store.database.ledger.find_one()["_id"]
    at.store.database.ledger.update_one({"_id": key}, {"$set": {"state": "erased"}})
    tool.write("1", remarks=TEST)
    assert read(at, tool) == {"unchanged": 1}


def test_another_version_of_the_mapping_looks_at_all_again(at, tool, tmp_path):
    tool.write("1", urgency="normal"), tool.write("2", remarks=TEST)
    assert read(at, tool) == {"created": 1, "left_out": 1}
    at.form = form(tmp_path, "3", "[{column: urgency, equals: normal}]")
    assert read(at, tool) == {"created": 1, "withdrawn": 1, "left_out": 1}


def test_what_a_new_list_would_withdraw_is_told_before_it_is_applied_and_nothing_is_written(at, tool, tmp_path):
    tool.write("1", urgency="normal"), tool.write("2", remarks=TEST), tool.write("3")
    read(at, tool)
    before = at.everything()
    found = compare(at.connection, tool, form(tmp_path, "3", "[{column: urgency, equals: normal}]"), hub=at.hub)
    assert (found.records, found.left_out, found.taken, found.changed, found.aside) == (3, 1, 1, 1, 0)
    same = compare(at.connection, tool, at.form, hub=at.hub)
    assert (same.left_out, same.taken, same.changed, same.new, same.unmet) == (0, 0, 0, 0, 0)
    assert at.everything() == before


def test_a_record_that_cannot_say_whether_it_is_a_test_stays_what_it_was(at, tool):
    tool.write("1", remarks=TEST), tool.write("2")
    read(at, tool)
    for number in "12":
        told = tool.write(number, remarks=None, urgency="normal")
        tool.records[number] = replace(told, unsaid=("remarks",))
    assert read(at, tool) == {"updated": 1, "left_out": 1}
    for number in "12":
        told = tool.write(number, remarks=None, urgency="urgent")
        tool.records[number] = replace(told, silent=True)
    assert read(at, tool) == {"updated": 1, "left_out": 1}
    told = tool.write("1", remarks=None, urgency="normal")
    tool.records["1"] = replace(told, silent=True, cleared=("remarks",))
    assert read(at, tool) == {"created": 1, "unchanged": 1}


def test_a_late_copy_from_before_it_was_a_test_does_not_bring_it_back(at, tool):
    tool.numbered = True
    tool.write("1")
    read(at, tool)
    tool.write("1", remarks=TEST)
    read(at, tool)
    assert at.receive(tool.copies["1"][0]).numbers["unchanged"] == 1
    assert statuses(at, "EpisodeOfCare") == {"cancelled"}


def test_an_answer_that_is_a_test_moves_no_referral_and_waits_nowhere(at, tmp_path):
    own = tmp_path / "mappings" / "theirs"
    own.mkdir(parents=True, exist_ok=True)
    marked = "left_out: [{column: referral/answer_remark, begins: essai}]"
    (own / "mapping.yaml").write_text(f"extends: commcare/answer\nid: theirs\nversion: '1'\n{marked}\n", "utf-8")
    form(tmp_path)
    ours = own.parent / "ours" / "mapping.yaml"
    ours.write_text(ours.read_text("utf-8") + "answers: [theirs]\n", "utf-8")
    mapping_, connection = mapping.load("ours", search=[own.parent]), replace(at.connection, organization=HOSPITAL)
    at.receive(at.row())
    task = at.one("Task")

    def said(**cells: str) -> Receipt:
        content = {"referral/answer_status": "accepted", **cells}
        record = SourceRecord("answer", "a", str(cells), content, Place(record="a"), {"referral": task["id"]})
        return answer([record], connection, mapping_, hub=at.hub)

    told = said(**{"referral/answer_remark": "Essai", "referral/answer_outcome": "lunaire"})
    assert (told.left_out, told.updated, told.unchanged, told.rejected) == (1, 0, 0, ())
    assert at.one("Task") == task and not list(at.hub.store.quarantine())
    assert said().updated == 1 and at.one("Task")["status"] == "accepted"


ACTS = st.lists(
    st.tuples(st.sampled_from(["real", "real", "test", "test", "delete", "pull", "pull"]), st.sampled_from("123")), min_size=4, max_size=14
)  # fmt: skip


@settings(max_examples=examples(25, 150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_whatever_comes_and_goes_what_stands_is_what_is_real_in_the_tool(at, acts):
    tool = ChangingTool(at)
    tool.records.clear()
    read(at, tool, accept_withdrawals=True)
    for act, number in acts:
        if act == "delete":
            tool.delete(number)
        elif act == "pull":
            read(at, tool)
        else:
            tool.write(number, **({"remarks": TEST} if act == "test" else {}))
    read(at, tool)
    real = sum(one.content["remarks"] != TEST for one in tool.records.values())
    standing = [one for one in at.all("EpisodeOfCare") if one["status"] == "active"]
    assert len(standing) == real
    assert len([one for one in at.all("Consent") if one["status"] == "active"]) == real


def test_numbers_add_up():
    told = Receipt(left_out=2) + Receipt(left_out=1, withdrawn=1)
    assert (told.numbers["left_out"], told.numbers["withdrawn"]) == (3, 1)
