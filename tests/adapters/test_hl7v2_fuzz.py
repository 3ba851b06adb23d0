"""Whatever comes over the wire: never a crash, never half a record, never a name in what is answered or said."""

import contextlib
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7v2 import adapter
from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.message import parse
from adapters.hl7v2.reception import Reception
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from hub import mapping
from hub.mapping import Context
from hub.ports import SourceRecord
from tests.support.budget import examples
from tests.support.hl7v2 import NTE, PID, SECRET, connection, header, message, ref

ARABIC = "PID|1||P-7^^^CHU-1^AN||الخيالية^نادية||2001|F"
RECORDED = (
    ref(),
    ref("I13", more=(NTE, "OBR|1||X", "OBX|1|TX|||Fictif Nadia", "NTE|1||of a result")),
    ref("I14", modes="AL|AL", version="2.3"),
    message(header("RRI^I12^RRI_I12"), "MSA|AA|X", "RF1|A|||||T-1^IHALA", PID, "PV1|1|O"),
    message(header("ADT^A04^ADT_A01", charset="8859/6"), "EVN|A04|2026", ARABIC, "PV1|1|O", charset="iso8859-6"),
)
MARKS = ("Fictif", "Nadia", "P-77", "AB12345", "661234567", "نادية", "Fictive", "certificat")
EXAMPLES = examples(150, 3000)


def mutated(raw, chance):
    """A recording with some of its bytes changed, cut, doubled or exchanged."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        at, kind = chance.randrange(len(data)), chance.randrange(5)
        if kind == 0:
            data[at] = chance.choice(b'|^~\\&\r\n"\x00\x0b\x1c\xff MSHPIDZ0')
        elif kind == 1:
            del data[at : at + chance.randint(1, 30)]
        elif kind == 2:
            data[at:at] = data[at : at + chance.randint(1, 60)]
        elif kind == 3:
            data[at:at] = bytes(chance.choices(b'|^~\\&\r"', k=chance.randint(1, 5)))
        else:
            lines = bytes(data).split(b"\r")
            chance.shuffle(lines)
            data = bytearray(b"\r".join(lines))
        data = data or bytearray(b"x")
    return bytes(data)


@pytest.fixture(scope="module")
def taking(tmp_path_factory):
    to = connection(tmp_path_factory.mktemp("spool"))
    found = terms(to)
    return to, Reception(found, Spool(found.spool, SECRET))


def fate(taking, raw):
    """The answer; and of what was taken, that it is one whole record or none."""
    to, reception = taking
    for path in (terms(to).spool / "inbox").iterdir():
        path.unlink()
    answer = reception.take(raw)
    assert not any(mark.encode() in answer.split(b"\r", 1)[-1] for mark in MARKS)
    pulled = [one for one in adapter.pull(to, None) if isinstance(one, SourceRecord)]
    form = mapping.load("hl7v2/ref-i12")
    for one in pulled:
        assert not any(mark in f"{one!r} {one.place} {one.version} {dict(one.headers)} {one.issues}" for mark in MARKS)
        reads = form.answers.get(one.kind, form)
        mapped = reads.forward(one, Context("chu", str, date(2026, 11, 23)))
        for issue in mapped.issues:
            shown = f"{issue.text} {issue.params}"
            assert not any(mark in shown for mark in ("Fictif", "Nadia", "AB12345", "661234567", "نادية", "Fictive"))
    well = any(verdict in answer for verdict in (b"MSA|AA", b"MSA|CA"))
    assert well or len(pulled) == 0 or not answer
    return answer


@pytest.mark.parametrize("seed", range(10))
def test_a_recording_with_bytes_changed_is_taken_whole_or_not_at_all(taking, seed):
    chance = random.Random(seed)
    for _ in range(EXAMPLES // 10):
        fate(taking, mutated(chance.choice(RECORDED), chance))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_and_break_nothing(taking, raw):
    assert fate(taking, raw).startswith(b"\x0bMSH")


FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(FIELDS, min_size=8, max_size=35), st.sampled_from(["RF1", "PRD", "PID", "NTE", "CON", "PV1"]))
def test_any_fields_are_read_or_refused(taking, fields, name):
    fate(taking, message(header(), f"{name}|{'|'.join(fields)}", "RF1|P||Med|||R-9^CHU", "PID|1||P-9^^^CHU^AN"))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200))
def test_parsing_raises_nothing_but_unreadable(raw):
    with contextlib.suppress(Unreadable):
        assert "^" in parse(b"MSH|^~\\&|" + raw).kind
