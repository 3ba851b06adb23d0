"""Characters, delimiters, escapes, timestamps and frames, as messages bring them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hl7v2.encoding import USUAL, Delimiters, Unreadable, decode, delimiters, escape, unescape
from adapters.hl7v2.message import parse
from adapters.hl7v2.mllp import Frames, TooLarge, framed
from adapters.hl7v2.moments import from_iso, iso, written
from adapters.hl7v2.places import Reader
from hub import mapping
from tests.support.hl7v2 import PID, header, message, ref

ARABIC = "PID|1||P-7^^^CHU-1^AN||الخيالية^نادية||2001|F"


def name_in(raw, charset=""):
    return parse(raw, charset).first("PID").value(5, 2)


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("UNICODE UTF-8", "utf-8"), ("8859/6", "iso8859-6"), ("WINDOWS-1256", "cp1256"), ("", "utf-8")],
)
def test_arabic_is_read_in_the_charset_that_the_message_names(charset, codec):
    assert name_in(message(header(charset=charset), ARABIC, charset=codec)) == "نادية"


def test_french_is_read_in_latin_1():
    raw = message(header(charset="8859/1"), "PID|1||P-7||Fictivé^Zoë", charset="iso8859-1")
    assert name_in(raw) == "Zoë"


def test_a_message_that_names_no_charset_is_read_as_the_connection_says():
    assert name_in(message(header(charset=""), ARABIC, charset="iso8859-6"), "8859/6") == "نادية"


def test_of_several_charsets_the_first_is_that_of_the_message():
    assert name_in(message(header(charset="8859/6~UNICODE UTF-8"), ARABIC, charset="iso8859-6")) == "نادية"


@pytest.mark.parametrize(("charset", "code"), [("KLINGON", "103"), ("ASCII", "102"), ("UNICODE UTF-8", "102")])
def test_bytes_that_are_not_in_the_charset_named_are_refused_and_not_guessed(charset, code):
    with pytest.raises(Unreadable) as refused:
        decode(message(header(charset=charset), ARABIC, charset="iso8859-6"))
    assert (refused.value.code, refused.value.location) == (code, "MSH^1^18")


def test_a_byte_order_mark_before_the_message_is_no_part_of_it():
    assert parse(b"\xef\xbb\xbf" + ref()).control == "HIS1"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_end_with_cr_and_lf_is_taken_for_it(end):
    raw = ref().replace(b"\r", end.encode())
    assert [one.name for one in parse(raw).segments] == ["MSH", "RF1", "PRD", "PRD", "PID", "NTE", "CON"]


def test_delimiters_are_those_that_the_message_names():
    raw = b"MSH#*+?!#HIS#CHU#IHALA#HUB#20260315##REF*I12#N1#P#2.5.1\rPID#1##7***CHU!1.2*AN##A?F?b*C?S?d+E*F\r"
    found = parse(raw)
    assert found.marks == Delimiters("#", "*", "+", "?", "!")
    patient = found.first("PID")
    assert (patient.value(5), patient.value(5, 2)) == ("A#b", "C*d")
    assert (patient.value(3, 4), patient.value(3, 4, 2)) == ("CHU", "1.2")
    assert patient.repetitions(5) == ["A?F?b*C?S?d", "E*F"]


def test_a_header_may_leave_out_the_last_delimiters():
    assert parse(b"MSH|^~|HIS|CHU\rPID|1||a\\F\\b&c\r").first("PID").value(3) == "a\\F\\b&c"


@pytest.mark.parametrize("broken", ["", "MSH", "PID|1|", "MSH|^^\\&|", "MSH|||", "MSHA^~\\&A", "MSH|ABCD|"])
def test_what_names_no_delimiters_is_no_message(broken):
    with pytest.raises(Unreadable):
        delimiters(broken[:9])


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"one\.br\two\.sp\three", "one\ntwo\nthree"),
        (r"\H\marked\N\ plain", "marked plain"),
        (r"\X0D0A\end", "\nend"),
        (r"\XC3A9\t\XC3A9\ ", "été "),
        (r"a lone \ stays", r"a lone \ stays"),
        (r"C:\dir\file", r"C:\dir\file"),
        (r"\XZZ\ is no code", r"\XZZ\ is no code"),
        (r"\Zown\kept away", "kept away"),
    ],
)
def test_escapes_say_what_the_standard_says(sent, meant):
    assert unescape(sent, USUAL) == meant


def test_a_code_in_an_escape_is_in_the_charset_of_the_message():
    assert unescape(r"\XE4C7\ ", USUAL, "iso8859-6") == "\u0644\u0627 "


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\x85\u2028\u2029")))
def test_what_is_escaped_is_read_again_and_leaves_no_delimiter_bare(text):
    sent = escape(text)
    assert unescape(sent, USUAL) == text
    assert not set("|^~&\r\n\x0b\x1c") & set(sent)


def test_a_line_break_in_a_text_does_not_end_the_segment():
    assert escape("one\r\ntwo\x0bthree\x00") == r"one\.br\two\.br\three"


# --- timestamps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2001", "2001"),
        ("200103", "2001-03"),
        ("20010315", "2001-03-15"),
        ("2026031510", "2026-03-15T10:00:00+00:00"),
        ("202603151015", "2026-03-15T10:15:00+00:00"),
        ("20260315101500.1234", "2026-03-15T10:15:00+00:00"),
        ("20260615101500", "2026-06-15T10:15:00+01:00"),
        ("20260615101500+0000", "2026-06-15T11:15:00+01:00"),
        ("20260615233000-0500", "2026-06-16T05:30:00+01:00"),
        ("20260315+0100", "2026-03-15"),
    ],
)
def test_a_timestamp_keeps_its_precision_and_is_in_morocco_where_it_names_no_zone(sent, meant):
    """In Ramadan, as in March 2026, Morocco is an hour off its usual time: an offset would be wrong."""
    assert iso(sent) == meant


@pytest.mark.parametrize(
    "sent", ["", "20261301", "20260230", "2026-03-15", "202603151", "x", "20260315250000", "00000000", "٢٠٠١"]
)
def test_what_is_no_timestamp_is_none(sent):
    assert iso(sent) is None


def test_times_are_sent_with_their_offset_and_dates_in_their_own_precision():
    assert written(datetime(2026, 3, 15, 10, 15, tzinfo=UTC)) == "20260315101500+0000"
    assert from_iso("2026-06-15T10:15:00+00:00") == "20260615111500+0100"
    assert [from_iso(text) for text in ("2001", "2001-03", "2001-03-15")] == ["2001", "200103", "20010315"]


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_times(text):
    iso(text)


# --- frames ----------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.binary(min_size=1, max_size=40).map(lambda one: one.replace(b"\x0b", b"").replace(b"\x1c", b"-")), max_size=5
    ),
    st.data(),
)
def test_frames_come_whole_however_they_are_cut(messages, data):
    messages = [one for one in messages if one]
    stream = b"".join(framed(one) for one in messages)
    frames, found = Frames(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += frames.add(stream[:cut])
        stream = stream[cut:]
    assert found == messages
    assert frames.empty


def test_what_stands_outside_frames_is_passed_over():
    assert list(Frames().add(b"noise\r\n" + framed(b"one") + b"\r\n" + framed(b"two"))) == [b"one", b"two"]


def test_a_frame_that_was_given_up_is_not_mixed_with_the_next():
    assert list(Frames().add(b"\x0bMSH|half" + framed(b"whole"))) == [b"whole"]


@pytest.mark.parametrize("stream", [b"\x0b" + b"x" * 200, framed(b"x" * 200)])
def test_a_frame_past_the_limit_is_refused_before_it_has_ended(stream):
    with pytest.raises(TooLarge):
        list(Frames(100).add(stream))


@pytest.mark.parametrize("kind", ["S", "U", "A"])
def test_a_pseudonym_an_unknown_name_and_an_alias_are_no_name(kind):
    reader = Reader(mapping.load("hl7v2/ref-i12").layout().columns, "Africa/Casablanca")
    other = f"PID|1||P-78^^^CHU-1^AN||Personne^Une^^^^^{kind}||2001|F"
    content, cleared = reader.read(parse(ref(pid=other)))
    assert "full_name" not in content and "full_name" not in cleared
    content, _ = reader.read(parse(ref(pid=other.replace(f"^{kind}|", f"^{kind}~Fictif^Nadia^^^^^L|"))))
    assert content["full_name"] == "Nadia Fictif"


def test_a_z_segment_is_kept_away():
    assert parse(ref(more=("ZPI|1|secret^of^a^site",))).first("ZPI") is None
    assert "secret" not in repr(parse(ref(pid=PID, more=("ZPI|1|secret",))).segments)


def test_a_file_that_is_sent_within_a_message_is_kept_away():
    form = mapping.load("hl7v2/ref-i12")
    reader = Reader(form.layout().columns, "Africa/Casablanca")
    found = parse(ref(more=("OBX|1|ED|PHOTO||^IMAGE^JPEG^Base64^c2VjcmV0||||||F",)))
    assert "c2VjcmV0" not in repr(reader.read(found))
