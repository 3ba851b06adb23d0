"""A hospital that keeps its system, from both ends: it is referred to and answers; it refers and is answered."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.hl7v2.message import parse
from hub.bootstrap import opened
from hub.exchange import change, disclose
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in
from tests.support.hl7v2 import CON, PID, RF1, Hospital, dialled, header, listening, message, msa
from tests.support.patience import PATIENCE_S

CONNECTION = """organization: example-hospital
adapter: hl7v2
mapping: hl7v2/ref-i12
settings:
  listen: 127.0.0.1:0
  send: {send}
  their_name: HIS|CHU-1
secrets:
  spool: {{file: secrets/hospital}}
"""


@pytest.fixture
def his() -> Iterator[Hospital]:
    with Hospital() as found:
        yield found


@pytest.fixture
def joined(hub: Command, his: Hospital) -> Command:
    """An association with a register, and the hospital's system."""
    (hub.home / "connections" / "hospital.yaml").write_text(CONNECTION.format(send=his.address), "utf-8")
    (hub.home / "secrets").mkdir(exist_ok=True)
    (hub.home / "secrets" / "hospital").write_text("a long secret", "utf-8")
    hub.register(GOOD)
    return hub


def say(hub: Command, *messages: bytes) -> list[str]:
    """Messages to the listener of the hospital's connection, and a pull of what was taken; the verdicts."""
    with opened(hub.home) as deployment:
        to = deployment.door("hospital").connection
    with listening(to) as port, dialled(port) as wire:
        verdicts = [msa(wire.ask(one))[0] for one in messages]
    hub("pull", "hospital")
    return verdicts


def tasks(hub: Command, organization: str = "example-hospital") -> dict[str, str]:
    found = hub.json("referral", "list", "--organization", organization)
    return {one["referral"].removeprefix("Task/"): one["status"] for one in found}


def stored(hub: Command, task: str) -> Resource:
    with opened(hub.home) as deployment:
        found = deployment.hub.store.read("Task", task, None)
    assert found is not None
    return found.resource()


def status(hub: Command, task: str) -> str:
    return str(stored(hub, task)["status"])


def sent(his: Hospital, kind: str) -> list[list[str]]:
    return [raw.decode().strip("\r").split("\r") for raw in his.taken if f"|{kind}^".encode() in raw.split(b"\r")[0]]


def referred(hub: Command, his: Hospital) -> str:
    """The association refers; the number that the hospital got for it."""
    hub("pull", "register")
    hub("deliver")
    (lines,) = sent(his, "REF")
    return field(lines, "RF1", 6).split("^")[0]


def field(lines: list[str], segment: str, number: int) -> str:
    (line,) = [one for one in lines if one.startswith(segment)][:1]
    fields = line.split("|")
    return fields[number] if number < len(fields) else ""


def rri(task: str, status_: str, control: str, more: str = "", notes: tuple[str, ...] = ()) -> bytes:
    return message(
        header("RRI^I12^RRI_I12", control), "MSA|AA|X", f"RF1|{status_}^^HL70283|||||{task}^IHALA||||{more}|HIS-7781^CHU-1",
        "PID|1||SC-1^^^IHALA^AN||^^^^^^S", "PV1|1|O|CPEC^^^CHU-1||||||||||||||||V77812", *notes,
    )  # fmt: skip


def adt(event: str, control: str, visit: str = "V77812") -> bytes:
    return message(
        header(f"ADT^{event}^ADT_A01", control), f"EVN|{event}|20260316", "PID|1||H-9^^^CHU-1^MR||Marquée^Zineb",
        f"PV1|1|O|||||||||||||||||{visit}",
    )  # fmt: skip


# --- referred to -----------------------------------------------------------------------------------------------------


