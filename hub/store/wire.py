"""Commands straight to the primary, over connections that the driver has opened and signed in.

A command by the driver carries a session and a signed cluster time, which one command alone needs not: without them it takes a
fifth of this process's time and half of the database's. https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_msg

Whatever is out of the ordinary is the driver's: finding the primary, its certificates and passwords, a fail-over, the beginning
and end of a transaction. Where there is no primary yet, or something other than a replica set, it is asked everything.
"""

import logging
import os
import struct
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from typing import Any, Final, NoReturn, TypeVar

import bson
from pymongo import MongoClient, ReadPreference
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect, BulkWriteError, ConnectionFailure, OperationFailure, WriteConcernError
from pymongo.monitoring import CommandListener, CommandStartedEvent
from pymongo.server_selectors import writable_server_selector

from hub.store.schema import Document, Mongo

Options = bson.CodecOptions[Document]
Answer = TypeVar("Answer")

PATIENCE_S: Final = 20.0
DURABLE: Final = {"w": "majority", "j": True}
_OP_MSG: Final = 2013
_HEAD: Final = struct.Struct("<iiiiIB")  # length, request, answer to, kind, flags, kind of the one section
_SEQUENCES: Final = (
    "documents",
    "updates",
)  # https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#kind-1--document-sequence
_AT_ONCE: Final = 65_536
ZONED: Final = bson.CodecOptions[Document](tz_aware=True, tzinfo=UTC)
PLAIN: Final = bson.CodecOptions[Document](tz_aware=False)
"""Instants without the zone that all of them have: to write it beside each takes longer than to read all the rest."""
_OF_A_TRANSACTION: Final = ("$db", "lsid", "txnNumber", "autocommit")
"""https://www.mongodb.com/docs/manual/reference/server-sessions/: what every command of a transaction says, beside its first."""
_LENT: Final = ((ClientSession, "_apply_to"), (ClientSession, "_process_response"))
"""What the driver does not promise to keep. Where a version has it no more, everything is asked of the driver itself."""

_AWAY: Final = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436})
"""https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/server-discovery-and-monitoring.md#not-writable-primary-and-node-is-recovering"""


log = logging.getLogger("hub.store")


