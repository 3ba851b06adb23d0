"""`hub pull`: what is read is stored once, what is not understood is set aside and told, and nobody is shown."""

import pytest

from hub.cli.findings import SHOWN_PLACES
from hub.cli.rounds import Rounds
from hub.exchange.tally import PLACES
from tests.support.command_line import BAD, GOOD, MENDED, Command, marks_in


def numbers(hub: Command, *arguments: str) -> tuple[int, ...]:
    (one,) = hub.json("pull", *arguments)
    return tuple(one[name] for name in ("read", "created", "updated", "unchanged", "quarantined", "waiting"))


def test_what_is_read_is_stored(hub: Command) -> None:
    hub.register(GOOD)
    pulled = hub("pull", "register")
    assert pulled.exit_code == 0, pulled.output
    stored = hub.json("status")["stored"]
    assert (stored["Patient"], stored["ServiceRequest"], stored["Task"]) == (1, 1, 1)


def test_the_same_file_twice_gives_nothing_new(hub: Command) -> None:
    hub.register(GOOD)
    hub("pull", "register")
    before = hub.json("status")["stored"]
    assert numbers(hub, "register")[1:3] == (0, 0)
    assert hub.json("status")["stored"] == before


def test_a_bad_row_is_set_aside_and_told_and_the_exit_code_is_3(hub: Command) -> None:
    hub.register(GOOD, BAD)
    pulled = hub("pull", "register")
    assert pulled.exit_code == 3
    assert "row 3" in pulled.stdout
    assert "Type de violence" in pulled.stdout
    assert "hub quarantine list" in pulled.stdout
    assert hub.json("status")["stored"]["Patient"] == 1


def test_a_row_set_aside_before_and_unchanged_is_counted_apart_and_ends_well(hub: Command) -> None:
    hub.register(GOOD, BAD)
    hub("pull", "register")
    hub.register(GOOD, BAD, GOOD.replace("1;05/01", "9;05/01").replace("AR-001", "AR-009"))
    again = hub("pull", "register", "--json")
    assert again.exit_code == 0
    hub.register(GOOD, BAD)
    assert numbers(hub, "register") == (2, 0, 0, 1, 0, 1)


def test_what_is_still_set_aside_is_told_also_where_the_file_was_not_read_again(hub: Command) -> None:
    hub.register(GOOD, BAD)
    hub("pull", "register")
    hub.register(GOOD, BAD, connection="other")
    assert numbers(hub, "register") == (0, 0, 0, 0, 0, 1)
    assert hub("pull", "register").exit_code == 0


def test_a_row_mended_at_the_source_leaves_the_quarantine(hub: Command) -> None:
    hub.register(GOOD, BAD)
    hub("pull", "register")
    hub.register(GOOD, MENDED)
    assert numbers(hub, "register") == (2, 1, 0, 1, 0, 0)
    assert hub.json("quarantine", "list") == []


def test_a_dry_run_tells_the_same_and_stores_nothing(hub: Command) -> None:
    hub.register(GOOD, BAD)
    tried = hub("pull", "register", "--dry-run")
    assert tried.exit_code == 3
    assert "nothing was stored" in tried.stdout
    assert "Patient" not in hub.json("status")["stored"]
    assert hub.json("quarantine", "list") == []
    assert numbers(hub, "register") == (2, 1, 0, 0, 1, 0)


def test_json_is_what_the_manual_says(hub: Command) -> None:
    hub.register(GOOD, BAD)
    (one,) = hub.json("pull", "register")
    assert list(one) == [
        "connection", "dry_run", "read", "created", "updated", "unchanged", "quarantined", "waiting", "withdrawn", "left_out",
        "rejected", "warnings", "unnamed", "referrals", "failure",
    ]  # fmt: skip
    (rejected,) = one["rejected"]
    assert (rejected["place"], rejected["again"]) == ("row 3", False)
    assert list(rejected["issues"][0]) == ["severity", "code", "text", "sentence", "column", "element"]
    assert one["referrals"]
    assert one["failure"] is None


def test_of_many_rows_with_the_same_mistake_the_first_are_named_and_all_are_counted(hub: Command) -> None:
    hub.register(*(BAD.replace("3;", f"{number};", 1) for number in range(1, PLACES + 31)))
    (told,) = hub.json("pull", "register", "--dry-run")
    assert told["quarantined"] == PLACES + 30
    assert len(told["rejected"]) == PLACES
    assert [one["places"] for one in told["unnamed"]] == [30]
    assert told["unnamed"][0]["column"] == "Type de violence"
    assert f"and {PLACES + 30 - SHOWN_PLACES} more" in hub("pull", "register", "--dry-run").stdout


