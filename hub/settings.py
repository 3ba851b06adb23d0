"""Settings: the deployment folder and the environment, read once into one frozen value.

The folder holds `hub.toml`, `organizations.yaml`, `connections/*.yaml` and, where its rules are other than those that come with
the hub, `policies.yaml` and `deadlines.yaml`. Secrets are never in these: a connection names an environment variable or a file
(`{env: NAME}`, `{file: secrets/name}`).
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from hub import errors
from hub.consent import policies
from hub.consent.policies import Policies
from hub.directory.organizations import Entry
from hub.errors import HubError
from hub.oauth.lifetimes import Lifetimes
from hub.outbound.allowed import Allowed
from hub.outbound.mail import MailServer, recipient
from hub.ports import ExportLimits
from hub.referral import deadline_file
from hub.referral.deadlines import Deadlines
from hub.referral.reporting import PERIODS, Reporting

_ORIGIN: Final = re.compile(r"https?://[a-z0-9\-.]+(:\d{1,5})?", re.ASCII)

MOST_DAYS: Final = 365

MOST_LINES: Final = 10_000
"""Of one exported file: it is made in memory, so that all of it or nothing is sent."""

STREAMS: Final = 256
MOST_STREAMS: Final = 4096
"""Connections to `/events` of one process at a time: each takes a thread."""

SMALLEST_CELL: Final = 5
LEAST_SMALLEST_CELL, MOST_SMALLEST_CELL = 3, 1000
"""Of statistics: no number above zero below it is told."""


@dataclass(frozen=True)
class ConnectionFile:
    """One file of `connections/`, as written."""

    id: str
    organization: str
    adapter: str
    mapping: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """`database_uri` None: the embedded MongoDB."""

    folder: Path
    host: str
    port: int
    base_url: str
    proxies: int
    language: str
    database_uri: str | None = field(repr=False)
    database: str
    cache_gb: float
    delivers: bool
    delivery_seconds: float
    delivery_days: int
    pepper: bytes = field(repr=False)
    jwks_hosts: tuple[Allowed, ...]
    subscription_hosts: tuple[Allowed, ...]
    mail: MailServer | None
    cors_origins: tuple[str, ...]
    lifetimes: Lifetimes
    exports: ExportLimits
    streams: int
    reporting: Reporting
    organizations: tuple[Entry, ...]
    connections: tuple[ConnectionFile, ...]
    policies: Policies
    deadlines: Deadlines


def read(folder: Path) -> Settings:
    """The settings of a deployment folder.

    Raises HubError: NO_DEPLOYMENT, SECRET_MISSING, UNKNOWN_ORGANIZATION, or BAD_FILE with the file and the line or field.
    """
    toml = _toml(folder / "hub.toml")
    host, port = _setting(toml, "server.host", "127.0.0.1"), _setting(toml, "server.port", 8080)
    organizations = tuple(_organizations(folder / "organizations.yaml"))
    known = {entry.id for entry in organizations}
    return Settings(
        folder=folder.resolve(),
        host=host,
        port=port,
        base_url=_setting(toml, "server.base_url", f"http://{host}:{port}/fhir").rstrip("/"),
        proxies=_setting(toml, "server.proxies", 0),
        language=_setting(toml, "language", "en"),
        database_uri=os.environ.get("IHALA_MONGODB_URI") or _database_uri(folder, toml),
        database=_setting(toml, "database.name", "ihala"),
        cache_gb=_setting(toml, "database.cache_gb", 0.5),
        delivers=_setting(toml, "delivery.enabled", True),
        delivery_seconds=_setting(toml, "delivery.every_seconds", 1.0),
        delivery_days=_positive(toml, "delivery.give_up_days", 4, most=MOST_DAYS),
        pepper=secret(folder, {"env": "IHALA_PEPPER", "file": "secrets/pepper"}, "pepper").encode(),
        jwks_hosts=tuple(_each(toml, "oauth.jwks_hosts", Allowed.read)),
        subscription_hosts=tuple(_each(toml, "subscription.hosts", Allowed.read)),
        mail=_mail(folder, toml),
        cors_origins=tuple(_each(toml, "cors.origins", _origin)),
        lifetimes=_lifetimes(toml),
        exports=_exports(toml),
        streams=_positive(toml, "events.streams", STREAMS, most=MOST_STREAMS),
        reporting=_reporting(toml, known),
        organizations=organizations,
        connections=tuple(_connection(path, known) for path in sorted((folder / "connections").glob("*.yaml"))),
        policies=policies.policies(_yaml(folder / policies.FILE)),
        deadlines=_deadlines(folder / deadline_file.FILE, known),
    )


def _reporting(toml: dict[str, Any], organizations: set[str]) -> Reporting:
    """The smallest cell as `profiles/structure-definitions/smallest-cell.json` bounds it."""
    found = Reporting(
        _positive(toml, "statistics.smallest_cell", SMALLEST_CELL, most=MOST_SMALLEST_CELL),
        _positive(toml, "statistics.months", 1),
        frozenset(_each(toml, "statistics.readers", str)),
    )
    good = {
        "smallest_cell": found.smallest >= LEAST_SMALLEST_CELL,
        "months": found.months in PERIODS,
        "readers": found.readers <= organizations,
    }
    for name, holds in good.items():
        if not holds:
            raise HubError(errors.BAD_FILE, place="hub.toml", detail=f"statistics.{name}")
    return found


def _deadlines(path: Path, organizations: set[str]) -> Deadlines:
    found = deadline_file.deadlines(_yaml(path))
    if found.coordinator and found.coordinator not in organizations:
        raise HubError(errors.BAD_FILE, place=path.name, detail=f"coordinator: {found.coordinator}")
    return found


def _exports(toml: dict[str, Any]) -> ExportLimits:
    usual = ExportLimits()
    return ExportLimits(
        running=_positive(toml, "export.running", usual.running),
        lifetime=timedelta(minutes=_positive(toml, "export.lifetime_minutes", _minutes(usual.lifetime))),
        lines=_positive(toml, "export.lines", usual.lines, most=MOST_LINES),
    )


def _mail(folder: Path, toml: dict[str, Any]) -> MailServer | None:
    """None where no server is named: then no mail is sent."""
    host, source = _setting(toml, "mail.host", ""), _written(toml, "mail.password")
    if not host:
        return None
    if source is not None and not isinstance(source, dict):
        raise HubError(errors.BAD_FILE, place="hub.toml", detail="mail.password")
    security = _setting(toml, "mail.security", "starttls")
    try:
        return MailServer(
            host=host,
            port=_positive(toml, "mail.port", 465 if security == "tls" else 587, most=65535),
            security=security,
            sender=_setting(toml, "mail.from", ""),
            user=_setting(toml, "mail.user", ""),
            password=secret(folder, source, "mail.password") if source else "",
            recipients=tuple(_each(toml, "mail.recipients", recipient)),
        )
    except ValueError as problem:
        raise HubError(errors.BAD_FILE, place="hub.toml", detail=f"mail.{problem}") from None


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds()) // 60


def _positive(toml: dict[str, Any], name: str, default: int, most: int = 10**6) -> int:
    found = _setting(toml, name, default)
    if not 1 <= found <= most:
        raise HubError(errors.BAD_FILE, place="hub.toml", detail=name)
    return found


def _lifetimes(toml: dict[str, Any]) -> Lifetimes:
    usual = Lifetimes()

    def minutes(name: str, default: timedelta) -> timedelta:
        return timedelta(minutes=_positive(toml, f"people.{name}_minutes", _minutes(default)))

    return Lifetimes(
        session_idle=minutes("session_idle", usual.session_idle),
        session_most=minutes("session", usual.session_most),
        refresh_idle=minutes("refresh_idle", usual.refresh_idle),
        refresh_most=minutes("refresh", usual.refresh_most),
    )


def secret(folder: Path, source: Mapping[str, str], name: str) -> str:
    """A secret from the environment, else from a file in the deployment folder; one that is empty is missing.

    Raises HubError that names it, never its value.
    """
    if "env" in source and (value := os.environ.get(source["env"])):
        return value
    path = folder / source["file"] if "file" in source else None
    if path and path.is_file() and (value := path.read_text("utf-8").strip()):
        return value
    raise HubError(errors.SECRET_MISSING, name=name, env=source.get("env", "-"), file=source.get("file", "-"))


def secret_reader(folder: Path, sources: Mapping[str, Mapping[str, str]]) -> Callable[[str], str]:
    """Reads a connection's secret by name at the moment when it is needed."""
    return lambda name: secret(folder, sources.get(name, {}), name)


