"""Commands by wire: the driver's own connections, with what the network does to them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.audit import events
from hub.errors import Conflict
from hub.ports import Caller, Changes, Key, Save
from hub.store import MongoStore
from hub.store.wire import Client, Wire, ask
from tests.support.acts import NOW, referral, saving, stored, survivor
from tests.support.commands import LISTENER

CALLER = Caller("c", "chu", "COC")


def look(id_: str) -> Changes:
    event = events.event(
        id_, "disclosure.permit", NOW, interaction="read", caller=CALLER, person="p", entities=["Task/1"]
    )
    return Changes(saves=[Save(event, "p", "amal", (Key("amal|*|*"),))])


def wire_of(store: MongoStore) -> Wire:
    client = store.database.client
    assert isinstance(client, Client)
    return client.wire


@contextmanager
def cut(store: MongoStore, when: Callable[[bytes], bool]) -> Iterator[list[bytes]]:
    """The first message that `when` picks is sent, and its answer never comes."""
    wire, lost = wire_of(store), list[bytes]()
    store.vault.check()
    ask(store.database, {"ping": 1})
    line = wire._free[-1]
    line._socket = Cut(line._socket, when, lost)
    yield lost


class Cut:
    """A network that ends after the question was delivered and carried out."""

    def __init__(self, socket: Any, when: Callable[[bytes], bool], lost: list[bytes]) -> None:
        self._socket, self._when, self._lost, self._ended = socket, when, lost, False

    def sendall(self, message: bytes) -> None:
        self._ended = not self._lost and self._when(message)
        self._lost += [message] if self._ended else []
        self._socket.sendall(message)

    def recv(self, count: int) -> bytes:
        got: bytes = self._socket.recv(count)
        return b"" if self._ended else got


def test_a_document_is_found_by_wire_and_listeners_hear_of_it(store: MongoStore) -> None:
    """If another version of the driver does not lend its connections, everything still works, and this says so."""
    store.commit(saving(survivor("p")))
    with LISTENER.noted() as heard:
        assert stored(store, "Patient", "p").id == "p"
    assert heard == ["find Patient"]
    assert len(wire_of(store)._free) == 1


@pytest.mark.parametrize("lost", ["what a session says of a command", "the socket of a connection"])
def test_where_a_driver_lends_nothing_everything_is_asked_of_it(
    mongodb_uri: str, database: str, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    if "session" in lost:
        monkeypatch.setattr("hub.store.wire._LENT", ((Wire, "_process_response"),))
    else:
        monkeypatch.setattr("hub.store.wire._Line.__init__", _without_a_socket)
    with MongoStore.open(mongodb_uri, database) as store:
        store.commit(saving(survivor("p")))
        store.commit(look("e0"))
        assert stored(store, "Patient", "p").id == "p"
        assert store.counts()["AuditEvent"] == 1
        assert not wire_of(store)._lends
        assert not wire_of(store)._free


def _without_a_socket(_: Any, connection: Any, __: Any) -> None:
    connection.close_conn(None)
    connection.lent_no_more  # noqa: B018


def test_an_answer_larger_than_one_packet_is_read_whole(store: MongoStore) -> None:
    store.commit(saving(survivor("p", implicitRules="x" * 1_000_000)))
    assert len(stored(store, "Patient", "p").text) > 1_000_000


def test_a_read_whose_answer_is_lost_is_asked_again(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    with cut(store, lambda message: b"find" in message) as lost:
        assert stored(store, "Patient", "p").id == "p"
    assert lost


def test_a_look_whose_answer_is_lost_is_written_once(store: MongoStore) -> None:
    store.commit(look("e0"))
    with cut(store, lambda message: b"insert" in message) as lost:
        store.commit(look("e1"))
    store.commit(look("e2"))
    assert lost
    found = store.database.AuditEvent.find({}, {"c": 1}).sort("_id", 1)
    assert [(one["_id"], one["c"]["n"]) for one in found] == [("e0", 1), ("e1", 2), ("e2", 3)]


def test_a_look_that_was_never_delivered_is_written(store: MongoStore) -> None:
    store.commit(look("e0"))
    for line in wire_of(store)._free:
        line._socket.close()
    store.commit(look("e1"))
    assert store.database.AuditEvent.count_documents({}) == 2


@pytest.mark.parametrize("name", [b"AuditEvent", b"persons", b"Patient"])
def test_an_act_that_loses_an_answer_is_begun_again_and_done_once(store: MongoStore, name: bytes) -> None:
    changes = saving(survivor("p"))
    changes.saves.append(look("e0").saves[0])
    with cut(store, lambda message: b"insert" in message and name in message) as lost:
        store.commit(changes)
    assert lost
    assert {type_: store.counts()[type_] for type_ in ("Patient", "AuditEvent", "persons")} == {
        "Patient": 1, "AuditEvent": 1, "persons": 1,
    }  # fmt: skip


def test_a_commit_that_loses_its_answer_is_asked_for_again_and_done_once(store: MongoStore) -> None:
    changes = saving(survivor("p"))
    changes.saves.append(look("e0").saves[0])
    with cut(store, lambda message: b"commitTransaction" in message) as lost:
        store.commit(changes)
    assert lost
    assert {type_: store.counts()[type_] for type_ in ("Patient", "AuditEvent", "persons")} == {
        "Patient": 1, "AuditEvent": 1, "persons": 1,
    }  # fmt: skip


def test_a_plain_act_is_sent_in_one_go_and_committed(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    changes = saving(survivor("q"), person="q")
    changes.saves.append(look("e0").saves[0])
    sent = Counted(wire_of(store)._free[-1]._socket)
    wire_of(store)._free[-1]._socket = sent
    with LISTENER.noted() as heard:
        store.commit(changes)
    assert heard[-4:] == ["insert AuditEvent", "insert persons", "insert Patient", "commitTransaction 1"]
    assert [b"startTransaction" in one for one in sent.messages[-2:]] == [True, False]
    assert sent.messages[-2].count(b"txnNumber") == 3


def test_answers_that_come_in_pieces_are_each_read_whole(store: MongoStore) -> None:
    store.commit(look("e"))
    line = wire_of(store)._free[-1]
    line._socket = Counted(line._socket, at_once=7)
    changes = saving(survivor("p"))
    changes.saves.append(look("e0").saves[0])
    store.commit(changes)
    assert stored(store, "Patient", "p").id == "p"
    assert store.counts()["AuditEvent"] == 2


def test_of_an_act_whose_last_statement_is_refused_nothing_is_kept_and_the_next_goes_on(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    refused = saving(survivor("q"), referral("t", "q"), survivor("p"), person="q")
    refused.saves.append(look("e0").saves[0])
    with pytest.raises(Conflict):
        store.commit(refused)
    assert store.counts()["AuditEvent"] == store.counts()["Task"] == 0
    assert "q" not in store.compartments(["q"])
    store.commit(saving(survivor("q"), person="q"))
    assert stored(store, "Patient", "q").id == "q"


class Counted:
    """Keeps what is sent, and gives what comes so many bytes at a time."""

    def __init__(self, socket: Any, at_once: int = 65_536) -> None:
        self._socket, self._at_once = socket, at_once
        self.messages: list[bytes] = []

    def sendall(self, message: bytes) -> None:
        self.messages.append(message)
        self._socket.sendall(message)

    def recv(self, count: int) -> bytes:
        return bytes(self._socket.recv(min(count, self._at_once)))

    def close(self) -> None:
        self._socket.close()


def test_what_is_refused_keeps_the_connection(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    free = list(wire_of(store)._free)
    with pytest.raises(Conflict):
        store.commit(saving(survivor("p")))
    assert list(wire_of(store)._free) == free


def test_a_closed_client_leaves_no_connection(mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database) as store:
        stored_nothing = store.read("Patient", "nobody", None)
        wire = wire_of(store)
        line = wire._free[-1]
    assert stored_nothing is None
    assert not wire._free
    assert line.connection.closed