def test_a_referral_goes_to_the_hospital_as_ref_i12_with_what_it_may_know_and_nothing_else(
    joined: Command, his: Hospital
) -> None:
    task = referred(joined, his)
    (lines,) = sent(his, "REF")
    assert task in tasks(joined)
    assert [one[:3] for one in lines] == ["MSH", "RF1", "PRD", "PRD", "PID"]
    assert "|REF^I12^REF_I12|" in lines[0]
    assert field(lines, "RF1", 1) == "P^^HL70283"
    assert [one.split("|")[1] for one in lines if one.startswith("PRD")] == ["RP^^HL70286", "RT^^HL70286"]
    assert (field(lines, "RF1", 2), field(lines, "RF1", 3)) == ("R^^HL70280", "Psy^^HL70281")  # of the notice
    assert field(lines, "PID", 11) == "^^^MA-AGD"
    assert field(lines, "PID", 5) == "^^^^^^S"
    assert marks_in("".join(lines)) == []
    assert "AR-001" not in "".join(lines)  # the association's own code
    assert parse(his.taken[0]).header.value(18) == "UNICODE UTF-8"


def test_what_the_hospital_has_taken_it_has_received_and_it_is_not_sent_again(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    assert status(joined, task) == "received"
    joined("deliver")
    assert len(sent(his, "REF")) == 1


@pytest.mark.parametrize(
    ("said", "after"), [(("A", ""), "accepted"), (("R", "W"), "rejected"), (("P", ""), "received")]
)
def test_its_rri_becomes_the_next_step_of_the_referral(
    joined: Command, his: Hospital, said: tuple[str, str], after: str
) -> None:
    task = referred(joined, his)
    assert say(joined, rri(task, said[0], "R1", said[1])) == ["AA"]
    assert status(joined, task) == after


def test_the_referral_bears_the_hospitals_own_number_once_it_was_said(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    before = stored(joined, task).get("identifier", [])
    say(joined, rri(task, "A", "R1"))
    (own,) = [one for one in stored(joined, task)["identifier"] if one not in before]
    assert (own["system"], own["value"]) == (identifier_system("referral-at-recipient"), "HIS-7781")
    say(joined, rri(task, "A", "R2"))
    assert stored(joined, task)["identifier"] == [*before, own]


def test_arrival_and_discharge_close_the_loop_and_the_association_is_told(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    say(joined, rri(task, "A", "R1"), adt("A04", "R2"))
    assert status(joined, task) == "in-progress"
    say(joined, adt("A03", "R3"))
    assert status(joined, task) == "completed"
    joined("deliver")
    assert list((joined.home / "follow-up").glob("*.xlsx"))
    assert "Service rendu" not in b"".join(his.taken).decode()  # its own words are not told to it


def test_an_arrival_of_somebody_else_is_acknowledged_and_kept_nowhere(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    before = joined.json("status")["stored"]
    assert say(joined, adt("A04", "R9", visit="V-OTHER"), adt("A08", "R10", visit="V-OTHER")) == ["AA", "AA"]
    assert status(joined, task) == "received"
    assert joined.json("status")["stored"] == before


def test_an_answer_twice_or_out_of_order_changes_nothing(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    say(joined, rri(task, "R", "R1", "W"))
    say(joined, rri(task, "R", "R2", "W"), rri(task, "A", "R3"))
    assert status(joined, task) == "rejected"


def test_an_answer_to_a_referral_that_the_hospital_was_not_sent_is_set_aside(joined: Command, his: Hospital) -> None:
    referred(joined, his)
    say(joined, rri("no-such-referral", "A", "R1"))
    (waits,) = [one for one in joined.json("quarantine", "list") if one["connection"] == "hospital"]
    assert "receive.answer-to-nothing" in str(waits) or waits["issues"]


def test_a_hospital_that_cannot_be_reached_gets_the_referral_later(hub: Command) -> None:
    with Hospital() as gone:
        address = gone.address
    (hub.home / "connections" / "hospital.yaml").write_text(CONNECTION.format(send=address), "utf-8")
    (hub.home / "secrets").mkdir(exist_ok=True)
    (hub.home / "secrets" / "hospital").write_text("a long secret", "utf-8")
    hub.register(GOOD)
    hub("pull", "register")
    hub("deliver")
    (task,) = tasks(hub)
    assert status(hub, task) == "requested"
    assert "cannot be reached" in str(hub.json("delivery", "list"))


def edited(hub: Command, old: str, new: str) -> None:
    """The association changes its register, and what follows of it is sent."""
    path = hub.home / "registers" / "register.csv"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    hub("pull", "register")
    hub("deliver")


def test_what_the_hospital_may_know_once_it_has_accepted_is_told_by_i13(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    (before,) = sent(his, "REF")
    assert (field(before, "PID", 8), field(before, "PID", 13)) == ("", "")
    say(joined, rri(task, "A", "R1"))
    joined("deliver")
    _, told = sent(his, "REF")
    assert "|REF^I13^REF_I12|" in told[0] and field(told, "RF1", 6).split("^")[0] == task
    assert field(told, "PID", 8) == "F" and "612345678" in field(told, "PID", 13)
    assert "Récit" not in "".join(told) and "Marquée" not in "".join(told) and "AR-001" not in "".join(told)


def test_an_edit_of_what_the_hospital_may_see_is_told_by_i13_and_no_other(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    edited(joined, ";34;", ";35;")
    assert len(sent(his, "REF")) == 1, "before it has accepted it sees the notice alone, which says what it said"
    say(joined, rri(task, "A", "R1"))
    joined("deliver")
    before = len(sent(his, "REF"))
    edited(joined, "Récit très secret", "Récit très secret, et la suite")
    edited(joined, "Zineb Marquée", "Zineb Marquée-Alami")
    assert len(sent(his, "REF")) == before, "that something changed is told to nobody from whom it is hidden"
    edited(joined, "Agadir-Ida-Ou-Tanane", "Casablanca")
    *_, last = sent(his, "REF")
    assert len(sent(his, "REF")) == before + 1
    assert "|REF^I13^REF_I12|" in last[0]
    assert field(last, "RF1", 6).split("^")[0] == task
    assert "Casablanca" in field(last, "PID", 11)
    assert "Récit" not in "".join(last) and "Marquée" not in "".join(last) and "AR-001" not in "".join(last)
    joined("pull", "register")
    joined("deliver")
    assert len(sent(his, "REF")) == before + 1, "what changes nothing is told to nobody"


WORDS = "NTE|1|L|Aucun lit avant lundi\\E\\mercredi", "NTE|2|L|Appelez la garde"
REMARK = "Aucun lit avant lundi\\mercredi\nAppelez la garde"


def written(hub: Command, organization: str) -> list[Resource]:
    """The messages that an organisation can see."""
    with opened(hub.home) as deployment:
        page = disclose.search(Query("Communication"), Caller("test", organization, "COC"), hub=deployment.hub)
    return [loads(one.text) for one in page.entries]


def test_what_the_hospital_remarks_reaches_the_association_as_a_message_also_with_a_refusal(
    joined: Command, his: Hospital
) -> None:
    task = referred(joined, his)
    say(joined, rri(task, "R", "R1", "W", WORDS))
    assert status(joined, task) == "rejected"
    (told,) = written(joined, "example-association")
    assert told["payload"] == [{"contentString": REMARK}]
    assert told["about"] == [{"reference": f"Task/{task}"}]
    assert told["sender"]["reference"] == "Organization/example-hospital"
    assert "lundi" not in str(stored(joined, task))


def test_a_remark_that_is_sent_again_is_written_once_and_another_beside_it(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    say(joined, rri(task, "P", "R1", notes=WORDS), rri(task, "A", "R2", notes=WORDS))
    assert [one["payload"] for one in written(joined, "example-association")] == [[{"contentString": REMARK}]]
    say(joined, rri(task, "A", "R3", notes=WORDS[1:]))
    assert len(written(joined, "example-association")) == 2


def test_a_remark_that_comes_too_late_waits_and_is_not_lost(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    say(joined, rri(task, "R", "R1", "W"))
    say(joined, rri(task, "R", "R2", "W", WORDS))
    assert written(joined, "example-association") == []
    (waits,) = [one for one in joined.json("quarantine", "list") if one["connection"] == "hospital"]
    assert "Pass the words on another way" in str(waits)
    assert "lit" not in str(waits)


# --- referring -------------------------------------------------------------------------------------------------------


def incoming(event: str = "I12", control: str = "H1", **changes: str) -> bytes:
    rt = "PRD|RT||||||example-association^IHALA"
    rf1 = changes.get("rf1", RF1)
    return message(header(f"REF^{event}^REF_I12", control), rf1, rt, changes.get("pid", PID), CON)


def test_a_hospitals_ref_becomes_a_referral_and_its_answer_goes_back_as_rri(joined: Command, his: Hospital) -> None:
    assert say(joined, incoming()) == ["AA"]
    (task,) = tasks(joined, "example-association")
    assert status(joined, task) == "requested"
    joined("deliver")
    accept(joined, task)
    joined("deliver")
    last = sent(his, "RRI")[-1]
    assert field(last, "MSA", 2) == "H1"
    assert field(last, "RF1", 1) == "A^^HL70283"
    assert field(last, "RF1", 6) == "R-2026-000123^CHU-1"
    assert not any(word in "".join(last) for word in ("Fictif", "Nadia", "P-77"))


def accept(hub: Command, task: str) -> None:
    with opened(hub.home) as deployment:
        caller = Caller("test", "example-association", "COC")
        change.patch("Task", task, lambda one: {**one, "status": "accepted"}, caller, expected=None, hub=deployment.hub)


def test_i13_changes_what_it_says_and_leaves_what_it_is_silent_about(joined: Command, his: Hospital) -> None:
    say(joined, incoming())
    silent = "PID|1||P-77^^^CHU-1^AN||Fictif^Salma^^^^^L|||F"
    say(joined, incoming("I13", "H2", pid=silent, rf1=RF1.replace("|S^STAT", "|R^Routine")))
    patient = the(joined, "Patient")
    assert patient["name"] == [{"text": "Salma Fictif"}]
    assert patient["birthDate"] == "2001-03"
    assert the(joined, "ServiceRequest")["priority"] == "routine"


def test_two_quotation_marks_delete_what_an_empty_field_would_leave(joined: Command, his: Hospital) -> None:
    say(joined, incoming())
    say(joined, incoming("I13", "H2", pid='PID|1||P-77^^^CHU-1^AN||Fictif^Nadia^^^^^L||""|F'))
    patient = the(joined, "Patient")
    assert "birthDate" not in patient
    assert patient["telecom"][0]["value"] == "+212661234567"


def test_i14_takes_a_referral_back(joined: Command, his: Hospital) -> None:
    say(joined, incoming())
    (task,) = tasks(joined, "example-association")
    say(joined, incoming("I14", "H2"))
    assert status(joined, task) == "cancelled"
    assert the(joined, "ServiceRequest")["status"] == "revoked"


def test_the_same_referral_pulled_twice_changes_nothing(joined: Command, his: Hospital) -> None:
    say(joined, incoming())
    before = joined.json("status")["stored"]
    say(joined, incoming(control="H7"))
    assert joined.json("status")["stored"] == before


def the(hub: Command, type_: str) -> dict[str, Any]:
    """The hospital's only resource of a type."""
    with opened(hub.home) as deployment:
        page = disclose.search(Query(type_), Caller("test", "example-hospital", "COC"), hub=deployment.hub)
    (found,) = page.entries
    return dict(loads(found.text))


def test_hub_listen_serves_until_it_is_stopped_and_needs_no_database(joined: Command) -> None:
    environment = {**os.environ, "IHALA_MONGODB_URI": "mongodb://127.0.0.1:9/nobody"}
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "--home", str(joined.home), "listen", "hospital"],
        stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        with dialled(int(found[1])) as wire:
            assert msa(wire.ask(incoming()))[0] == "AA"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.stdout.close()
    joined("pull", "hospital")
    assert len(tasks(joined, "example-association")) == 1


def test_a_tool_that_sends_nothing_cannot_be_listened_to(joined: Command) -> None:
    assert "hub pull" in joined("listen", "register").output


# --- consent ---------------------------------------------------------------------------------------------------------

WITHDRAWN = GOOD.replace(";oui;05/01/2026;", ";non;;")


def test_what_she_has_withdrawn_before_it_was_sent_is_not_sent(joined: Command, his: Hospital) -> None:
    joined("pull", "register")
    joined.register(WITHDRAWN)
    joined("pull", "register")
    joined("deliver")
    assert his.taken == []


def test_what_she_has_withdrawn_after_it_was_sent_is_taken_back_by_i14(joined: Command, his: Hospital) -> None:
    task = referred(joined, his)
    joined.register(WITHDRAWN)
    joined("pull", "register")
    joined("deliver")
    assert status(joined, task) == "cancelled"
    last = sent(his, "REF")[-1]
    assert "|REF^I14^REF_I12|" in last[0]
    assert field(last, "RF1", 6).split("^")[0] == task
    assert marks_in("".join(last)) == []
