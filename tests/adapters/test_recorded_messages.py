"""What a hospital's engine and the hub say to each other by HL7 v2, both sides played from the same recorded conversation.

`adapters/hl7v2/recorded`: one message and its answers a file, in their order, as the standard has them; in `refused`, what a
hospital answers instead. A hospital that is played sends its messages to our listener, and takes ours.
"""

import json
import random
from datetime import date
from pathlib import Path

import pytest

from adapters import hl7v2
from adapters.hl7v2 import client
from adapters.hl7v2.mllp import framed
from hub import mapping
from hub.errors import AdapterError, Fatal
from hub.mapping import Context
from hub.ports import FollowUp, SourceRecord
from tests.support.budget import examples
from tests.support.hl7v2 import Hospital, connection, dialled, listening

FOLDER = Path(str(hl7v2.__file__)).parent / "recorded"
TALK = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))}
REFUSED = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted((FOLDER / "refused").glob("*.json"))}
THEIRS = {name: one for name, one in TALK.items() if one["from"] == "hospital"}
OURS = {name: one for name, one in TALK.items() if one["from"] == "hub"}
REFERRAL = {
    "pseudonym": "SC-8F2K", "birth_date": "2001", "sex": "F", "urgency": "S", "service": "Med", "language": "ar",
    "effective": "2026-03-15", "status": "P", "note": "Consultation | certificat",
}  # fmt: skip
ANSWER = {"status": "A", "status_date": "2026-03-16T09:00:00+00:00"}
NEVER = (
    "Salma",
    "Rahma",
    "سلمى",
    "661000000",
    "V77811",
    "JVBER",
    "ZIH",
    "note du service",
    "P-12345",
    "Zahra",
    "CNSS",
    "T74",
)
"""What no record may hold: staff, kin, visits, files, diagnoses, other patients, segments of the house."""
EXAMPLES = examples(40, 1_000)
TODAY = date(2026, 3, 20)


def raw(lines, charset="utf-8"):
    return "".join(f"{line}\r" for line in lines).encode(charset)


def said(one):
    return raw(one["message"], one.get("charset", "utf-8"))


def timeless(lines):
    """Without MSH-7 and MSH-10, which are of the moment."""
    header, *rest = lines
    fields = header.split("|")
    return [
        "|".join([*fields[:6], "", *fields[7:9], "", *fields[10:]]).rstrip("|"),
        *[line.rstrip("|") for line in rest],
    ]


class Partner(Hospital):
    """A hospital that answers each kind of message as was recorded; `instead`: the answers to all of them."""

    def __init__(self, instead=None):
        super().__init__(self._said)
        self.instead = instead
        self.answers = {one["message"][0].split("|")[8]: one["answers"] for one in OURS.values()}

    def _said(self, taken):
        header = taken.decode().split("\r")[0].split("|")
        answers = self.instead or self.answers[header[8]]
        return [raw([line.replace("{control}", header[9]) for line in one]) for one in answers]


@pytest.fixture
def partner():
    with Partner() as his:
        yield his


@pytest.fixture
def to(partner, tmp_path):
    return connection(tmp_path, send=partner.address, their_name="HIS|CHU-1")


def refer(to):
    hl7v2.adapter.refer(to, [FollowUp("1", {"referral": "T-1", "event": "new"}, REFERRAL)])


def answer(to):
    handle = {"referral": "R-2026-000123^CHU-1", "control": "HIS2", "version": "2.5.1"}
    hl7v2.adapter.push(to, [FollowUp("R-2026-000123^CHU-1", handle, ANSWER)])


def play(to, wire):
    """The whole conversation, in its order; what was answered to each of theirs."""
    heard = {}
    for name, one in TALK.items():
        if one["from"] == "hospital":
            wire.send(said(one))
            heard[name] = wire.hear(one.get("charset", "utf-8"))
        else:
            (answer if "RRI" in one["message"][0] else refer)(to)
    return heard


def test_a_recorded_hospital_hears_what_the_standard_says_it_hears(to, partner):
    with listening(to) as port, dialled(port) as wire:
        heard = play(to, wire)
    for name, one in THEIRS.items():
        (expected,) = one["answers"]
        assert timeless(heard[name]) == timeless(expected), name


def test_what_is_sent_again_hears_the_very_same_answer(to, partner):
    with listening(to) as port, dialled(port) as wire:
        heard = play(to, wire)
    again = {name: one["again"] for name, one in THEIRS.items() if "again" in one}
    assert again
    for name, first in again.items():
        assert heard[name] == heard[first]


