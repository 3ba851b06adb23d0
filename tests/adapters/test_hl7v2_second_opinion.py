"""Our splitter reads what HL7apy reads, which knows every structure of the standard and is some thirty times slower.

https://crs4.github.io/hl7apy. The recorded messages are those of `tests/support/hl7v2.py`, and drawn ones.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7v2.encoding import escape
from adapters.hl7v2.message import parse
from tests.support.budget import examples
from tests.support.hl7v2 import NTE, PID, RF1, RP, RT, header, message, ref, sent_answer, sent_referral

parser = pytest.importorskip("hl7apy.parser")

RECORDED = {
    "referral": ref(more=(NTE,)),
    "without modes": ref(modes="|", more=()),
    "answer": message(header("RRI^I12^RRI_I12"), "MSA|AA|X", RF1, RP, RT, PID, "PV1|1|O|CPEC^^^CHU-1"),
    "arrival": message(header("ADT^A04^ADT_A01"), "EVN|A04|20260315", PID, "PV1|1|O|CPEC^^^CHU-1&2.999&ISO"),
}


def theirs(raw):
    """Every component that HL7apy finds: (segment, field, repetition, component) → text as it stands in the message."""
    found = {}
    for segment in parser.parse_message(raw.decode(), find_groups=False, validation_level=2).children:
        counts = {}
        for field in segment.children:
            number = int(field.name.split("_")[1])
            counts[number] = counts.get(number, 0) + 1
            if (segment.name, number) in {("MSH", 1), ("MSH", 2)}:
                continue
            for position, text in enumerate(field.to_er7().split("^"), 1):
                if text:
                    found[segment.name, number, counts[number], position] = text
    return found


def ours(raw):
    found = {}
    for segment in parse(raw).segments:
        for number in range(1, len(segment.fields)):
            if (segment.name, number) in {("MSH", 1), ("MSH", 2)}:
                continue
            for count, repetition in enumerate(segment.repetitions(number), 1):
                for position, text in enumerate(repetition.split("^"), 1):
                    if text:
                        found[segment.name, number, count, position] = text
    return found


@pytest.mark.parametrize("raw", RECORDED.values(), ids=RECORDED.keys())
def test_recorded_messages_are_read_alike(raw):
    assert ours(raw) == theirs(raw)


WORDS = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12).map(str.strip).filter(bool)


@settings(max_examples=examples(25, 400), deadline=None)
@given(st.lists(WORDS, min_size=3, max_size=3))
def test_drawn_values_are_read_alike(words):
    code, family, given_ = (escape(word) for word in words)
    raw = ref(pid=f"PID|1||{code}^^^CHU-1^AN~X^^^MAR^NI||{family}^{given_}^^^^^L||2001|F", more=(NTE,))
    assert ours(raw) == theirs(raw)


def test_what_we_send_is_what_hl7apy_calls_valid():
    for raw, structure in ((sent_referral(), "REF_I12"), (sent_answer(), "RRI_I12")):
        read = parser.parse_message(raw.decode().rstrip("\r"), find_groups=True)
        assert read.name == structure
        assert read.validate()
