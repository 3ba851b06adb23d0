"""`hub mapping diff`: what another mapping would change, counted by element, before it is applied: of what is stored from a
connection, or of a file's records.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hub import mapping
from hub.cli import mapping_diff_stored, preview
from hub.cli.manual import command
from hub.cli.problems import OK, WrongUse
from hub.cli.session import Session, pass_session
from hub.fhir.leaves import said
from hub.mapping import Context, Mapped
from hub.mapping import Mapping as FormMapping


@command("diff", "cli.mapping-diff")
@click.argument("before", metavar="CONNECTION|MAPPING")
@click.argument("after", metavar="[OTHER", required=False)
@click.argument("file", metavar="FILE]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "other", metavar="OTHER")
@click.option("--organization", metavar="ORG")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def diff(
    session: Session,
    *,
    before: str,
    after: str | None,
    file: Path | None,
    other: str | None,
    organization: str | None,
    as_json: bool,
) -> int:
    if after is None and organization is None:
        return mapping_diff_stored.show(session, before, other, as_json=as_json)
    if after is None or file is None or other is not None:
        raise WrongUse("mapping-diff.one-or-three")
    _of_file(session, (before, after), file, organization, as_json=as_json)
    return OK


def _of_file(session: Session, names: tuple[str, str], file: Path, organization: str | None, *, as_json: bool) -> None:
    own = session.home.resolve() / "mappings"
    forms = [(name, mapping.load(name, search=[own])) for name in names]
    context = preview.context_of(session, names[0], organization)
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
    for name in ("left_out", "taken"):
        if found[name]:
            session.tell(f"mapping-diff.{name}", count=found[name])
    session.tell("mapping-diff.done", **{name: found[name] for name in ("records", "changed", "aside", "mended")})


def _read(name: str, form: FormMapping, file: Path, context: Context) -> dict[str, Mapped]:
    """What becomes of each record, by where it stands."""
    with closing(preview.records_of(name, file, form, {}, context.organization)) as records:
        return {str(record.place): form.forward(record, context) for record in records}


def _compared(first: Mapping[str, Mapped], second: Mapping[str, Mapped]) -> dict[str, Any]:
    """Counts alone: which elements differ in how many records, and which records would be set aside, or no longer."""
    elements: Counter[str] = Counter()
    changed = aside = mended = left_out = taken = 0
    for place in dict.fromkeys((*first, *second)):
        left = _left_out(first.get(place)), _left_out(second.get(place))
        left_out += left == (False, True)
        taken += left == (True, False)
        if any(left):
            continue
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
        "left_out": left_out,
        "taken": taken,
        "elements": dict(sorted(elements.items())),
    }


def _left_out(mapped: Mapped | None) -> bool:
    return mapped is not None and mapped.left_out


def _stopped(mapped: Mapped | None) -> bool:
    return mapped is None or any(issue.blocks for issue in mapped.issues)


def _elements(mapped: Mapped | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for draft in () if mapped is None or _stopped(mapped) else mapped.drafts:
        for path, values in said(draft.resource).items():
            found.setdefault(path, []).extend(values)
    return found
