"""`hub validate`: do files conform to their profiles? What is wrong, where, and the way out; nothing of their content."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.table import Table
from rich.text import Text

from hub import conformance
from hub.cli.findings import as_json as issue_as_json
from hub.cli.manual import command
from hub.cli.problems import FAILED, OK, say_issue
from hub.cli.session import Session, pass_session
from hub.fhir.issues import Issue
from hub.fhir.strict import NotReadable, read

NOT_CONFORMING: Final = 3  # exit code
LINES: Final = (".ndjson", ".jsonl")
LARGEST_FILE: Final = 16 * 1024 * 1024
LARGEST_LINE: Final = 4 * 1024 * 1024
SHOWN: Final = 200
KEPT: Final = 50_000
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


@command("validate", "cli.validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@pass_session
def validate(session: Session, files: tuple[Path, ...], as_json: bool) -> int:
    findings = Findings()
    for path in files:
        _look_at(path, findings)
    if as_json:
        session.write_json(_as_json(session, findings))
    else:
        _show(session, findings)
    return findings.exit_code


# --- files -----------------------------------------------------------------------------------------------------------


def _look_at(path: Path, findings: Findings) -> None:
    try:
        if path.is_dir():
            found = list(_within(path))
            if not found:
                findings.refuse(Place(_shown(path)), "validate.nothing")
            for one in found:
                _look_at(one, findings)
            return
        findings.files += 1
        with path.open("rb") as stream:
            _read_lines(path, stream, findings) if path.suffix.lower() in LINES else _read_file(path, stream, findings)
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


def _read_file(path: Path, stream: BinaryIO, findings: Findings) -> None:
    text = stream.read(LARGEST_FILE + 1)
    if len(text) > LARGEST_FILE:
        findings.refuse(Place(_shown(path)), "validate.too-large", size=LARGEST_FILE // 1024**2)
        return
    _read_text(Place(_shown(path)), text, findings)


def _read_lines(path: Path, stream: BinaryIO, findings: Findings) -> None:
    """One resource to a line; a line that is too long is passed over without being held."""
    number = 0
    while text := stream.readline(LARGEST_LINE + 1):
        number += 1
        if len(text) > LARGEST_LINE and not text.endswith(b"\n"):
            findings.refuse(Place(_shown(path), number), "validate.too-large", size=LARGEST_LINE // 1024**2)
            while text and not text.endswith(b"\n"):
                text = stream.readline(LARGEST_LINE)
        elif text.strip():
            _read_text(Place(_shown(path), number), text, findings)


def _read_text(place: Place, text: bytes, findings: Findings) -> None:
    try:
        content = read(text)
    except NotReadable as problem:
        line = place.line or problem.line
        findings.refuse(place, REFUSALS[problem.why], line=line, column=problem.column)
        return
    _validate(place, content, findings)


# --- resources -------------------------------------------------------------------------------------------------------


def _validate(place: Place, content: Any, findings: Findings) -> None:
    if isinstance(content, dict) and content.get("resourceType") == "Bundle":
        _validate_entries(place, content, findings)
        return
    findings.resources += 1
    findings.add(place, conformance.validate(content))


def _validate_entries(place: Place, bundle: dict[str, Any], findings: Findings) -> None:
    """Each resource of a bundle by itself. Entries without one (a deletion, an answer) have nothing to validate."""
    entries = bundle.get("entry", [])
    path = f"{place.entry}.entry" if place.entry else "Bundle.entry"
    if not isinstance(entries, list):
        findings.add(place, [_misshapen("list-expected", path)])
        return
    for number, entry in enumerate(entries):
        inner = Place(place.file, place.line, f"{path}[{number}]")
        if not isinstance(entry, dict):
            findings.add(place, [_misshapen("object-expected", inner.entry)])
        elif "resource" in entry:
            _validate(Place(inner.file, inner.line, f"{inner.entry}.resource"), entry["resource"], findings)


def _misshapen(key: str, path: str) -> Issue:
    return Issue("error", "structure", f"conformance.{key}", path, params={"element": path})


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
    for heading in ("file", "element", "reason"):
        table.add_column(session.say(f"heading.{heading}"), overflow="fold")
    for place, issue in findings.issues[:SHOWN]:
        sentence = say_issue(session, issue)
        table.add_row(Text(_place(session, place)), Text(_element(place, issue)), Text(sentence))
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