def test_a_recorded_hospital_takes_what_it_was_heard_to_take(to, partner):
    with listening(to) as port, dialled(port) as wire:
        play(to, wire)
    taken = [one.decode().rstrip("\r").split("\r") for one in partner.taken]
    assert [timeless(one) for one in taken] == [timeless(one["message"]) for one in OURS.values()]


def test_a_recorded_conversation_is_read_whole_and_conforms(to, partner):
    with listening(to) as port, dialled(port) as wire:
        play(to, wire)
    records = [one for one in hl7v2.adapter.pull(to, None) if isinstance(one, SourceRecord)]
    assert [(one.kind, one.id, one.content["event"]) for one in records] == [
        ("referral", "R-2026-000123^CHU-1", "REF^I12"),
        ("referral", "R-2026-000123^CHU-1", "REF^I13"),
        ("answer", "T-1", "RRI^I12"),
        ("visit", "T-1", "ADT^A04"),
        ("referral", "R-2026-000124^CHU-1", "REF^I12"),
        ("referral", "R-2026-000123^CHU-1", "REF^I14"),
    ]
    form, context = mapping.load("hl7v2/ref-i12"), Context("chu-1", lambda name: name, TODAY)
    for one in records:
        if one.kind == "referral":
            issues = [issue for issue in (*one.issues, *form.forward(one, context).issues) if issue.blocks]
            assert not issues, one.id
    held = json.dumps([dict(one.content) for one in records], ensure_ascii=False)
    assert not [one for one in NEVER if one in held]
    assert "خيالية" in held and "استشارة طبية" in held


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("send", [refer, answer])
def test_what_a_hospital_refuses_is_told_by_its_code_and_nothing_of_what_it_says(tmp_path, name, send):
    codes = {
        "an-unknown-patient": "204",
        "another-version": "203",
        "not-accepted": "207",
        "accepted-and-then-an-error": "103",
    }
    codes |= {"as-before-version-2.5": "204", "without-a-reason": "-"}
    assert codes.keys() == REFUSED.keys()
    with Partner(REFUSED[name]["answers"]) as his:
        to = connection(tmp_path, send=his.address, their_name="HIS|CHU-1")
        with pytest.raises(Fatal) as refused:
            send(to)
    assert refused.value.text == "adapters.hl7v2-refused" and refused.value.params["code"] == codes[name]
    assert "Nadia" not in f"{refused.value!r} {refused.value.params}"


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_a_recorded_message_with_bytes_changed_is_answered_or_passed_over(tmp_path, seed):
    chance = random.Random(seed)
    to = connection(tmp_path)
    spoilt = bytearray(said(chance.choice(list(THEIRS.values()))))
    for _ in range(chance.choice((1, 3, 10))):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(32, 256)
    with listening(to) as port, dialled(port) as wire:
        wire.socket.sendall(framed(bytes(spoilt)))
        wire.send(said(THEIRS["11-an-order"]))
        verdicts = [line.split("|")[1] for line in until_last(wire)]
    assert set(verdicts) <= {"AA", "AE", "AR", "CA", "CE", "CR"}
    for one in hl7v2.adapter.pull(to, None):
        assert not isinstance(one, SourceRecord) or one.id


def until_last(wire):
    """The acknowledgements up to that of the order, which comes last."""
    while True:
        answer = wire.hear("latin-1")
        acknowledgement = next(line for line in answer if line.startswith("MSA"))
        yield acknowledgement
        if acknowledgement.endswith("|HIS8"):
            return


@pytest.mark.parametrize("seed", range(EXAMPLES // 4))
def test_an_answer_with_bytes_changed_is_taken_or_tried_again(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(client, "TIMEOUT", 0.3)
    chance = random.Random(seed)
    lines = list(chance.choice([*OURS.values(), *REFUSED.values()])["answers"][0])
    at = chance.randrange(len(lines))
    spot = chance.randrange(3, len(lines[at]))
    lines[at] = lines[at][:spot] + chance.choice("|^~\\&A0 é") + lines[at][spot + 1 :]
    with Partner([lines]) as his:
        to = connection(tmp_path, send=his.address, their_name="HIS|CHU-1")
        try:
            refer(to)
        except AdapterError as problem:
            assert "Nadia" not in f"{problem!r} {problem.params}"
