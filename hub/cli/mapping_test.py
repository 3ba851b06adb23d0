"""`hub mapping test` runs the examples beside a mapping; `hub mapping schema` writes the format for editors."""

import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import click
import yaml

from hub import mapping
from hub.cli.manual import command
from hub.cli.problems import FAILED, OK
from hub.cli.session import Session, pass_session
from hub.errors import BAD_FILE, HubError
from hub.fhir.folding import fold
from hub.mapping import Context
from hub.mapping.editor_schema import schema as editor_schema
from hub.mapping.library import PACKAGE, Library
from hub.ports import Place, SourceRecord

INPUT: Final = ".input.json"
EXPECTED: Final = ".expected.json"
SURROUNDINGS: Final = "examples.yaml"


@command("test", "cli.mapping-test")
@click.argument("name", metavar="MAPPING")
@click.option("--write", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def test(session: Session, name: str, *, write: bool, as_json: bool) -> int:
    own = session.home.resolve() / "mappings"
    form = mapping.load(name, search=[own])
    folder = Library([own]).document(name)[1][0] / "examples"
    context = _context(folder)
    results = {example.name.removesuffix(INPUT): _run(form, example, context, write) for example in _examples(folder)}
    if as_json:
        session.write_json([{"example": one, "result": result} for one, result in results.items()])
    else:
        for one, result in results.items():
            session.tell(f"mapping-test.{result}", example=one)
        session.tell("mapping-test.done", count=len(results))
        if not results:
            session.tell("mapping-test.none", name=name)
    return OK if all(result in {"same", "written"} for result in results.values()) else FAILED


@command("schema", "cli.mapping-schema")
@pass_session
def schema(session: Session) -> None:
    session.write_json(editor_schema())


def _examples(folder: Traversable) -> Iterator[Traversable]:
    if folder.is_dir():
        yield from sorted((one for one in folder.iterdir() if one.name.endswith(INPUT)), key=lambda one: one.name)


def _context(folder: Traversable) -> Context:
    """The day, the organisation and the directory of the examples: those beside them, else those of the ready mappings."""
    beside = folder / SURROUNDINGS
    text = (beside if beside.is_file() else files(PACKAGE) / SURROUNDINGS).read_text("utf-8")
    try:
        said = yaml.safe_load(text)
        names = {fold(name): id_ for id_, names in said["directory"].items() for name in (id_, *names)}
        usual = {str(id_): str(service) for id_, service in (said.get("services") or {}).items()}
        today = date.fromisoformat(str(said["today"]))
        return Context(said["organization"], lambda text: names.get(fold(text)), today, usual_service=usual.get)
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError):
        wanted = "organization: id, today: 2026-11-23, directory: {id: […]}"
        raise HubError(BAD_FILE, place=f"examples/{SURROUNDINGS}", detail=wanted) from None


def _run(form: mapping.Mapping, example: Traversable, context: Context, write: bool) -> str:
    """`same`, `different`, `missing` or `written`. What differs is not printed: `hub mapping preview` shows it, without names."""
    content = _read(example)
    found = _found(form, content, context)
    expected = Path(str(example).removesuffix(INPUT) + EXPECTED)
    if not expected.is_file():
        if write:
            expected.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
        return "written" if write else "missing"
    return "same" if found == _read(expected) else "different"


def _read(file: Traversable) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = {"line": str(error.lineno), "column": str(error.colno)}
        raise HubError(BAD_FILE, place=f"examples/{file.name}", text="cli.validate.not-json", **where) from None


def _found(form: mapping.Mapping, content: Any, context: Context) -> dict[str, Any]:
    mapped = form.forward(SourceRecord(form.kinds[0], "1", "1", content, Place(row=1)), context)
    return {
        **({"left_out": True} if mapped.left_out else {}),
        "drafts": [{"local": one.local, "identity": one.identity, "resource": one.resource} for one in mapped.drafts],
        "issues": [
            {"severity": one.severity, "text": one.text, "column": one.column, "path": one.path}
            for one in mapped.issues
        ],
    }
