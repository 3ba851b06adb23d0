"""What messages say and no column reads: who connects a hospital is told the places, and nobody a value."""

import pytest

from adapters.hl7v2 import adapter
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from tests.support.hl7v2 import PID, RF1, RP, SECRET, connection, header, message, ref

NK1 = "NK1|1|Fictif^Hassan|SPO^Spouse^HL70063||0611223344"
TOLD = ref(rf1=RF1, more=(NK1, "DG1|1||T74.1^^I10", "Z99|1|whatever", "ALI|Fictif"))


@pytest.fixture
def hospital(tmp_path):
    return connection(tmp_path)


def said(hospital, *messages):
    spool = Spool(terms(hospital).spool, SECRET)
    for one in messages:
        spool.put(one)
    return [one.params["places"] for one in adapter.check(hospital) if one.text == "adapters.hl7v2-unread"]


def test_the_check_names_the_places_that_no_column_reads_and_no_value(hospital):
    assert said(hospital, TOLD) == ["RF1-4, RF1-5, DG1, NK1"]
    assert "Fictif" not in str(list(adapter.check(hospital)))


def test_it_stops_nothing_and_does_not_speak_of_a_message_that_is_read_whole(hospital):
    assert said(hospital, ref(rf1="RF1|P|S|Med|||R-1^CHU-1|20260315|20260615")) == []
    assert said(hospital, TOLD) and not [one for one in adapter.check(hospital) if one.blocks]


def test_what_cannot_be_read_at_all_and_what_tells_of_visits_is_passed_over(hospital):
    visit = message(header("ADT^A04^ADT_A01"), "EVN|A04|20260315", PID, NK1, "PV1|1|O")
    assert said(hospital, visit, b"no message", ref(charset="KLINGON")) == []


def test_what_an_answer_says_is_looked_at_too(hospital):
    answer = message(
        header("RRI^I12^RRI_I12"), "MSA|AA|X", "RF1|A|||AM||T-1^IHALA||||R", RP, "PID|1||P-77", "NTE|1|L|x"
    )
    assert said(hospital, answer) == ["RF1-4"]
