"""Records that are no longer in their tool: proved by a complete scan or said by the tool, never by an accident."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import met
from hub.errors import Retriable
from hub.exchange.pull import BATCH, pull
from hub.exchange.receipt import Receipt
from hub.ports import Withdrawn
from tests.support.association import Scene, hospital
from tests.support.budget import examples
from tests.support.changing_tool import ChangingTool
from tests.support.small_disk import small_disk


@pytest.fixture
def tool(at: Scene) -> ChangingTool:
    return ChangingTool(at)


def read(at: Scene, tool: ChangingTool, **how) -> Receipt:
    at.clock.forward(timedelta(minutes=5))
    return pull(at.connection, tool, at.form, hub=at.hub, **how)


def accept_all(at: Scene) -> None:
    for task in at.all("Task"):
        if task["status"] == "requested":
            at.move(task, "accepted", hospital())


def is_shown(at: Scene, task) -> bool:
    patient = at.one("Patient", id=task["for"]["reference"].split("/")[1])
    return any(grant.startswith("chu-atlas|") for grant in at.keys(patient))


def test_a_record_that_a_complete_scan_does_not_meet_is_withdrawn(at, tool):
    tool.write("1"), tool.write("2")
    assert read(at, tool).created == 2
    accept_all(at)
    before = {task["for"]["reference"]: task for task in at.all("Task")}
    tool.delete("1")
    assert read(at, tool).withdrawn == 1
    (gone,) = [case for case in at.all("EpisodeOfCare") if case["status"] == "cancelled"]
    her = gone["patient"]["reference"]
    assert {one["status"] for one in at.all("Consent") if one["patient"]["reference"] == her} == {"inactive"}
    assert {one["status"] for one in at.all("ServiceRequest") if one["subject"]["reference"] == her} == {"revoked"}
    assert not is_shown(at, before.pop(her))
    (other,) = before.values()
    assert is_shown(at, other)


def test_the_recipient_keeps_the_referral_and_is_told_that_it_has_ended(at, tool):
    tool.write("1")
    read(at, tool)
    at.move(at.one("Task"), "accepted", hospital())
    tool.delete("1")
    read(at, tool)
    task = at.one("Task")
    assert task["status"] in {"cancelled", "failed"} and task["statusReason"]["coding"]
    assert at.all("Communication")


def test_who_did_it_is_in_the_audit_trail(at, tool):
    tool.write("1")
    read(at, tool)
    tool.delete("1")
    read(at, tool)
    (event,) = at.audit("record.withdraw")
    assert {one["what"]["reference"].split("/")[0] for one in event["entity"] if "reference" in one["what"]} >= {
        "Consent"
    }
    assert len(at.all("Provenance")) == 2


def test_nothing_is_withdrawn_twice_and_what_was_withdrawn_stays_so(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    tool.delete("1")
    read(at, tool)
    before = at.everything("settings", "watermarks")
    assert read(at, tool).withdrawn == 0
    assert at.everything("settings", "watermarks") == before


def test_a_record_that_is_there_again_stands_again_as_the_same(at, tool):
    tool.write("1")
    read(at, tool)
    before = {type_: at.one(type_)["id"] for type_ in ("Patient", "Consent", "EpisodeOfCare", "ServiceRequest")}
    tool.delete("1")
    read(at, tool)
    tool.write("1")
    assert read(at, tool).updated == 1
    assert {type_: at.one(type_)["id"] for type_ in before} == before
    assert (at.one("Consent")["status"], at.one("EpisodeOfCare")["status"]) == ("active", "active")
    accept_all(at)
    assert is_shown(at, at.all("Task")[0])


@pytest.mark.parametrize("given", [0, 1, 2])
def test_a_scan_that_fails_withdraws_nothing(at, tool, given):
    for number in "123":
        tool.write(number)
    read(at, tool)
    tool.delete("1")
    tool.break_after = given
    with pytest.raises(Retriable):
        read(at, tool)
    assert {one["status"] for one in at.all("EpisodeOfCare")} == {"active"}
    assert read(at, tool).withdrawn == 1


def test_a_tool_that_does_not_scan_withdraws_nothing_by_silence(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    tool.delete("1")
    tool.scans = False
    assert read(at, tool).withdrawn == 0


def test_what_came_in_while_the_tool_was_looked_through_stands(at, tool):
    """By a hook, or by a second reader: it is not on a list that was made before."""
    tool.write("1")
    read(at, tool)

    def meanwhile():
        at.clock.forward(timedelta(seconds=1))
        at.receive(at.row("7", case_number="7", survivor_code="S-7x", cin=None))

    tool.meanwhile = meanwhile
    assert read(at, tool).withdrawn == 0
    assert len([one for one in at.all("EpisodeOfCare") if one["status"] == "active"]) == 2


def test_a_record_in_quarantine_goes_with_its_source(at, tool):
    tool.write("1", visit_date="hier")
    assert len(read(at, tool).rejected) == 1
    tool.delete("1")
    assert read(at, tool).withdrawn == 1
    assert list(at.store.quarantine()) == []


def test_most_of_a_register_does_not_vanish_by_an_accident(at, tool):
    for number in range(1, 17):
        tool.write(str(number))
    read(at, tool)
    for number in range(1, 13):
        tool.delete(str(number))
    receipt = read(at, tool)
    assert receipt.withdrawn == 0
    assert [(issue.text, issue.params) for _, issue in receipt.warnings if "vanished" in issue.text] == [
        ("receive.too-many-vanished", {"gone": "12", "known": "16"})
    ]
    assert read(at, tool, accept_withdrawals=True).withdrawn == 12


def test_a_trial_says_what_would_be_withdrawn_and_withdraws_nothing(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    tool.delete("2")
    before = at.everything("settings")
    assert read(at, tool, dry_run=True).withdrawn == 1
    assert at.everything("settings") == before


# --- what the tool says itself --------------------------------------------------------------------------------------------


def test_a_record_that_its_tool_says_is_gone_is_withdrawn(at, tool):
    tool.write("1"), tool.write("2")
    read(at, tool)
    tool.scans = False
    tool.delete("2")
    tool.said = [Withdrawn("row", "2", 9)]
    assert read(at, tool).withdrawn == 1
    assert sorted(one["status"] for one in at.all("EpisodeOfCare")) == ["active", "cancelled"]


def test_an_older_word_of_its_end_does_not_withdraw_what_was_edited_since(at, tool):
    tool.numbered = True
    tool.write("1"), tool.write("1", remarks="Revue.")
    read(at, tool)
    tool.said = [Withdrawn("row", "1", 1)]
    assert read(at, tool).withdrawn == 0


def test_a_watermark_is_never_stored_before_the_withdrawal_that_it_would_hide(at, tool, monkeypatch):
    tool.write("1")
    read(at, tool)
    tool.delete("1")
    reached = at.store.watermark("register")
    from hub.exchange import scans  # noqa: PLC0415 — the module whose act fails

    monkeypatch.setattr(scans, "end", lambda *_, **__: (_ for _ in ()).throw(OSError))
    with pytest.raises(OSError):
        read(at, tool)
    assert at.store.watermark("register") == reached


# --- late and repeated ----------------------------------------------------------------------------------------------------


def test_an_older_copy_that_comes_late_replaces_nothing(at, tool):
    tool.numbered = True
    first = tool.write("1")
    second = tool.write("1", full_name="Zineb corrigée")
    at.receive(second)
    assert at.receive(first).unchanged == 1
    assert at.one("Patient")["name"][0]["text"] == "Zineb corrigée"


def test_a_repetition_does_not_bring_back_what_its_tool_has_deleted(at, tool):
    tool.numbered = True
    copy = tool.write("1")
    read(at, tool)
    tool.delete("1")
    read(at, tool)
    assert at.receive(copy).unchanged == 1
    assert at.one("EpisodeOfCare")["status"] == "cancelled"
    assert at.receive(tool.write("1")).updated == 1
    assert at.one("EpisodeOfCare")["status"] == "active"


def test_a_tool_without_numbers_is_taken_at_its_last_word(at, tool):
    first, second = tool.write("1"), tool.write("1", full_name="Zineb corrigée")
    for copy in (first, second, first):
        at.receive(copy)
    assert at.one("Patient")["name"][0]["text"] != "Zineb corrigée"


# --- any order ------------------------------------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(st.sampled_from(["write", "write", "delete", "pull", "cut", "repeat", "echo"]), st.sampled_from("123")),
    min_size=3,
    max_size=14,
)


@settings(max_examples=examples(12, 200), suppress_health_check=list(HealthCheck))
@given(acts=ACTS, numbered=st.booleans())
def test_after_a_whole_pull_the_hub_says_what_the_tool_says_whatever_came_before(at, acts, numbered):
    for name in at.store.database.list_collection_names():
        at.store.database[name].delete_many({})
    tool = ChangingTool(at, numbered=numbered)
    for position, (act, id_) in enumerate(acts):
        tool.act(act, id_, f"Nom {position}", lambda: read(at, tool))
    tool.since = None
    read(at, tool)
    told = {one["patient"]["reference"]: one["status"] == "active" for one in at.all("EpisodeOfCare")}
    names = {f"Patient/{one['id']}": one["name"][0]["text"] for one in at.all("Patient")}
    assert {names[her] for her, stands in told.items() if stands} == set(tool.names())
    standing = {one["patient"]["reference"] for one in at.all("Consent") if one["status"] == "active"}
    assert standing == {her for her, stands in told.items() if stands}
    before = at.everything("settings", "watermarks")
    assert read(at, tool).unchanged == len(tool.names())
    assert at.everything("settings", "watermarks") == before


# --- more records than memory should hold ---------------------------------------------------------------------------------


def test_what_was_not_met_is_the_same_when_the_scan_lies_in_a_file(at, tool, monkeypatch):
    for number in range(1, 31):
        tool.write(str(number))
    read(at, tool)
    for number in range(1, 13):
        tool.delete(str(number))
    monkeypatch.setattr(met, "HELD", 3)
    assert read(at, tool, dry_run=True).withdrawn == 12
    assert read(at, tool).withdrawn == 12
    assert len([one for one in at.all("EpisodeOfCare") if one["status"] == "cancelled"]) == 12
    assert read(at, tool).withdrawn == 0


def test_without_room_on_the_disk_nothing_is_half_stored_and_the_next_pull_goes_on(at, tool, monkeypatch):
    monkeypatch.setattr(met, "HELD", BATCH + 1)
    monkeypatch.setattr(met, "CACHE", 1)
    for number in range(1, 2 * BATCH):
        tool.write(str(number))
    with small_disk(5_000), pytest.raises(Retriable) as refused:
        read(at, tool)
    assert refused.value.text == "adapters.no-room"
    assert at.store.watermark(at.connection.id) is None
    came = at.store.database.ledger.count_documents({})
    assert BATCH <= came < len(tool.records)
    assert came == len(at.all("Patient")) == len(at.all("Task"))
    receipt = read(at, tool)
    assert (receipt.created, receipt.unchanged, receipt.withdrawn) == (len(tool.records) - came, came, 0)
    assert at.store.watermark(at.connection.id) is not None
