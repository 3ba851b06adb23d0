"""`hub quarantine`: which records were set aside, why, what may be shown of them, and another try."""

import pytest

from hub import texts
from hub.exchange.discard import REASONS
from tests.support.command_line import BAD, GOOD, MENDED, Command, marks_in

WORSE = BAD.replace("3;12/01", "4;12/01").replace("AR-003", "AR-004")


@pytest.fixture
def aside(hub: Command) -> Command:
    hub.register(GOOD, BAD, WORSE)
    assert hub("pull", "register").exit_code == 3
    return hub


def teach_the_word(hub: Command) -> None:
    """What an integrator does: a mapping of her own that knows the word."""
    own = hub.home / "mappings" / "spreadsheet" / "register-fr"
    own.mkdir(parents=True)
    (own / "mapping.yaml").write_text(
        'id: spreadsheet/register-fr\nversion: "2"\nextends: spreadsheet/register-fr\n'
        "columns:\n  violence_types:\n    map: [violence-types, ours]\n",
        "utf-8",
    )
    (own / "ours.json").write_text(
        """{"resourceType": "ConceptMap", "url": "https://ihala.example/fhir/ConceptMap/ours", "status": "active", "group": [{
        "source": "https://ihala.example/fhir/CodeSystem/ours-fr", "target": "https://ihala.example/fhir/CodeSystem/gbv-type",
        "element": [{"code": "violence lunaire", "target": [{"code": "psychological-abuse", "equivalence": "equivalent"}]}]}]}""",
        "utf-8",
    )


def test_the_list_tells_where_and_why(aside: Command) -> None:
    shown = aside("quarantine", "list")
    assert shown.exit_code == 0
    assert "row 3" in shown.output
    assert "Type de violence" in shown.output
    assert [one["place"] for one in aside.json("quarantine", "list")] == ["row 3", "row 4"]


def test_the_list_can_be_cut_to_one_connection(aside: Command) -> None:
    aside.register(BAD, connection="other")
    aside("pull", "other")
    assert len(aside.json("quarantine", "list", "--connection", "other")) == 1


def test_a_record_is_shown_without_what_identifies(aside: Command) -> None:
    key = aside.json("quarantine", "list")[0]["key"]
    shown = aside("quarantine", "show", key)
    assert shown.exit_code == 0
    assert marks_in(shown.output) == []
    columns = {one["header"]: one["value"] for one in aside.json("quarantine", "show", key)["columns"]}
    assert columns["Type de violence"] == "violence lunaire"
    assert columns["Demande"] == "juridique"
    hidden = {header for header, value in columns.items() if value is None}
    assert hidden >= {"Nom et prénom", "Téléphone", "Âge", "Observations", "N° dossier"}


def test_a_record_whose_mapping_is_gone_is_shown_without_any_value(aside: Command) -> None:
    key = aside.json("quarantine", "list")[0]["key"]
    connection = aside.home / "connections" / "register.yaml"
    connection.unlink()
    own = aside.home / "mappings" / "spreadsheet" / "register-fr"
    own.mkdir(parents=True)
    (own / "mapping.yaml").write_text("no: [mapping", "utf-8")
    shown = aside.json("quarantine", "show", key)
    assert shown["remark"] == "this connection no longer exists"
    assert {one["value"] for one in shown["columns"]} == {None}


def test_the_beginning_of_a_key_is_enough_when_it_tells_it_from_the_others(aside: Command) -> None:
    first, second = (one["key"] for one in aside.json("quarantine", "list"))
    length = next(n for n in range(1, 65) if first[:n] != second[:n])
    assert aside.json("quarantine", "show", first[:length])["key"] == first
    unknown = aside("quarantine", "show", "not-a-key")
    assert unknown.exit_code == 2
    assert "no record whose key begins with not-a-key" in unknown.output
    both = aside("quarantine", "show", "")
    assert both.exit_code == 2
    assert "Several keys" in both.output


def test_nothing_set_aside_is_said_so(hub: Command) -> None:
    assert "Nothing is set aside" in hub("quarantine", "list").output
    assert hub("quarantine", "replay").exit_code == 0


def test_a_replay_without_a_correction_leaves_them_aside_and_ends_with_3(aside: Command) -> None:
    assert aside("quarantine", "replay").exit_code == 3
    assert len(aside.json("quarantine", "list")) == 2


def test_since_when_a_record_waits_is_not_begun_anew_by_a_replay(aside: Command) -> None:
    before = aside.json("quarantine", "list")
    aside("quarantine", "replay")
    assert [one["since"] for one in aside.json("quarantine", "list")] == [one["since"] for one in before]


def test_after_the_mapping_was_mended_a_replay_stores_them(aside: Command) -> None:
    teach_the_word(aside)
    assert "has changed" in aside.json("quarantine", "list")[0]["remark"]
    done = aside("quarantine", "replay")
    assert done.exit_code == 0, done.output
    assert aside.json("quarantine", "list") == []
    assert aside.json("status")["stored"]["Patient"] == 3


