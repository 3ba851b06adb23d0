"""`hub validate`: do files conform to their profiles? What is wrong, where, and the way out; nothing of their content."""

import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.table import Table
from rich.text import Text

from hub.cli.definitions import TooLarge, read_definitions
from hub.cli.findings import as_json as issue_as_json
from hub.cli.manual import command
from hub.cli.problems import FAILED, OK, say_issue
from hub.cli.session import Session, pass_session
from hub.conformance import Examiner, assumed
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.issues import Issue
from hub.fhir.strict import NotReadable, read

NOT_CONFORMING: Final = 3  # exit code
LINES: Final = (".ndjson", ".jsonl")
LARGEST_FILE: Final = 16 * 1024 * 1024
LARGEST_LINE: Final = 4 * 1024 * 1024
SHOWN: Final = 200
KEPT: Final = 50_000
_ENTRY: Final = re.compile(r"Bundle(?:\.entry\[\d+\]\.resource)+(?=\.|$)")
SEVERITIES: Final = ("fatal", "error", "warning", "information")
_COLOURS: Final = {"fatal": "red", "error": "red", "warning": "yellow", "information": "dim"}
REFUSALS: Final = {
    "encoding": "validate.encoding",
    "not-json": "validate.not-json",
    "duplicate-names": "validate.duplicate-names",
    "number": "validate.number",
    "letters": "validate.letters",
    "too-deep": "validate.too-deep",
}
"""Why a text is not read (`NotReadable.why`) → the sentence that says so."""


@dataclass(frozen=True)
class Place:
    """A file; a line of it where each line is a resource (0: none); the entry of a bundle."""

    file: str
    line: int = 0
    entry: str = ""


@dataclass
class Findings:
    """What was looked at, and what was found. `unreadable`: place, key of the sentence, its blanks.

    Only so many are kept, so that no input fills the memory; the others are counted in `left_out`.
    """

    files: int = 0
    resources: int = 0
    wrong: int = 0  # resources
    left_out: int = 0
    issues: list[tuple[Place, Issue]] = field(default_factory=list)
    unreadable: list[tuple[Place, str, dict[str, str]]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        if self.unreadable:
            return FAILED
        return NOT_CONFORMING if self.wrong else OK

    def add(self, place: Place, issues: Sequence[Issue]) -> None:
        """What is wrong with one resource."""
        self.wrong += any(issue.blocks for issue in issues)
        kept = issues[: max(0, KEPT - len(self.issues))]
        self.issues += [(place, issue) for issue in kept]
        self.left_out += len(issues) - len(kept)

    def refuse(self, place: Place, sentence: str, **blanks: object) -> None:
        if len(self.unreadable) < KEPT:
            self.unreadable.append((place, sentence, {name: str(value) for name, value in blanks.items()}))
        else:
            self.left_out += 1


@dataclass
class Check:
    """What files are checked by, and what was found so far."""

    examiner: Examiner
    profiles: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)