Value = TypeVar("Value", str, int, float, bool)


def _setting(toml: dict[str, Any], name: str, default: Value) -> Value:
    found = _written(toml, name)
    if found is None:
        return default
    if isinstance(default, float) and type(found) is int:
        found = float(found)
    if type(found) is not type(default):
        raise HubError(errors.BAD_FILE, place="hub.toml", detail=name)
    return found


Part = TypeVar("Part")


def _each(toml: dict[str, Any], name: str, read: Callable[[str], Part]) -> Iterator[Part]:
    """The members of a list of texts, each as `read` understands it; where it raises ValueError, the file is wrong."""
    found = _written(toml, name)
    if found is not None and not (isinstance(found, list) and all(isinstance(text, str) for text in found)):
        raise HubError(errors.BAD_FILE, place="hub.toml", detail=name)
    for text in found or ():
        try:
            yield read(text)
        except ValueError:
            raise HubError(errors.BAD_FILE, place="hub.toml", detail=f"{name}: {text}") from None


def _origin(text: str) -> str:
    """https://www.rfc-editor.org/rfc/rfc6454#section-6.2, as browsers send it; or `*`."""
    if text != "*" and not _ORIGIN.fullmatch(text):
        raise ValueError("no origin")
    return text


def _written(toml: dict[str, Any], name: str) -> Any:
    """What stands under `table.key`; None where there is nothing."""
    *tables, key = name.split(".")
    for table in tables:
        toml = toml.get(table, {})
        if not isinstance(toml, dict):
            raise HubError(errors.BAD_FILE, place="hub.toml", detail=name)
    return toml.get(key)


