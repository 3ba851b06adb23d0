"""The follow-up register as CSV: what Excel makes of it at a double click, what the hub reads back, and that nothing in it acts."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.spreadsheet import adapter
from adapters.spreadsheet.register import LANGUAGES
from adapters.spreadsheet.register_csv import marked, read, unmarked
from hub.errors import Fatal, Retriable
from hub.ports import FollowUp, Layout

DANGER = "=+-@\t\r＝＋－＠"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def follow_up(id_="task-1", number="A-12", as_of=None, **values):
    told = {"referral_status": "acceptée", "appointment": "15/03/2026 10:30", **values}
    return FollowUp(id_, {"case_number": number}, told, as_of)


@pytest.fixture
def csv_connection(connect):
    return lambda **settings: connect(**{"output_format": "csv", "language": "fr", **settings})


def path_of(connection):
    return connection.folder / "follow-up" / "register.csv"


def rows(connection, separator=";"):
    text = path_of(connection).read_bytes().decode("utf-8-sig")
    return list(csv.reader(StringIO(text, newline=""), delimiter=separator))


def test_a_referral_is_a_row_under_headers_in_the_associations_language(csv_connection):
    adapter.push(csv_connection(), [follow_up(request="médical", referred_to="CHU Atlas", as_of=NOON)])
    header, row = rows(csv_connection())
    assert header == [
        "N° dossier", "Service demandé", "Orientée vers", "Statut de l'orientation", "Rendez-vous",
        "Référence (ne pas modifier)", "À la date du",
    ]  # fmt: skip
    assert row == [
        "A-12",
        "médical",
        "CHU Atlas",
        "acceptée",
        "'15/03/2026 10:30",
        "task-1",
        "2026-06-01T12:00:00+00:00",
    ]


def test_it_is_utf_8_with_its_mark_and_ends_lines_as_excel_does(csv_connection):
    adapter.push(csv_connection(language="ar"), [follow_up(referral_status="مقبولة")])
    content = path_of(csv_connection()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 2
    assert not content[3:].startswith(b"sep=")
    assert rows(csv_connection())[0][:3] == ["رقم الملف", "وضعية الإحالة", "الموعد"]


@pytest.mark.parametrize(("language", "separator"), [("fr", ";"), ("ar", ";"), ("en", ",")])
def test_cells_are_separated_as_a_program_of_that_language_expects(csv_connection, language, separator):
    adapter.push(csv_connection(language=language), [follow_up()])
    assert len(rows(csv_connection(), separator)[1]) == 4


@pytest.mark.parametrize(("said", "separator"), [(";", ";"), (",", ","), ("tab", "\t")])
def test_the_connection_can_say_by_what(csv_connection, said, separator):
    adapter.push(csv_connection(output_separator=said), [follow_up(referred_to="a;b,c")])
    assert rows(csv_connection(), separator)[1][1] == "a;b,c"


@pytest.mark.parametrize("settings", [{"output_separator": "|"}, {"output_format": "pdf"}, {"output_separator": ";;"}])
def test_another_separator_or_format_is_refused_and_found_by_the_check(csv_connection, settings, save):
    save(Sheet=[["x"]])
    with pytest.raises(Fatal) as refused:
        adapter.push(csv_connection(**settings), [follow_up()])
    (found,) = [one for one in adapter.check(csv_connection(**settings)) if one.text == "adapters.register-setting"]
    assert refused.value.text == found.text and found.blocks and found.params["setting"] in settings


@pytest.mark.parametrize(
    "text",
    ["0612345678", "00212612345678", "12/2026", "15/03/2026", "3-4", "1E5", "1234567890123456", "٠٦١٢٣٤٥٦٧٨", "3 mars", "mars 2026",
     "déc-26", "12:30", "007", "1,5", "50%"],
)  # fmt: skip
def test_what_a_program_would_turn_into_a_number_or_a_date_is_kept_as_text(text):
    assert marked(text) == f"'{text}" and unmarked(marked(text)) == text


@pytest.mark.parametrize(
    "text", ["0", "7", "42", "", "acceptée", "A-12", "ligne 14", "مقبولة", "marché 3 fois", "task-1"]
)
def test_what_stays_as_it_is_has_no_mark(text):
    assert marked(text) == text == unmarked(text)


@pytest.mark.parametrize("text", ["=1+1", "+212", "-3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "＝1", " =1", "x;=1", 'x",=1', "x\n=1"])  # fmt: skip
@pytest.mark.parametrize("separator", [";", ","])
def test_no_cell_is_ever_a_formula_whatever_it_is_opened_with(csv_connection, text, separator):
    told = FollowUp(text.strip(), {"case_number": text}, {"referral_status": text, "appointment": text})
    adapter.push(csv_connection(output_separator=separator), [told])
    adapter.push(csv_connection(output_separator=separator), [told])
    assert len(rows(csv_connection(), separator)) == 2, "known again by its id"
    for opened_with in (";", ",", "\t", "|"):
        for row in rows(csv_connection(), opened_with):
            assert not [cell for cell in row if cell.lstrip(' "\u00a0')[:1] in {*DANGER}]


def test_the_same_follow_up_twice_changes_no_byte_and_news_replaces_it(csv_connection):
    adapter.push(csv_connection(), [follow_up(), follow_up("task-2", "0012")])
    before = path_of(csv_connection()).read_bytes()
    adapter.push(csv_connection(), [follow_up("task-2", "0012"), follow_up()])
    assert path_of(csv_connection()).read_bytes() == before
    adapter.push(csv_connection(), [follow_up(referral_status="réalisée", appointment="")])
    assert [row[1:3] for row in rows(csv_connection())[1:]] == [["réalisée", ""], ["acceptée", "'15/03/2026 10:30"]]


def test_what_is_older_than_what_is_written_changes_nothing(csv_connection):
    adapter.push(csv_connection(), [follow_up(as_of=NOON, referral_status="réalisée")])
    adapter.push(csv_connection(), [follow_up(as_of=NOON - timedelta(minutes=1))])
    assert rows(csv_connection())[1][1] == "réalisée"
    adapter.push(csv_connection(), [follow_up(as_of=NOON + timedelta(minutes=1))])
    assert rows(csv_connection())[1][1] == "acceptée"


def test_only_follow_up_columns_are_written_whatever_a_follow_up_carries(csv_connection):
    adapter.push(csv_connection(), [follow_up(full_name="Aïcha Bennani", phone="0612345678")])
    text = path_of(csv_connection()).read_text("utf-8")
    assert "Bennani" not in text and "0612345678" not in text


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8-sig", ";"), ("utf-8", ","), ("windows-1252", ";"), ("utf-16", "\t")],
)
def test_what_the_secretary_adds_stays_and_follows_when_she_sorts_however_her_program_saves_it(csv_connection, encoding, separator):  # fmt: skip
    adapter.push(csv_connection(), [follow_up("task-1", "0012"), follow_up("task-2", "0013")])
    header, first, second = rows(csv_connection())
    written = StringIO(newline="")
    to = csv.writer(written, delimiter=separator, lineterminator="\r\n")
    to.writerows([[*header, "Mes notes"], [*second, "+212 à rappeler"], [one.removeprefix("'") for one in first], []])
    path_of(csv_connection()).write_bytes(written.getvalue().encode(encoding))
    adapter.push(csv_connection(), [follow_up("task-1", "0012", referral_status="réalisée", referred_to="CHU Atlas")])
    header, above, below = rows(csv_connection())
    assert header[-2:] == ["Mes notes", "Orientée vers"]
    assert (above[0], above[-2:]) == ("'0013", ["'+212 à rappeler", ""])
    assert (below[:3], below[-2:]) == (["'0012", "réalisée", "'15/03/2026 10:30"], ["", "CHU Atlas"])


def test_a_register_saved_by_an_arabic_windows_is_read_back(csv_connection):
    connection = csv_connection(language="ar")
    adapter.push(connection, [follow_up(referral_status="مقبولة")])
    path_of(connection).write_bytes(
        path_of(connection).read_bytes().decode("utf-8-sig").replace("acceptée", "").encode("windows-1256")
    )
    adapter.push(connection, [follow_up(referral_status="منجزة")])
    assert len(rows(connection)) == 2 and rows(connection)[1][1] == "منجزة"


def test_another_language_goes_on_with_the_columns_that_are_there(csv_connection):
    for language in LANGUAGES:
        adapter.push(csv_connection(language=language, output_separator=";"), [follow_up()])
    assert len(rows(csv_connection())) == 2 and len(rows(csv_connection())[0]) == 4


@pytest.mark.parametrize(
    "content",
    [b"something else", b"", b"N\xc2\xb0 dossier;Nom\r\n12;Zineb\r\n", b"\x00\x01", b'"R\xc3\xa9f\xc3\xa9rence (ne pas modifier)";"x\r\n', "Référence".encode("utf-16")],
)  # fmt: skip
def test_a_file_that_is_no_such_register_is_never_overwritten(csv_connection, content):
    path_of(csv_connection()).parent.mkdir()
    path_of(csv_connection()).write_bytes(content)
    with pytest.raises(Fatal) as refused:
        adapter.push(csv_connection(), [follow_up()])
    assert refused.value.text == "adapters.register-unreadable"
    assert path_of(csv_connection()).read_bytes() == content


def test_the_associations_own_file_of_that_name_is_never_written_to(csv_connection):
    own = csv_connection().folder / "register.csv"
    own.write_bytes(b"case_number;visit_date\r\n12;01/05/2026\r\n")
    before = own.read_bytes()
    with pytest.raises(Fatal):
        adapter.push(csv_connection(path="register.csv", output="."), [follow_up()])
    assert own.read_bytes() == before


def test_it_is_no_source_of_the_folder_that_it_stands_in(csv_connection):
    connection = csv_connection(path="follow-up")
    adapter.push(connection, [follow_up()])
    (path_of(connection).parent / "2026.csv").write_text(
        "case_number;visit_date;survivor_code\n12;01/05/2026;A\n", "utf-8"
    )
    assert len([one for one in adapter.pull(connection, None) if hasattr(one, "content")]) == 1


def test_one_that_is_open_is_written_later_and_is_for_its_owner_alone(csv_connection):
    adapter.push(csv_connection(), [follow_up()])
    assert path_of(csv_connection()).stat().st_mode & 0o077 == 0
    (path_of(csv_connection()).parent / ".~lock.register.csv#").write_text("open")
    with pytest.raises(Retriable):
        adapter.push(csv_connection(), [follow_up(referral_status="réalisée")])


def test_two_columns_of_one_name_stay_two(connect):
    layout = Layout({"one": ("Suite",), "two": ("Suite",)}, follow_up=("one", "two"))
    connection = connect(layout=layout, output_format="csv")
    told = FollowUp("task-1", {"case_number": "A"}, {"one": "x", "two": "y"})
    for _ in range(2):
        adapter.push(connection, [told])
    assert rows(connection) == [
        ["N° dossier", "Suite", "Suite", "Référence (ne pas modifier)"],
        ["A", "x", "y", "task-1"],
    ]


CELL = st.text(
    st.sampled_from([*"=+-@'\"\n\t ;,|0123/aé", "ع"]) | st.characters(codec="utf-8", exclude_characters="\r\x00"),
    max_size=12,
)


@given(CELL)
def test_a_cell_is_read_back_as_it_was_or_as_it_was_marked(text):
    written = marked(text)
    assert marked(unmarked(written)) == written
    if not text.startswith("'"):
        assert "'" in text or unmarked(written) == text


@given(st.binary(max_size=200))
def test_whatever_lies_there_is_read_or_refused(content):
    try:
        read(content, "fr")
    except Fatal as refused:
        assert refused.text == "adapters.register-unreadable"
