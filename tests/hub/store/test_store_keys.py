"""Keys: the format is that of MongoDB's drivers, and the key that protects the others can be changed while everybody works."""

import base64
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.encryption import Algorithm, ClientEncryption

from hub.errors import KEY_UNREADABLE, SECRET_MISSING, HubError
from hub.ports import Kek
from hub.store import Keks, MongoStore
from hub.store.sealing import DataKey, Seal, Unreadable, random_bytes, unwrap, wrap
from tests.support.acts import saving, stored, survivor

NAME = [{"text": "Yasmine Berrada"}]


def kek(letter: str) -> str:
    return base64.b64encode(letter.encode() * 96).decode()


def test_what_is_sealed_can_be_opened_and_only_as_it_is() -> None:
    key, other = DataKey(b"1" * 16, b"a" * 96), DataKey(b"1" * 16, b"b" * 96)
    for text in ("", "é", "ياسمين", "x" * 1000):
        sealed = key.seal(text)
        assert key.open(sealed) == text
        assert sealed != key.seal(text)
        for place in (0, 1, 17, 20, len(sealed) - 1):
            changed = bytearray(sealed)
            changed[place] ^= 1
            with pytest.raises(Unreadable):
                key.open(bytes(changed))
        with pytest.raises(Unreadable):
            other.open(sealed)
        with pytest.raises(Unreadable):
            key.open(sealed[:30])
    assert "aaa" not in repr(key)


def test_threads_share_a_key_and_nothing_is_encrypted_twice_the_same() -> None:
    key, texts = DataKey(b"1" * 16, b"a" * 96), [f"x{number}" * (number % 40) for number in range(4000)]
    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(lambda text: Seal(key).seal(text), texts))
    assert [key.open(one) for one in sealed] == texts
    assert len({bytes(one[18:34]) for one in sealed}) == len(texts)


def test_the_drivers_of_mongodb_read_what_is_written_here_and_the_other_way_round(
    mongodb_uri: str, database: str
) -> None:
    keks = Keks(lambda: kek("k"))
    with MongoStore.open(mongodb_uri, database, keks=keks) as store, MongoClient[dict[str, Any]](mongodb_uri) as client:
        store.commit(saving(survivor("p", name=NAME)))
        current = keks.current()
        driver: Any = ClientEncryption(
            {f"local:{current.id}": {"key": current.secret}},
            f"{database}.keyvault",
            client,
            CodecOptions(uuid_representation=UuidRepresentation.STANDARD),
        )
        kept = client[database].Patient.find_one({"_id": "p"})
        assert kept is not None
        assert "Yasmine Berrada" in driver.decrypt(Binary(kept["s"]["identity"], 6))
        theirs = driver.encrypt("ياسمين", Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random, key_alt_name="person:p")
        assert store.vault.of_persons(["p"])["p"].open(theirs) == "ياسمين"
        driver.close()


def test_each_person_has_a_key_of_her_own_made_with_her_first_commit(store: MongoStore) -> None:
    for one in ("p", "q"):
        store.commit(saving(survivor(one, name=NAME), person=one))
    proofs = [store.key_proof(one) for one in ("p", "q", "nobody")]
    assert proofs[2] is None
    assert len({one.id for one in proofs if one}) == 2
    assert len({one.fingerprint for one in proofs if one}) == 2


def test_without_the_right_key_nothing_is_opened_and_it_is_said(mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database, keks=Keks(lambda: kek("a"))) as store:
        store.vault.check()
        store.commit(saving(survivor("p", name=NAME)))
    for text in (kek("b"), ""):
        with MongoStore.open(mongodb_uri, database, keks=Keks(lambda text=text: text)) as other:
            with pytest.raises(HubError) as refused:
                other.vault.check()
            with pytest.raises(HubError) as closed:
                assert stored(other, "Patient", "p").text
            with pytest.raises(HubError):
                other.commit(saving(survivor("q", name=NAME), person="q"))
        assert (refused.value.problem, closed.value.problem) == (KEY_UNREADABLE, KEY_UNREADABLE)
        assert kek("a") not in str(refused.value)


def test_without_any_key_nothing_is_begun(mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database, keks=Keks(lambda: "")) as store:
        with pytest.raises(HubError) as refused:
            store.vault.check()
        assert refused.value.problem == SECRET_MISSING


def test_keys_are_rewrapped_while_others_read_and_write(mongodb_uri: str, database: str) -> None:
    """The server's keys are read anew when they change; a kill between two rows leaves both of them readable."""
    written = [kek("a")]
    with MongoStore.open(mongodb_uri, database, keks=Keks(lambda: "\n".join(written))) as server:
        for number in range(4):
            server.commit(saving(survivor(f"p{number}", name=NAME), person=f"p{number}"))
        old, new = Kek.of(kek("a")).id, Kek.of(kek("b")).id
        with MongoStore.open(mongodb_uri, database, keks=Keks(lambda: f"{kek('b')}\n{kek('a')}")) as other:
            row = other.database.keyvault.find_one({"keyAltNames": "person:p1"})
            assert row is not None
            moved = wrap(b"b" * 96, unwrap(b"a" * 96, row["keyMaterial"]))
            change = {"$set": {"keyMaterial": moved, "masterKey.provider": f"local:{new}"}}
            other.database.keyvault.update_one({"_id": row["_id"]}, change)  # a rotation that was killed after one row
            written.insert(0, kek("b"))
            assert "Yasmine" in stored(server, "Patient", "p1").text
            while other.vault.rewrap():
                server.commit(saving(survivor("during", name=NAME), person="during"))
            assert other.vault.wrapped().keys() == {new}
        written.pop()
        assert old not in server.vault.wrapped()
        with MongoStore.open(mongodb_uri, database, keks=Keks(lambda: kek("b"))) as fresh:
            for one in ("p0", "p3", "during"):
                assert "Yasmine" in stored(fresh, "Patient", one).text


def test_random_bytes_are_never_the_same_in_two_processes() -> None:
    random_bytes(16)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(16))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) != random_bytes(16)


def test_ids_of_keys_are_uuids_of_version_four(store: MongoStore) -> None:
    key, row = store.vault.new("x", datetime.now(UTC))
    assert uuid.UUID(bytes=key.id).version == 4
    assert row["_id"].subtype == 4