def test_one_record_alone_can_be_replayed(aside: Command) -> None:
    teach_the_word(aside)
    first, second = (one["key"] for one in aside.json("quarantine", "list"))
    assert aside("quarantine", "replay", first).exit_code == 0
    assert [one["key"] for one in aside.json("quarantine", "list")] == [second]


def test_records_of_a_connection_that_is_gone_stay(aside: Command) -> None:
    (aside.home / "connections" / "register.yaml").unlink()
    done = aside("quarantine", "replay")
    assert done.exit_code == 3
    assert "no longer exists (register)" in done.output
    assert len(aside.json("quarantine", "list")) == 2


def test_a_connection_mistyped_is_an_error_and_not_an_empty_answer(aside: Command) -> None:
    assert aside("quarantine", "replay", "--connection", "registre").exit_code == 1
    assert aside("quarantine", "replay", "x", "--connection", "register").exit_code == 2


# --- discarded ---------------------------------------------------------------------------------------------------------


def discard_first(hub: Command) -> str:
    key = str(hub.json("quarantine", "list")[0]["key"])
    assert hub.json("quarantine", "discard", key, "--reason", "test") == {"discarded": 1, "reason": "test", "days": 30}
    return key


def test_what_is_discarded_is_out_of_the_list_and_can_still_be_seen(aside: Command) -> None:
    key = discard_first(aside)
    assert [one["key"] for one in aside.json("quarantine", "list")] != [key]
    (one,) = aside.json("quarantine", "list", "--discarded")
    assert (one["key"], one["discarded"]["reason"]) == (key, "test")
    assert aside.json("quarantine", "show", key)["discarded"] == one["discarded"]
    assert aside.json("status")["quarantined"] == 1


def test_what_is_discarded_is_not_tried_by_a_replay(aside: Command) -> None:
    discard_first(aside)
    teach_the_word(aside)
    assert aside("quarantine", "replay").exit_code == 0
    assert aside.json("status")["stored"]["Patient"] == 2
    assert len(aside.json("quarantine", "list", "--discarded")) == 1


def test_a_discarded_record_that_is_read_again_unchanged_stays_discarded(aside: Command) -> None:
    discard_first(aside)
    aside.register(GOOD, BAD, WORSE, GOOD.replace("1;05/01", "9;05/01").replace("AR-001", "AR-009"))
    (pulled,) = aside.json("pull", "register")
    assert (pulled["read"], pulled["created"], pulled["unchanged"], pulled["waiting"]) == (4, 1, 2, 1)
    assert len(aside.json("quarantine", "list", "--discarded")) == 1


def test_also_where_another_mapping_reads_it(aside: Command) -> None:
    discard_first(aside)
    teach_the_word(aside)
    (pulled,) = aside.json("pull", "register")
    assert (pulled["created"], pulled["unchanged"]) == (1, 2)


def test_an_edit_at_the_source_brings_a_discarded_record_back_to_be_tried(aside: Command) -> None:
    discard_first(aside)
    aside.register(GOOD, BAD.replace("juridique", "médicale"), WORSE)
    assert aside("pull", "register").exit_code == 3
    assert len(aside.json("quarantine", "list")) == 2
    assert aside.json("quarantine", "list", "--discarded") == []


def test_a_discarded_record_that_is_mended_at_the_source_is_stored(aside: Command) -> None:
    discard_first(aside)
    aside.register(GOOD, MENDED, WORSE)
    (pulled,) = aside.json("pull", "register")
    assert pulled["created"] == 1
    assert aside.json("quarantine", "list", "--discarded") == []


def test_what_was_discarded_is_taken_back_and_can_be_tried(aside: Command) -> None:
    key = discard_first(aside)
    assert aside.json("quarantine", "restore", key) == {"restored": 1}
    assert len(aside.json("quarantine", "list")) == 2
    teach_the_word(aside)
    assert aside("quarantine", "replay").exit_code == 0
    assert aside.json("status")["stored"]["Patient"] == 3


def test_discarding_twice_changes_nothing_more(aside: Command) -> None:
    key = discard_first(aside)
    again = aside("quarantine", "discard", key, "--reason", "mistake")
    assert again.exit_code == 2
    assert aside.json("quarantine", "list", "--discarded")[0]["discarded"]["reason"] == "test"


def test_a_record_is_not_discarded_without_a_reason(aside: Command) -> None:
    key = aside.json("quarantine", "list")[0]["key"]
    assert aside("quarantine", "discard", key).exit_code == 2
    assert aside("quarantine", "discard", key, "--reason", "because").exit_code == 2
    assert len(aside.json("quarantine", "list")) == 2


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_why_it_was_discarded_is_told_in_words(aside: Command, language: str) -> None:
    first, second = (one["key"] for one in aside.json("quarantine", "list"))
    assert "30" in aside("quarantine", "discard", first, second, "--reason", "duplicate", language=language).output
    shown = aside("quarantine", "list", "--discarded", language=language)
    assert texts.say("cli.quarantine-discard.because-duplicate", language) in " ".join(shown.output.split())
    assert marks_in(shown.output) == []
    assert all(f"quarantine-discard.because-{one}" in texts.catalogue("cli") for one in REASONS)