@command("validate", "cli.validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--profile", "profiles", multiple=True, metavar="URL")
@click.option("--definitions", multiple=True, metavar="PATH", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@pass_session
def validate(
    session: Session, files: tuple[Path, ...], profiles: tuple[str, ...], definitions: tuple[Path, ...], as_json: bool
) -> int:
    findings = Findings()
    brought = [one for path in definitions for one in _brought(path, findings)]
    check = Check(Examiner(brought, assumed=assumed()), tuple(map(_canonical, profiles)), findings)
    for path in files:
        _look_at(path, check)
    if as_json:
        session.write_json(_as_json(session, findings))
    else:
        _show(session, findings)
    return findings.exit_code


# --- what files are checked by ---------------------------------------------------------------------------------------


def _canonical(name_or_url: str) -> str:
    """Of a profile of ours its name will do."""
    try:
        return load().profile(name_or_url).url
    except KeyError:
        return name_or_url


def _brought(path: Path, findings: Findings) -> list[Resource]:
    place = Place(_shown(path))
    try:
        return read_definitions(path)
    except NotReadable as problem:
        findings.refuse(place, REFUSALS[problem.why], line=problem.line, column=problem.column)
    except TooLarge:
        findings.refuse(place, "validate.too-large", size=LARGEST_FILE // 1024**2)
    except (tarfile.TarError, EOFError, zlib.error):
        findings.refuse(place, "validate.no-package")
    except OSError as problem:
        findings.refuse(place, "validate.no-access", problem=os.strerror(problem.errno or 0))
    return []


# --- files -----------------------------------------------------------------------------------------------------------


def _look_at(path: Path, check: Check) -> None:
    findings = check.findings
    try:
        if path.is_dir():
            found = list(_within(path))
            if not found:
                findings.refuse(Place(_shown(path)), "validate.nothing")
            for one in found:
                _look_at(one, check)
            return
        findings.files += 1
        with path.open("rb") as stream:
            _read_lines(path, stream, check) if path.suffix.lower() in LINES else _read_file(path, stream, check)
    except OSError as problem:
        findings.refuse(Place(_shown(path)), "validate.no-access", problem=os.strerror(problem.errno or 0))


def _within(folder: Path) -> Iterator[Path]:
    """The JSON files of a folder and of those in it, in order of name. Links are not followed: they may go round."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _within(path)
        elif path.suffix.lower() in {".json", *LINES} and path.is_file():
            yield path


def _read_file(path: Path, stream: BinaryIO, check: Check) -> None:
    text = stream.read(LARGEST_FILE + 1)
    if len(text) > LARGEST_FILE:
        check.findings.refuse(Place(_shown(path)), "validate.too-large", size=LARGEST_FILE // 1024**2)
        return
    _read_text(Place(_shown(path)), text, check)


def _read_lines(path: Path, stream: BinaryIO, check: Check) -> None:
    """One resource to a line; a line that is too long is passed over without being held."""
    number = 0
    while text := stream.readline(LARGEST_LINE + 1):
        number += 1
        if len(text) > LARGEST_LINE and not text.endswith(b"\n"):
            check.findings.refuse(Place(_shown(path), number), "validate.too-large", size=LARGEST_LINE // 1024**2)
            while text and not text.endswith(b"\n"):
                text = stream.readline(LARGEST_LINE)
        elif text.strip():
            _read_text(Place(_shown(path), number), text, check)


def _read_text(place: Place, text: bytes, check: Check) -> None:
    try:
        content = read(text)
    except NotReadable as problem:
        line = place.line or problem.line
        check.findings.refuse(place, REFUSALS[problem.why], line=line, column=problem.column)
        return
    _validate(place, content, check)


# --- resources -------------------------------------------------------------------------------------------------------


def _validate(place: Place, content: Any, check: Check) -> None:
    """A resource, and those in it if it is a bundle: each finding is told of the one that it is in."""
    issues = check.examiner.examine(content, check.profiles)
    check.findings.resources += sum(1 for _ in _resources(content))
    by_entry: dict[str, list[Issue]] = {}
    for issue in issues:
        entry, element = _split(issue.path, content)
        by_entry.setdefault(entry, []).append(replace(issue, path=element, params={**issue.params, "element": element}))
    for entry, found in by_entry.items():
        check.findings.add(Place(place.file, place.line, entry), found)


def _resources(content: Any) -> Iterator[Any]:
    pending = [content]
    while pending:
        one = pending.pop()
        yield one
        entries = one.get("entry") if isinstance(one, dict) and one.get("resourceType") == "Bundle" else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and "resource" in entry:
                pending.append(entry["resource"])


def _split(path: str, content: Any) -> tuple[str, str]:
    """`Bundle.entry[2].resource.gender` → (`Bundle.entry[2].resource`, `Patient.gender`); "" where it is in no entry."""
    found = _ENTRY.match(path)
    if found is None:
        return "", path
    resource = content
    for number in re.findall(r"\d+", found[0]):
        resource = resource["entry"][int(number)]["resource"]
    type_ = resource.get("resourceType") if isinstance(resource, dict) else None
    return (found[0], f"{type_}{path[found.end() :]}") if isinstance(type_, str) and path.count(".") else ("", path)


# --- what people and programs read -----------------------------------------------------------------------------------


def _show(session: Session, findings: Findings) -> None:
    for place, key, blanks in findings.unreadable:
        said = f"{_place(session, place)}: {session.say(key, **blanks)}"
        session.err.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
    if findings.issues:
        session.out.print(_table(session, findings))
    counts = {"files": findings.files, "resources": findings.resources, "wrong": findings.wrong}
    session.tell("validate.some-wrong" if findings.wrong else "validate.done", **counts)


def _table(session: Session, findings: Findings) -> Table:
    table = Table()
    for heading in ("severity", "file", "element", "reason"):
        table.add_column(session.say(f"heading.{heading}"), overflow="fold")
    gravest_first = sorted(findings.issues, key=lambda found: SEVERITIES.index(found[1].severity))
    for place, issue in gravest_first[:SHOWN]:
        sentence = say_issue(session, issue)
        severity = Text(session.say(f"severity.{issue.severity}"), style=_COLOURS[issue.severity])
        table.add_row(severity, Text(_place(session, place)), Text(_element(place, issue)), Text(sentence))
    if len(findings.issues) > SHOWN:
        table.caption = session.say("more-kinds", count=len(findings.issues) - SHOWN + findings.left_out)
    return table


def _place(session: Session, place: Place) -> str:
    return f"{place.file}, {session.say('validate.line', line=place.line)}" if place.line else place.file


def _element(place: Place, issue: Issue) -> str:
    return f"{place.entry}: {issue.path}" if place.entry else issue.path


def _as_json(session: Session, findings: Findings) -> dict[str, Any]:
    return {
        "ok": findings.exit_code == OK,
        "checked": {"files": findings.files, "resources": findings.resources},
        "unreadable": [
            {
                "file": place.file,
                "line": place.line or None,
                "text": f"cli.{key}",
                "sentence": session.say(key, **blanks),
            }
            for place, key, blanks in findings.unreadable
        ],
        "issues": [
            {"file": place.file, "line": place.line or None, "entry": place.entry or None, **_issue(session, issue)}
            for place, issue in findings.issues
        ],
        "left_out": findings.left_out,
    }


def _issue(session: Session, issue: Issue) -> dict[str, Any]:
    return {name: value for name, value in issue_as_json(session, issue).items() if name != "column"}


def _shown(path: Path) -> str:
    """File names may hold bytes that no text can: shown, not stumbled over."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
