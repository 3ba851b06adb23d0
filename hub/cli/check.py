"""`hub check`: load and try everything, and list what is wrong with its file and line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hub import bootstrap, mapping, settings, texts
from hub.cli.manual import command, first_text
from hub.cli.problems import FAILED, OK, say_issue, sentence
from hub.cli.session import Session, pass_session
from hub.conformance import validate
from hub.directory.organizations import resources
from hub.errors import AdapterError, HubError
from hub.fhir import definitions
from hub.fhir.folding import fold
from hub.fhir.issues import Issue
from hub.ports import Adapter
from hub.settings import ConnectionFile, Settings
from hub.store.binary import find_mongod


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `text` is its stable key in the text catalogue."""

    severity: str
    place: str
    text: str
    sentence: str

    @property
    def blocks(self) -> bool:
        return self.severity in {"fatal", "error"}


@dataclass
class Inspection:
    """What was looked at, and what was found."""

    session: Session
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: str, sentence: str, severity: str = "error", /, **blanks: str) -> None:
        said = texts.say(f"cli.check.{sentence}", self.session.language, **blanks)
        self._add(Problem(severity, place, f"cli.check.{sentence}", said))

    def add_issue(self, place: str, issue: Issue) -> None:
        place = issue.params.get("place") or ", ".join(part for part in (place, issue.path) if part)
        self._add(Problem(issue.severity, place, issue.text, say_issue(self.session, issue)))

    def add_error(self, place: str, error: HubError | AdapterError) -> None:
        """A problem that was raised; one that carries its findings is told by them."""
        issues: Sequence[Issue] = getattr(error, "issues", ())
        if issues:
            for issue in issues:
                self.add_issue(place, issue)
            return
        place = getattr(error, "place", "") or place
        said = sentence(self.session, error).removeprefix(f"{place}: ")
        self._add(Problem("error", place, error.text, said))

    def _add(self, problem: Problem) -> None:
        """Once: a mapping is looked at by itself and with each connection that uses it."""
        if problem not in self.problems:
            self.problems.append(problem)


@command("check", "cli.check")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def check(session: Session, as_json: bool) -> int:
    inspection = Inspection(session)
    adapters = _check_all(inspection, session.home.resolve())
    problems = sorted(inspection.problems, key=lambda problem: not problem.blocks)
    blocked = any(problem.blocks for problem in problems)
    if as_json:
        session.write_json(_as_json(inspection, problems, ok=not blocked))
    else:
        _show(session, inspection, problems, sorted(adapters))
    return FAILED if blocked else OK


def _check_all(inspection: Inspection, folder: Path) -> Mapping[str, Adapter]:
    _check_profiles(inspection)
    _check_mappings(inspection, folder / "mappings")
    adapters = _load_adapters(inspection)
    try:
        read = settings.read(folder)
        _check_database(read)
    except HubError as error:
        inspection.add_error(error.place or "hub.toml", error)
        return adapters
    _check_directory(inspection, read)
    for connection in read.connections:
        inspection.checked["connections"] += 1
        _check_connection(inspection, connection, read, adapters)
    return adapters


def _check_profiles(inspection: Inspection) -> None:
    try:
        inspection.checked["profiles"] = len(definitions.load().profiles())
    except Exception as error:  # data of the package itself: whatever is wrong with it, say which kind and go on
        inspection.add("profiles", "profile-broken", problem=type(error).__name__)


def _check_mappings(inspection: Inspection, own: Path) -> None:
    for name in sorted(set(mapping.available(search=[own]))):
        inspection.checked["mappings"] += 1
        for issue in mapping.check(name, search=[own]):
            inspection.add_issue(name, issue)


def _load_adapters(inspection: Inspection) -> Mapping[str, Adapter]:
    loaded: dict[str, Adapter] = {}
    for point in (point for _, point in sorted(bootstrap.adapters().items())):
        inspection.checked["adapters"] += 1
        try:
            loaded[point.name] = point.load()
        except Exception as error:
            inspection.add(point.value, "adapter-broken", name=point.name, problem=type(error).__name__)
            continue
        manifest = loaded[point.name].manifest
        for key in (*manifest.settings.values(), *manifest.secrets.values()):
            if not _is_said(key):
                inspection.add(point.value, "text-missing", name=point.name, text=key)
    return loaded


def _is_said(key: str) -> bool:
    try:
        return all(texts.say(key, language) for language in texts.LANGUAGES)
    except (KeyError, FileNotFoundError):
        return False


def _check_database(read: Settings) -> None:
    """Raises HubError when the embedded database is to be used and this machine has none."""
    if not read.database_uri:
        find_mongod()


def _check_directory(inspection: Inspection, read: Settings) -> None:
    entries = read.organizations
    inspection.checked["organizations"] = len(entries)
    named: dict[str, set[str]] = {}
    for entry in entries:
        for name in entry.names:
            named.setdefault(fold(name), set()).add(entry.id)
        for issue in (issue for resource in resources(entry) for issue in validate(resource)):
            inspection.add_issue(f"organizations.yaml, {entry.id}", issue)
    for name, ids in named.items():
        if len(ids) > 1:
            inspection.add("organizations.yaml", "same-name", "warning", name=name, ids=", ".join(sorted(ids)))


def _check_connection(
    inspection: Inspection, written: ConnectionFile, read: Settings, adapters: Mapping[str, Adapter]
) -> None:
    place = f"connections/{written.id}.yaml"
    adapter = adapters.get(written.adapter)
    missing = sorted(adapter.manifest.required - set(written.settings)) if adapter else []
    if adapter and missing:
        for name in missing:
            meaning = first_text(inspection.session.language, adapter.manifest.settings[name])
            inspection.add(place, "missing-setting", name=name, meaning=meaning)
        return
    try:
        door = bootstrap.door(written, read)
        for issue in door.adapter.check(door.connection):
            inspection.add_issue(place, issue)
    except (HubError, AdapterError) as error:
        inspection.add_error(place, error)


def _show(session: Session, inspection: Inspection, problems: Sequence[Problem], adapters: Sequence[str]) -> None:
    session.tell("check.done", **_counts(inspection))
    session.tell("check.adapters", names=", ".join(adapters) or "-")
    if not problems:
        session.tell("check.all-well")
        return
    table = Table(session.say("heading.place"), session.say("heading.reason"))
    for problem in problems:
        mark = "error" if problem.blocks else "warning"
        table.add_row(Text(problem.place), Text(f"{session.say(mark)} {problem.sentence}"))
    session.out.print(table)
    session.tell("check.problems", count=sum(1 for problem in problems if problem.blocks))


def _as_json(inspection: Inspection, problems: Sequence[Problem], *, ok: bool) -> dict[str, Any]:
    found = [vars(problem) for problem in problems]
    return {"ok": ok, "checked": _counts(inspection), "problems": found}


def _counts(inspection: Inspection) -> dict[str, int]:
    kinds = ("organizations", "profiles", "mappings", "adapters", "connections")
    return {kind: inspection.checked[kind] for kind in kinds}
