"""`hub keys` and `hub erase`, from the folder that `hub init` made."""

import json
import stat
from pathlib import Path

from tests.support.command_line import GOOD, Command, marks_in


def test_init_makes_a_key_that_only_this_account_can_read_and_never_makes_another(unread: Command) -> None:
    path = unread.home / "secrets" / "kek"
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert unread("init", str(unread.home), "--force").exit_code == 0
    assert path.read_text() == first


def test_a_rotation_changes_the_file_and_every_data_key_and_nothing_that_is_read(hub: Command) -> None:
    hub.register(GOOD)
    assert hub("pull", "--all").exit_code == 0
    (before,) = hub.json("keys", "list")
    assert before["wraps"] >= 2
    rotated = hub("keys", "rotate")
    assert rotated.exit_code == 0, rotated.output
    new, old = hub.json("keys", "list")
    assert (old["key"], old["wraps"], old["use"]) == (before["key"], 0, "older")
    assert (new["wraps"], new["use"]) == (before["wraps"], "current")
    assert hub("keys", "retire").exit_code == 0
    assert hub.json("keys", "list") == [new]
    secret = (hub.home / "secrets" / "kek").read_text().strip()
    assert secret not in rotated.output + hub("keys", "list").output
    assert hub("pull", "--all").exit_code == 0


def test_an_erasure_is_confirmed_by_typing_and_proved(hub: Command) -> None:
    hub.register(GOOD)
    hub("pull", "--all")
    person = survivor(hub)
    assert hub("erase", f"Patient/{person}", "--reason", "asked", "--confirm", "somebody").exit_code != 0
    assert survivor(hub) == person
    done = hub.json("erase", f"Patient/{person}", "--reason", "asked", "--confirm", person)
    assert done["key"] != "-"
    assert len(done["fingerprint"]) == 64
    assert marks_in(json.dumps(done)) == []
    assert survivor(hub) == ""
    assert hub("audit", "verify").exit_code == 0
    hub("pull", "--all")
    assert survivor(hub) == "", "the register does not bring her back"


def survivor(hub: Command) -> str:
    """The only one who is there, as the consent officer sees it."""
    from hub.bootstrap import opened  # noqa: PLC0415

    with opened(Path(hub.home)) as deployment:
        found = deployment.hub.store.database.persons.find_one({"erased": {"$exists": False}})  # type: ignore[attr-defined]
        return str(found["_id"]) if found else ""
