"""A process does not ask for a token again that it looked up a tenth of a second ago; who ends one is told so when every process
knows it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.accounts import Account
from hub.ports import Client, Token
from hub.store import MongoAccounts, MongoRegistry, MongoStore
from hub.store.tokens import LEASE_S
from tests.support.acts import NOW
from tests.support.commands import LISTENER

KEYS = {"keys": [{"kid": "k1"}, {"kid": "k2"}]}
CLIENT = Client("chu", "chu", KEYS, frozenset({"a"}), ("COC",))
HER_ROLES = frozenset({"referral-desk"})
ACCOUNT = Account("amina", "chu", "amina-id", HER_ROLES, frozenset({"user/Task.r"}), ("COC",), password="before")
TOKEN = Token("5f", "chu", "chu", frozenset({"a"}), "COC", NOW + timedelta(minutes=5), NOW, "k1")
HERS = replace(TOKEN, kid="", account="amina", family="f")


@pytest.fixture
def elsewhere(mongodb_uri: str, database: str) -> Iterator[MongoRegistry]:
    """Another process, which nobody tells anything."""
    with MongoStore.open(mongodb_uri, database) as other:
        yield MongoRegistry(other)


ENDS: dict[str, tuple[Token, Callable[[MongoRegistry, MongoAccounts], None]]] = {
    "revoked": (TOKEN, lambda registry, _: registry.end_token("5f", "chu")),
    "its key is taken away": (
        TOKEN,
        lambda registry, _: registry.change_client(replace(CLIENT, jwks={"keys": [{"kid": "k2"}]}), CLIENT),
    ),
    "its client is disabled": (
        TOKEN,
        lambda registry, _: registry.change_client(replace(CLIENT, disabled=True), CLIENT),
    ),
    "she signs out": (HERS, lambda _, accounts: accounts.sign_out("amina")),
    "she takes back what an application holds": (HERS, lambda _, accounts: accounts.end_family("f", "amina")),
    "she may not sign in any more": (
        HERS,
        lambda _, accounts: accounts.save_account(replace(ACCOUNT, disabled=True), ACCOUNT),
    ),
    "she has another password": (
        HERS,
        lambda _, accounts: accounts.save_account(replace(ACCOUNT, password="after"), ACCOUNT),
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_once_somebody_is_told_that_a_token_ended_no_process_takes_it(
    registry: MongoRegistry, elsewhere: MongoRegistry, store: MongoStore, end: str
) -> None:
    token, act = ENDS[end]
    accounts = MongoAccounts(store)
    registry.change_client(CLIENT, None)
    accounts.save_account(ACCOUNT, None)
    registry.save_token(token)
    assert elsewhere.token("5f", NOW) == registry.token("5f", NOW) == token
    act(registry, accounts)
    assert (elsewhere.token("5f", NOW), registry.token("5f", NOW)) == (None, None)


def test_a_token_is_looked_up_once_in_a_while(registry: MongoRegistry) -> None:
    registry.save_token(TOKEN)
    with LISTENER.noted() as heard:
        registry.token("5f", NOW)
        assert registry.token("5f", NOW) == TOKEN
        assert registry.token("5f", TOKEN.until) is None, "its end is known without being asked for"
    assert heard[0] == "find tokens"
    time.sleep(LEASE_S)
    registry.token("5f", NOW)
    time.sleep(LEASE_S)
    with LISTENER.noted() as heard:
        assert registry.token("5f", NOW) == TOKEN
    assert heard == ["find tokens"]


def test_what_is_not_there_is_asked_for_each_time(registry: MongoRegistry, elsewhere: MongoRegistry) -> None:
    assert registry.token("5f", NOW) is None
    elsewhere.save_token(TOKEN)
    assert registry.token("5f", NOW) == TOKEN