class Client(MongoClient[Document]):
    """The driver's client, with a wire of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = Wire(self)

    def close(self) -> None:
        self.wire.close()
        super().close()


def _message(command: Document) -> bytes:
    """What is encoded already goes behind the command as it is."""
    name = next((one for one in _SEQUENCES if one in command), "")
    body = bson.encode({key: value for key, value in command.items() if key != name} if name else command)
    if name:
        raw = b"".join([one.raw for one in command[name]])
        head = name.encode() + b"\0"
        body += b"\1" + (4 + len(head) + len(raw)).to_bytes(4, "little") + head + raw
    return _HEAD.pack(_HEAD.size + len(body), 0, 0, _OP_MSG, 0, 0) + body


class _Line:
    """One connection, of one thread at a time."""

    def __init__(self, connection: Any, primary: tuple[str, int]) -> None:
        self.connection = connection
        self.primary = primary
        self._socket = connection.conn.get_conn
        self._socket.settimeout(PATIENCE_S)

    def ask(self, command: Document, options: Options) -> Document:
        self._socket.sendall(_message(command))
        answer: Document = bson.decode(self._received()[_HEAD.size :], options)
        return answer

    def ask_all(self, commands: Sequence[Document]) -> list[Document]:
        """All are sent before the first answer is read: each is carried out as soon as the one before it is."""
        self._socket.sendall(b"".join(map(_message, commands)))
        answers: list[Document] = []
        got = b""
        for _ in commands:
            got = self._at_least(_HEAD.size, got)
            size = int.from_bytes(got[:4], "little")
            got = self._at_least(size, got)
            answers.append(bson.decode(got[_HEAD.size : size], ZONED))
            got = got[size:]
        return answers

    def _at_least(self, count: int, got: bytes) -> bytes:
        while len(got) < count:
            got += self._more(_AT_ONCE)
        return got

    def _received(self) -> bytes:
        got = self._more(_AT_ONCE)
        while len(got) < _HEAD.size:
            got += self._more(_HEAD.size - len(got))
        left = int.from_bytes(got[:4], "little") - len(got)
        if not left:
            return got
        parts = [got]
        while left:
            parts.append(self._more(left))
            left -= len(parts[-1])
        return b"".join(parts)

    def _more(self, count: int) -> bytes:
        got: bytes = self._socket.recv(count)
        if not got:
            raise ConnectionResetError
        return got

    def close(self) -> None:
        self.connection.close_conn(None)


class Wire:
    """Connections to the primary that are free. Threads share it; a process that was forked opens its own."""

    def __init__(self, client: MongoClient[Document]) -> None:
        self._client = client
        self._free: deque[_Line] = deque()
        self._process = os.getpid()
        self._seen: tuple[Any, tuple[str, int] | None] = None, None
        found: Iterable[Any] = client.options.event_listeners
        self._listeners = [one for one in found if isinstance(one, CommandListener)]
        self._lends = all(hasattr(owner, name) for owner, name in _LENT) and hasattr(client, "_get_topology")

    def ask(
        self, database: Mongo, command: Document, session: ClientSession | None = None, options: Options = ZONED
    ) -> Document:
        """The answer to one command. `session`: of the transaction that it is a part of.

        Raises OperationFailure, BulkWriteError or WriteConcernError for what the database refuses, and ConnectionFailure where
        no answer came: then nobody knows whether it was carried out.
        """
        line = self._line()
        if line is None:
            return checked(dict(database.command(command, codec_options=options, session=session)))
        whole = self._whole(command, database.name, session, line)
        answer = self._asked(lambda: line.ask(whole, options), line, session)
        if answer.get("ok") != 1:
            self._refuse(line, answer, session)
        self._free.append(line)
        if session is not None:
            session._process_response(answer)
        return checked(answer)

    def ask_all(self, database: Mongo, commands: Sequence[Document], session: ClientSession) -> list[Document]:
        """The answers, as they came (see `checked`), to commands of a transaction that do not wait for each other's. With the
        first that is refused the transaction has ended, and those behind it are refused too."""
        line = self._line()
        if line is None:
            return [dict(database.command(command, session=session)) for command in commands]
        first, *others = commands
        wholes = [self._whole(first, database.name, session, line)]
        wholes += [self._in_transaction_of(wholes[0], command, line) for command in others]
        answers = self._asked(lambda: line.ask_all(wholes), line, session)
        if away := next((answer for answer in answers if answer.get("code") in _AWAY), None):
            self._refuse(line, away, session)
        self._free.append(line)
        session._process_response(answers[-1])
        return answers

    def commit(self, session: ClientSession) -> None:
        """Commit the transaction, durably. What is not plainly acknowledged stays to be committed: the driver asks once more,
        which does no harm, and knows what is to be done then."""
        line = self._line() if session.in_transaction and not session._transaction.starting() else None
        if line is None:
            return
        whole = self._whole({"commitTransaction": 1, "writeConcern": DURABLE}, "admin", session, line)
        try:
            answer = line.ask(whole, ZONED)
        except OSError:
            line.close()
            return
        except BaseException:
            line.close()
            raise
        self._free.append(line)
        if answer.get("ok") == 1 and "writeConcernError" not in answer:
            session._process_response(answer)
            session._transaction.reset()

    def _whole(self, command: Document, database: str, session: ClientSession | None, line: _Line) -> Document:
        whole = {**command, "$db": database}
        if session is not None:
            session._apply_to(whole, False, ReadPreference.PRIMARY, line.connection)
            session._transaction.set_in_progress()
        self._tell(whole, line)
        return whole

    def _in_transaction_of(self, first: Document, command: Document, line: _Line) -> Document:
        """What is sent along with the first of some commands is marked as that is, but for where a transaction begins."""
        whole = command | {name: first[name] for name in _OF_A_TRANSACTION if name in first}
        self._tell(whole, line)
        return whole

    def _tell(self, whole: Document, line: _Line) -> None:
        for listener in self._listeners:
            listener.started(CommandStartedEvent(whole, whole["$db"], 0, line.primary, 0))

    def _asked(self, ask: Callable[[], Answer], line: _Line, session: ClientSession | None) -> Answer:
        try:
            return ask()
        except OSError:
            line.close()
            self._lose(session, {})
        except BaseException:  # half an answer may still come: nobody may read on from here
            line.close()
            raise

    def _refuse(self, line: _Line, answer: Document, session: ClientSession | None) -> NoReturn:
        if answer.get("code") in _AWAY:
            line.close()
            self._lose(session, answer)
        self._free.append(line)
        raise OperationFailure("refused", answer.get("code"), answer)

    def _lose(self, session: ClientSession | None, answer: Document) -> NoReturn:
        """The others lead to the same server. Of a transaction nothing was committed, and it can be begun again."""
        self.close()
        if session is not None:
            transient = {"errorLabels": ["TransientTransactionError"]}
            raise OperationFailure("away", answer.get("code"), {**answer, **transient}) from None
        raise AutoReconnect("away") from None

    def _line(self) -> _Line | None:
        """To whom the driver takes for the primary now."""
        primary = self._primary() if self._lends else None
        if self._process != os.getpid():
            self._free, self._process = deque(), os.getpid()
        while primary and self._free:
            line = self._take()
            if line and line.primary == primary:
                return line
            if line:
                line.close()
        return self._opened() if primary else None

    def _primary(self) -> tuple[str, int] | None:
        """A description is never changed, but replaced: it is read where it is another."""
        seen = self._client.topology_description
        if seen is not self._seen[0]:
            self._seen = seen, self._client.primary
        return self._seen[1]

    def _take(self) -> _Line | None:
        try:
            return self._free.pop()
        except IndexError:  # another thread was faster
            return None

    def _opened(self) -> _Line | None:
        topology = self._client._get_topology()
        try:
            server = topology.select_server(writable_server_selector, "command")
            return _Line(server.pool.connect(), (server.description.address[0], server.description.address[1] or 0))
        except ConnectionFailure:  # the driver knows better how long to wait, and for whom
            return None
        except (AttributeError, TypeError):  # another version, whose connections are not like this
            self._lends = False
            log.warning("store.no-wire")
            return None

    def close(self) -> None:
        while line := self._take():
            line.close()


def checked(answer: Document) -> Document:
    """https://www.mongodb.com/docs/manual/reference/command/insert/#output. Raises as `Wire.ask` does."""
    if answer.get("ok") != 1:
        raise OperationFailure("refused", answer.get("code"), answer)
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)
    if told := answer.get("writeConcernError"):
        raise WriteConcernError("not durable", told.get("code"), answer)
    return answer


def ask(database: Mongo, command: Document, session: ClientSession | None = None, options: Options = ZONED) -> Document:
    """One command to the primary, by the wire that the database's client has, or else by its driver."""
    client = database.client
    if isinstance(client, Client):
        return client.wire.ask(database, command, session, options)
    return checked(dict(database.command(command, codec_options=options, session=session)))


def ask_all(database: Mongo, commands: Sequence[Document], session: ClientSession) -> list[Document]:
    """Commands of a transaction that do not wait for each other's answers, in one go where there is a wire."""
    client = database.client
    if isinstance(client, Client):
        return client.wire.ask_all(database, commands, session)
    return [dict(database.command(command, session=session)) for command in commands]


def commit(database: Mongo, session: ClientSession) -> None:
    """Where there is no wire, it is left to the driver."""
    if isinstance(database.client, Client):
        database.client.wire.commit(session)