def test_a_connection_that_fails_does_not_keep_the_others_from_being_read(hub: Command) -> None:
    hub.connect("absent", path="registers/not-there.csv")
    hub.register(GOOD)
    pulled = hub("pull", "--all")
    assert pulled.exit_code == 1
    assert "absent: The file does not exist" in pulled.stderr
    assert hub.json("status")["stored"]["Patient"] == 1


def test_a_name_mistyped_lists_the_connections(hub: Command) -> None:
    hub.register(GOOD)
    pulled = hub("pull", "registre")
    assert pulled.exit_code == 1
    assert "Known connections: register" in pulled.stderr


@pytest.mark.parametrize("arguments", [(), ("register", "--all")])
def test_one_connection_or_all_of_them(hub: Command, arguments: tuple[str, ...]) -> None:
    assert hub("pull", *arguments).exit_code == 2


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_answer_is_in_the_readers_language(hub: Command, language: str) -> None:
    hub.register(GOOD, BAD)
    said = {"ar": "السطر 3", "fr": "ligne 3", "en": "row 3"}
    assert said[language] in hub("pull", "register", language=language).stdout


def test_nobody_is_shown_in_tables_json_or_logs_at_debug(hub: Command) -> None:
    hub.register(GOOD, BAD)
    shown = [
        hub("--log-level", "debug", "pull", "register", "--dry-run", "--json"),
        hub("--log-level", "debug", "pull", "register"),
        hub("--log-level", "debug", "status"),
        hub("--log-level", "debug", "quarantine", "list"),
    ]
    assert [marks_in(one.output) for one in shown] == [[], [], [], []]


def test_a_row_that_vanishes_from_a_snapshot_is_withdrawn_and_from_another_file_it_is_not(hub: Command) -> None:
    second = GOOD.replace("1;05/01", "2;05/01").replace("AR-001", "AR-002")
    hub.register(GOOD, second)
    hub("pull", "register")
    hub.register(GOOD)
    assert hub.json("pull", "register")[0]["withdrawn"] == 0
    hub.connect("register", path="registers/register.csv", snapshot="true")
    assert hub.json("pull", "register", "--dry-run")[0]["withdrawn"] == 1
    pulled = hub("pull", "register")
    assert "Withdrawn" in pulled.stdout and pulled.exit_code == 0
    assert hub.json("pull", "register", "--accept-withdrawals")[0]["withdrawn"] == 0


def test_a_folder_is_watched_until_it_is_interrupted_and_only_news_is_told(
    hub: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.register(GOOD)
    waited: list[float] = []

    def meanwhile(rounds: Rounds) -> list[str]:
        waited.append(rounds.every)
        if len(waited) == 3:
            hub.register(GOOD, MENDED)
        if len(waited) == 5:
            raise KeyboardInterrupt
        return ["register"]

    monkeypatch.setattr(Rounds, "take", meanwhile)
    watched = hub("pull", "register", "--watch", "7")
    assert (watched.exit_code, waited) == (130, [7] * 5)
    assert watched.stdout.count("Unchanged") == 2
    assert hub.json("status")["stored"]["Patient"] == 2
    assert marks_in(watched.output) == []


@pytest.mark.parametrize("other", ["--dry-run", "--accept-withdrawals", "--json"])
def test_watching_goes_with_nothing_that_is_done_once(hub: Command, other: str) -> None:
    hub.register(GOOD)
    assert hub("pull", "register", "--watch", "7", other).exit_code == 2


def test_a_row_that_is_set_aside_is_not_among_those_that_are_stored_with_a_remark(hub: Command) -> None:
    """It has no number, which is a remark of rows that are stored."""
    hub.register(GOOD.replace("1;05", ";05", 1), BAD.replace("3;12", ";12", 1))
    for command in (("connection", "check", "register"), ("pull", "register"), ("quarantine", "replay")):
        shown = hub(*command).stdout
        aside, _, stored = shown.partition("stored, with a remark")
        assert ("row 3" in aside, "row 3" in stored) == (True, False), command
        assert ("row 2" in aside, "row 2" in stored) == (False, command[0] != "quarantine"), command
        if command[0] != "quarantine":  # which keeps the record, and of its findings those that set it aside
            assert "The cell of the case number is empty" in " ".join(aside.split())
