"""The settings of a connection, read and judged once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from adapters.hl7v2.encoding import CHARSETS
from adapters.hl7v2.message import Sender
from adapters.hl7v2.mllp import LARGEST
from adapters.hl7v2.moments import MOROCCO
from hub.errors import Fatal
from hub.ports import Connection

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
IDLE: Final = 300
KEPT_DAYS: Final = 7


class Address(NamedTuple):
    host: str
    port: int


@dataclass(frozen=True)
class Terms:
    """`listen`, `send`: None where this way is not used. `senders` empty: whoever may connect."""

    listen: Address | None
    send: Address | None
    spool: Path
    certificate: Path | None
    key: Path | None
    client_ca: Path | None
    server_ca: Path | None
    us: Sender
    them: Sender
    senders: frozenset[Sender]
    processing: str
    charset: str
    zone: str
    version: str
    authority: str
    largest: int
    idle: int
    kept_days: int


def terms(connection: Connection) -> Terms:
    """Raises Fatal, naming the setting, for one that cannot work or would send what is said in the clear."""
    given = connection.settings
    found = Terms(
        listen=_address(given, "listen"),
        send=_address(given, "send"),
        spool=connection.folder / (_text(given, "folder") or f"hl7v2/{connection.id}"),
        certificate=_path(connection, "certificate"),
        key=_path(connection, "key"),
        client_ca=_path(connection, "client_ca"),
        server_ca=_path(connection, "server_ca"),
        us=_party(given, "our_name", "IHALA|HUB"),
        them=_party(given, "their_name", "|"),
        senders=frozenset(_sender(one, "senders") for one in _list(given, "senders")),
        processing=_text(given, "processing") or "P",
        charset=_text(given, "charset").upper(),
        zone=_text(given, "zone") or MOROCCO,
        version=_text(given, "version") or "2.5.1",
        authority=_text(given, "authority") or "IHALA",
        largest=_number(given, "largest_bytes", LARGEST),
        idle=_number(given, "idle_seconds", IDLE),
        kept_days=_number(given, "keep_days", KEPT_DAYS),
    )
    _judge(found)
    return found


def _judge(found: Terms) -> None:
    if found.listen is None and found.send is None:
        raise Fatal("adapters.hl7v2-settings", setting="listen")
    if found.listen and found.listen.host not in LOOPBACK and not (found.certificate and found.key):
        raise Fatal("adapters.hl7v2-insecure", setting="certificate")
    if found.send and found.send.host not in LOOPBACK and not found.server_ca:
        raise Fatal("adapters.hl7v2-insecure", setting="server_ca")
    if found.charset not in CHARSETS:
        raise Fatal("adapters.hl7v2-settings", setting="charset")
    try:
        ZoneInfo(found.zone)
    except (KeyError, ValueError, OSError):
        raise Fatal("adapters.hl7v2-settings", setting="zone") from None


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not str(value).isprintable():
        raise Fatal("adapters.hl7v2-settings", setting=name)
    return str(value)


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name, [])
    if not isinstance(value, list):
        raise Fatal("adapters.hl7v2-settings", setting=name)
    return value


def _number(given: Mapping[str, Any], name: str, usual: int) -> int:
    value = given.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Fatal("adapters.hl7v2-settings", setting=name)
    return value


def _path(connection: Connection, name: str) -> Path | None:
    value = _text(connection.settings, name)
    return connection.folder / value if value else None


def _address(given: Mapping[str, Any], name: str) -> Address | None:
    value = _text(given, name)
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise Fatal("adapters.hl7v2-settings", setting=name)
    return Address(host.strip("[]"), int(port))


def _party(given: Mapping[str, Any], name: str, usual: str) -> Sender:
    return _sender(_text(given, name) or usual, name)


def _sender(value: object, name: str) -> Sender:
    """`application|facility`, as MSH-3 and MSH-4 hold them."""
    application, separator, facility = str(value).partition("|")
    if not separator or "|" in facility:
        raise Fatal("adapters.hl7v2-settings", setting=name)
    return Sender(application, facility)
