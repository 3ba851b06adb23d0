"""`hub audit`: what somebody did to the trail is told with an exit code of its own, and nothing of what the events say."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from hub import texts
from hub.cli.audit import SENTENCES
from hub.keyring import FILE
from tests.support.command_line import GOOD, Command, marks_in


@pytest.fixture
def pulled(hub: Command) -> Command:
    hub.register(GOOD)
    assert hub("pull", "register").exit_code == 0
    return hub


@pytest.fixture
def events(mongodb_uri: str, database: str) -> Any:
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        yield client[database].AuditEvent


def test_the_key_is_made_with_the_folder_and_only_its_account_reads_it(unread: Command) -> None:
    path = unread.home / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text("ascii")
    assert unread("init", str(unread.home), "--force").exit_code == 0
    assert path.read_text("ascii") == before


def test_a_folder_from_before_gets_its_key_when_one_is_needed(hub: Command) -> None:
    (hub.home / FILE).unlink()
    assert hub("audit", "verify").exit_code == 0
    assert not (hub.home / FILE).exists()
    assert hub("audit", "checkpoint").exit_code == 0
    assert stat.S_IMODE((hub.home / FILE).stat().st_mode) == 0o600
    assert hub.json("audit", "verify")["checkpoints"] == 1


def test_a_key_file_that_is_none_is_said(hub: Command) -> None:
    (hub.home / FILE).write_text('{"keys": []}')
    shown = hub("audit", "verify")
    assert shown.exit_code == 1
    assert FILE in shown.output


def test_a_pull_signs_what_it_brought(pulled: Command) -> None:
    found = pulled.json("audit", "verify")
    assert (found["intact"], found["checkpoints"], found["after_last_checkpoint"], found["broken"]) == (True, 1, 0, [])
    assert found["events"] == sum(chain["events"] for chain in found["chains"]) > 0
    assert "as it was written" in pulled("audit", "verify").output


def test_a_trail_that_was_cut_is_found_with_the_checkpoints_from_outside(
    pulled: Command, events: Any, tmp_path: Path
) -> None:
    outside = tmp_path / "checkpoints"
    for _ in range(2):
        assert pulled("audit", "checkpoint", "--file", str(outside)).exit_code == 0
    assert len(outside.read_text("ascii").splitlines()) == 2
    events.delete_many({})
    events.database.checkpoints.delete_many({})
    assert pulled("audit", "verify").exit_code == 0, "the database alone tells of nothing"
    shown = pulled("audit", "verify", "--checkpoints", str(outside))
    assert shown.exit_code == 4
    assert "cut off from place 1" in shown.output


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_first_broken_link_is_named_and_nothing_that_it_says(pulled: Command, events: Any, language: str) -> None:
    found = events.find_one({"c.n": 1})
    events.update_one(
        {"_id": found["_id"]}, {"$set": {"json": found["json"].replace("record.receive", "Zineb Marquée")}}
    )
    (broken,) = pulled.json("audit", "verify")["broken"]
    assert broken == {"kind": "changed", "shard": found["c"]["s"], "sequence": 1, "event": found["_id"]}
    shown = pulled("audit", "verify", language=language)
    assert shown.exit_code == 4
    assert found["_id"] in shown.output
    assert marks_in(shown.output) == []
    assert found["person"] not in shown.output


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", SENTENCES)
def test_every_break_has_its_sentence(kind: Any, language: str) -> None:
    said = texts.say(f"cli.{SENTENCES[kind]}", language, shard="7", sequence="41", event="e")
    assert "41" in said


def test_a_checkpoint_is_one_line_for_whoever_keeps_it(pulled: Command) -> None:
    shown = pulled("audit", "checkpoint")
    assert (shown.exit_code, len(shown.stdout.splitlines())) == (0, 1)
    assert json.loads((pulled.home / FILE).read_text("ascii"))["keys"][0]["d"] not in shown.stdout
