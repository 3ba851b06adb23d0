"""`hub mapping diff`: what another mapping would change of a file's records, counted by element, before it is applied."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hub import mapping
from hub.cli import preview
from hub.cli.columns import leaves
from hub.cli.manual import command
from hub.cli.session import Session, pass_session
from hub.fhir import Resource
from hub.mapping import Context, Mapped
from hub.mapping import Mapping as FormMapping


@command("diff", "cli.mapping-diff")
@click.argument("before", metavar="MAPPING")
@click.argument("after", metavar="OTHER")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organization", metavar="ORG")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def diff(session: Session, *, before: str, after: str, file: Path, organization: str | None, as_json: bool) -> None:
    own = session.home.resolve() / "mappings"
    forms = [(name, mapping.load(name, search=[own])) for name in (before, after)]
    context = preview.context_of(session, before, organization)
    first, second = (_read(name, form, file, context) for name, form in forms)
    found = _compared(first, second)
    if as_json:
        session.write_json(found)
        return
    table = Table(*(session.say(f"heading.{name}") for name in ("element", "records")))
    for element, count in found["elements"].items():
        table.add_row(Text(element), str(count))
    if found["elements"]:
        session.out.print(table)
    session.tell("mapping-diff.done", **{name: found[name] for name in ("records", "changed", "aside", "mended")})


def _read(name: str, form: FormMapping, file: Path, context: Context) -> dict[str, Mapped]:
    """What becomes of each record, by where it stands."""
    with closing(preview.records_of(name, file, form, {}, context.organization)) as records:
        return {str(record.place): form.forward(record, context) for record in records}


def _compared(first: Mapping[str, Mapped], second: Mapping[str, Mapped]) -> dict[str, Any]:
    """Counts alone: which elements differ in how many records, and which records would be set aside, or no longer."""
    elements: Counter[str] = Counter()
    changed = aside = mended = 0
    for place in dict.fromkeys((*first, *second)):
        was, is_ = _elements(first.get(place)), _elements(second.get(place))
        differing = {path for path in was.keys() | is_.keys() if was.get(path) != is_.get(path)}
        elements.update(differing)
        changed += bool(differing)
        stopped = _stopped(first.get(place)), _stopped(second.get(place))
        aside += stopped == (False, True)
        mended += stopped == (True, False)
    return {
        "records": len(first.keys() | second.keys()),
        "changed": changed,
        "aside": aside,
        "mended": mended,
        "elements": dict(sorted(elements.items())),
    }


def _stopped(mapped: Mapped | None) -> bool:
    return mapped is None or any(issue.blocks for issue in mapped.issues)


def _elements(mapped: Mapped | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for draft in () if mapped is None or _stopped(mapped) else mapped.drafts:
        for path, value in _leaves(draft.resource):
            found.setdefault(path, []).append(value)
    return found


def _leaves(resource: Resource) -> list[tuple[str, str]]:
    told = leaves(resource, reveal=True)
    return [(f"{resource['resourceType']}.{path.partition('[')[0]}", value) for path, value in told]