def _database_uri(folder: Path, toml: dict[str, Any]) -> str | None:
    source = _written(toml, "database.uri")
    if source is not None and not isinstance(source, dict):
        raise HubError(errors.BAD_FILE, place="hub.toml", detail="database.uri")
    return secret(folder, source, "database.uri") if source else None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise HubError(errors.NO_DEPLOYMENT, folder=str(path.parent)) from None
    except tomllib.TOMLDecodeError as problem:
        raise HubError(errors.BAD_FILE, place=path.name, detail=str(problem)) from None
    except UnicodeDecodeError:
        raise HubError(errors.BAD_FILE, place=path.name, detail="UTF-8") from None


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise HubError(errors.BAD_FILE, place=place, detail=str(getattr(problem, "problem", "YAML"))) from None
    except UnicodeDecodeError:
        raise HubError(errors.BAD_FILE, place=path.name, detail="UTF-8") from None


def _organizations(path: Path) -> list[Entry]:
    entries: dict[str, Entry] = {}
    for number, written in enumerate(_yaml(path) or [], 1):
        place = f"{path.name}, entry {number}"
        try:
            entry = Entry.read(written)
        except (KeyError, TypeError) as problem:
            raise HubError(errors.BAD_FILE, place=place, detail=str(problem)) from None
        if entry.usual_service and entry.usual_service not in entry.services:
            detail = f"usual_service: {entry.usual_service} (services: {', '.join(entry.services)})"
            raise HubError(errors.BAD_FILE, place=place, detail=detail)
        if entry.id in entries:
            raise HubError(errors.BAD_FILE, place=place, detail=f"id: {entry.id}")
        entries[entry.id] = entry
    for number, entry in enumerate(entries.values(), 1):
        if entry.part_of and entry.part_of not in entries:
            raise HubError(errors.BAD_FILE, place=f"{path.name}, entry {number}", detail=f"part_of: {entry.part_of}")
    return list(entries.values())


_OF_A_CONNECTION: Final = ("organization", "adapter", "mapping", "settings", "secrets")
"""What stands at the margin of a connection's file. What belongs below `settings` would be passed over in silence here."""


def _connection(path: Path, organizations: set[str]) -> ConnectionFile:
    written, place = _yaml(path) or {}, f"connections/{path.name}"
    if not isinstance(written, dict):
        raise HubError(errors.BAD_FILE, place=place, detail="organization, adapter, mapping")
    missing = [name for name in ("organization", "adapter", "mapping") if name not in written]
    if missing:
        raise HubError(errors.BAD_FILE, place=place, detail=", ".join(missing))
    if unknown := [str(name) for name in written if name not in _OF_A_CONNECTION]:
        raise HubError(errors.BAD_FILE, place=place, detail=f"{', '.join(unknown)} ≠ {', '.join(_OF_A_CONNECTION)}")
    if written["organization"] not in organizations:
        id_, known = str(written["organization"]), ", ".join(sorted(organizations)) or "-"
        raise HubError(errors.UNKNOWN_ORGANIZATION, place=place, name=id_, known=known)
    return ConnectionFile(
        id=path.stem,
        organization=written["organization"],
        adapter=written["adapter"],
        mapping=written["mapping"],
        settings=written.get("settings") or {},
        secrets=written.get("secrets") or {},
    )
