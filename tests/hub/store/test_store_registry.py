import threading
from dataclasses import replace
from datetime import timedelta

from hub.ports import Binding, Client, Kept, Token
from hub.store import MongoRegistry, MongoStore
from tests.support.acts import NOW

CLIENT = Client(
    "chu", "chu-ibn-zohr", {"keys": [{"kty": "EC", "x.y": "$"}]}, frozenset({"a", "b"}), ("COC", "TREAT"), "CHU", True
)
TOKEN = Token("5f", "chu", "chu-ibn-zohr", frozenset({"a"}), "COC", NOW + timedelta(minutes=5), NOW, "k1")


def test_a_client_is_registered_and_changed(registry: MongoRegistry) -> None:
    assert registry.client("chu") is None
    registry.save_client(CLIENT)
    assert registry.client("chu") == CLIENT
    other = Client("amal", "amal", {"keys": []}, frozenset(), ("COC",))
    registry.save_client(other)
    registry.save_client(CLIENT)
    assert list(registry.clients()) == [other, CLIENT]


def test_a_token_is_valid_until_its_end(registry: MongoRegistry) -> None:
    registry.save_token(TOKEN)
    assert registry.token("5f", NOW) == TOKEN
    assert registry.token("5f", TOKEN.until) is None
    assert registry.token("50", NOW) is None


def test_a_token_ends_for_its_own_client_alone(registry: MongoRegistry) -> None:
    registry.save_token(TOKEN)
    registry.end_token("5f", "amal")
    assert registry.token("5f", NOW) == TOKEN
    registry.end_token("5f", "chu")
    assert registry.token("5f", NOW) is None


def test_the_tokens_of_a_key_end_together(registry: MongoRegistry) -> None:
    for number, (client, kid) in enumerate((("chu", "k1"), ("chu", "k1"), ("chu", "k2"), ("amal", "k1"))):
        registry.save_token(replace(TOKEN, hash=str(number), client=client, kid=kid))
    first, second = ({"keys": [{"kid": kid}]} for kid in ("k1", "k2"))
    had = replace(CLIENT, jwks={"keys": [*first["keys"], *second["keys"]]})
    registry.change_client(had, None)
    registry.change_client(replace(had, jwks=second), had)
    assert [registry.token(str(number), NOW) is None for number in range(4)] == [True, True, False, False]


def test_a_persons_token_that_stands_on_consents_comes_back_whole(registry: MongoRegistry, store: MongoStore) -> None:
    binding = Binding((("c1", 3),), frozenset({Kept("p1", "amal")}), TOKEN.until, ("urn:p",), ({"type": "forbid"},))
    hers = {"practitioner": "Practitioner/1", "roles": frozenset({"referral-desk"}), "account": "a", "family": "f"}
    token = replace(TOKEN, **hers, binding=binding)
    registry.save_token(token)
    assert registry.token("5f", NOW) is None, "the consent is not there"
    store.database["Consent"].insert_one({"_id": "c1", "v": 3})
    assert registry.token("5f", NOW) == token


def test_counts_add_up_whoever_counts(registry: MongoRegistry) -> None:
    threads = [threading.Thread(target=registry.count, args=("a", TOKEN.until)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    registry.count("b", TOKEN.until)
    assert registry.counts(["a", "b", "c"]) == {"a": 8, "b": 1}


def test_tokens_and_assertions_are_swept_by_the_database(registry: MongoRegistry, store: MongoStore) -> None:
    for collection in ("tokens", "assertions", "attempts"):
        assert store.database[collection].index_information()["until_1"]["expireAfterSeconds"] == 0


def test_an_assertion_is_used_once_by_each_client(registry: MongoRegistry) -> None:
    assert registry.use_assertion("chu", "j", TOKEN.until)
    assert not registry.use_assertion("chu", "j", TOKEN.until)
    assert registry.use_assertion("amal", "j", TOKEN.until)
    assert registry.use_assertion("chu", "k" * 5000, TOKEN.until)
    assert registry.use_assertion("a", "b|c", TOKEN.until)
    assert registry.use_assertion("a|b", "c", TOKEN.until)


def test_of_many_uses_at_once_one_wins(registry: MongoRegistry) -> None:
    wins: list[bool] = []

    def use() -> None:
        wins.append(registry.use_assertion("chu", "j", TOKEN.until))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False] * 7 + [True]
