"""`hub person`: people are invited by a link that is good once; no password is ever typed here."""

import re

import pytest

from hub.store import MongoAccounts, MongoStore
from tests.support.command_line import Command

ADD = ("person", "add", "s.officer", "--organization", "example-hospital", "--role", "consent-officer")


def test_an_invitation_is_a_link_to_the_hubs_own_page(hub: Command, store: MongoStore) -> None:
    shown = hub(*ADD, "--scope", "user/Task.rus", "--language", "ar")
    assert shown.exit_code == 0, shown.output
    link = re.search(r"http://127\.0\.0\.1:8080/console/welcome/([\w-]{43})\b", shown.output)
    assert link
    kept = MongoAccounts(store).account("s.officer")
    assert kept
    assert (kept.roles, kept.scopes, kept.languages) == ({"consent-officer"}, {"user/Task.rus"}, ("ar",))
    assert kept.password == ""
    stored = str([list(store.database[name].find()) for name in store.database.list_collection_names()])
    assert link[1] not in stored


def test_the_list_tells_who_may_sign_in_and_no_secret(hub: Command) -> None:
    assert "Nobody yet" in hub("person", "list").output
    hub(*ADD)
    (one,) = hub.json("person", "list")
    assert (one["name"], one["organization"], one["state"]) == ("s.officer", "example-hospital", "invited")
    assert one.keys() == {
        "name", "organization", "practitioner", "roles", "scopes", "purposes", "languages", "state",
    }  # fmt: skip
    assert "invited, no password yet" in hub("person", "list").output


def test_a_reset_gives_another_link_and_the_first_is_none_any_more(hub: Command, store: MongoStore) -> None:
    first = hub.json(*ADD)["link"]
    second = hub.json("person", "reset", "s.officer")["link"]
    assert first != second
    assert store.database.invitations.count_documents({}) == 1


def test_who_is_disabled_is_not_invited_again(hub: Command, store: MongoStore) -> None:
    hub(*ADD)
    assert hub("person", "disable", "s.officer").exit_code == 0
    assert hub.json("person", "list")[0]["state"] == "disabled"
    refused = hub("person", "reset", "s.officer")
    assert (refused.exit_code, "is disabled" in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("person", "add", "S", *ADD[3:]), "cannot name an account"),
        (("person", "add", "é.officer", *ADD[3:]), "cannot name an account"),
        ((*ADD[:-1], "queen"), "not a function that is known"),
        ((*ADD, "--scope", "system/Task.rus"), "not a scope that is known for a person"),
        ((*ADD, "--scope", "everything"), "not a scope that is known for a person"),
        ((*ADD[:4], "nowhere", *ADD[5:]), "is not in organizations.yaml"),
        (("person", "reset", "nobody"), "There is no account nobody"),
        (("person", "disable", "nobody"), "There is no account nobody"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    hub: Command, store: MongoStore, changed: tuple[str, ...], said: str
) -> None:
    refused = hub(*changed)
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output
    assert store.database.accounts.count_documents({}) == 0


def test_a_name_is_given_once(hub: Command) -> None:
    hub(*ADD)
    again = hub(*ADD)
    assert (again.exit_code, "is taken" in again.output) == (2, True)


def test_no_option_takes_a_password(hub: Command) -> None:
    for command in ("add", "reset", "disable", "list"):
        assert "password" not in "".join(re.findall(r"--[\w-]+", hub("person", command, "--help").output))


def test_an_application_for_people_is_registered_with_its_addresses(hub: Command, store: MongoStore) -> None:
    base = ("client", "add", "--organization", "example-hospital", "--id", "phone", "--scope", "user/Task.rus")
    added = hub.json(*base, "--public", "--redirect", "https://app.example/back")
    assert (added["public"], added["redirects"], added["keys"]) == (True, ["https://app.example/back"], [])
    for wrong in (("--redirect", "http://app.example/"), ("--generate", "key.json")):
        assert hub(*base[:-4], "--scope", "user/Task.rus", "--public", *wrong).exit_code == 2
