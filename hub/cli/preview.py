"""`hub mapping preview`: what a mapping makes of a file, row by row, before anything is stored."""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hub import bootstrap, errors, mapping, settings
from hub.bootstrap import RandomIds
from hub.cli import export, findings
from hub.cli.columns import cells, leaves, shown_columns, without_identity
from hub.cli.manual import command
from hub.cli.problems import WrongUse
from hub.cli.pulling import warn_of_all
from hub.cli.session import Session, pass_session
from hub.conformance import validate
from hub.directory.organizations import Names
from hub.fhir import Resource
from hub.fhir.instants import day_of
from hub.fhir.issues import Issue
from hub.fhir.references import slots
from hub.mapping import Context, Draft
from hub.mapping import Mapping as FormMapping
from hub.ports import Adapter, Connection, SourceRecord
from hub.settings import Settings


@dataclass(frozen=True, repr=False)
class Seen:
    """A record, what it becomes, and what was said of it."""

    record: SourceRecord
    resources: Sequence[Resource]
    issues: Sequence[Issue]
    left_out: bool = False


@command("preview", "cli.mapping-preview")
@click.argument("name", metavar="MAPPING")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rows", metavar="N", type=click.IntRange(1), default=3, show_default=True)
@click.option("--organization", metavar="ORG")
@click.option("--setting", "settings", metavar="NAME=VALUE", multiple=True)
@click.option("--reveal", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def preview(
    session: Session,
    *,
    name: str,
    file: Path,
    rows: int,
    organization: str | None,
    settings: tuple[str, ...],
    reveal: bool,
    as_json: bool,
) -> None:
    own = session.home.resolve() / "mappings"
    form = mapping.load(name, search=[own])
    shown = None if reveal else shown_columns(name, own)
    context = context_of(session, name, organization)
    with closing(records_of(name, file, form, _given(settings), context.organization)) as records:
        seen = [_translate(record, form, context) for record in islice(records, rows)]
    if as_json:
        session.write_json([_as_json(session, one, shown) for one in seen])
    elif not seen:
        session.tell("mapping-preview.none")
    for one in () if as_json else seen:
        _show(session, one, shown)
    if (left_out := sum(one.left_out for one in seen)) and not as_json:
        session.tell("mapping-preview.left_out-count", count=left_out)
        warn_of_all(session, len(seen), left_out)


def context_of(session: Session, name: str, organization: str | None) -> Context:
    """Today, the organisation whose records these are, and the directory of the folder. Raises WrongUse for an organisation
    that the directory does not know."""
    read = _deployment_settings(session)
    known = [one.id for one in read.organizations] if read else []
    if organization is not None and known and organization not in known:
        raise WrongUse("client-add.unknown-organization", id=organization, known=", ".join(sorted(known)))
    return _context(read, organization or _owner(read, name))


def _deployment_settings(session: Session) -> Settings | None:
    """Those of the folder, where it is one: its directory tells which organisation a name in a register means."""
    try:
        return settings.read(session.home.resolve())
    except errors.HubError as error:
        if error.problem is errors.NO_DEPLOYMENT:
            return None
        raise


def _owner(read: Settings | None, name: str) -> str:
    using = (connection for connection in (read.connections if read else ()) if connection.mapping == name)
    return next((connection.organization for connection in using), "organization")


def _context(read: Settings | None, owner: str) -> Context:
    names = Names(read.organizations if read else ())
    return Context(owner, names.find, day_of(datetime.now(UTC)), usual_service=names.usual_service)


def _given(settings: Iterable[str]) -> dict[str, str]:
    given = {}
    for text in settings:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise WrongUse("mapping-preview.bad-setting", given=text)
        given[name] = value
    return given


def records_of(
    name: str, file: Path, form: FormMapping, settings: Mapping[str, str], owner: str
) -> Generator[SourceRecord]:
    """Through the adapter where its tool has files, else from a JSON export of the tool's records."""
    tool = name.partition("/")[0]
    known = bootstrap.adapters()
    if tool not in known:
        raise errors.HubError(errors.UNKNOWN_ADAPTER, name=tool, known=", ".join(sorted(known)) or "-")
    adapter: Adapter = known[tool].load()
    if "path" not in adapter.manifest.settings:
        yield from export.records(_read_json(file), form.layout())
        return
    connection = Connection(
        id="preview",
        organization=owner,
        adapter=tool,
        mapping=name,
        settings={"path": file.name, **settings},
        folder=file.resolve().parent,
        layout=form.layout(),
        secret=lambda _: "",
    )
    for pulled in adapter.pull(connection, None):
        if isinstance(pulled, SourceRecord):
            yield pulled


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except ValueError:
        raise WrongUse("mapping-preview.bad-json") from None


def _translate(record: SourceRecord, form: FormMapping, context: Context) -> Seen:
    """As `exchange.receive` does: what could not be read is not judged by the profiles too."""
    mapped = form.forward(record, context)
    if mapped.left_out:
        return Seen(record, (), (), left_out=True)
    resources = _identified(mapped.drafts)
    said = [*record.issues, *(issue for issue in mapped.issues if issue not in record.issues)]
    if not any(issue.blocks for issue in said):
        said += [issue for resource in resources for issue in validate(resource)]
    return Seen(record, resources, said)


def _identified(drafts: Sequence[Draft]) -> list[Resource]:
    """The drafts with passing ids, so that they can be judged as if they were stored."""
    ids = RandomIds()
    names = {draft.local: f"{draft.resource['resourceType']}/{ids.new()}" for draft in drafts}
    for slot in (slot for draft in drafts for slot in slots(draft.resource)):
        if slot["reference"].startswith("draft:"):
            slot["reference"] = names.get(slot["reference"].removeprefix("draft:"), slot["reference"])
    return [{**draft.resource, "id": names[draft.local].partition("/")[2]} for draft in drafts]


def _show(session: Session, one: Seen, shown: frozenset[str] | None) -> None:
    title = findings.place(session, str(one.record.place))
    if one.left_out:
        session.out.rule(f"{title} · {session.say('mapping-preview.left_out')}", align="left")
        return
    if any(issue.blocks for issue in one.issues):
        title += f" · {session.say('mapping-preview.not-stored')}"
    session.out.rule(title, align="left")
    side_by_side = Table.grid(padding=(0, 2), expand=True)
    side_by_side.add_column(ratio=2)
    side_by_side.add_column(ratio=3)
    side_by_side.add_row(_source(session, one, shown), _becomes(session, one, reveal=shown is None))
    session.out.print(side_by_side)
    said = findings.table(session, "", (("", issue) for issue in one.issues), placed=False)
    if said is not None:
        session.out.print(said)


def _source(session: Session, one: Seen, shown: frozenset[str] | None) -> Table:
    table = Table(session.say("heading.column"), session.say("heading.value"), expand=True)
    table.title = session.say("mapping-preview.source")
    for name, text in cells(one.record.content, shown).items():
        table.add_row(Text(_header(one.record, name)), Text(text))
    return table


def _becomes(session: Session, one: Seen, *, reveal: bool) -> Table:
    table = Table(session.say("heading.element"), session.say("heading.value"), expand=True)
    table.title = session.say("mapping-preview.becomes")
    names = {
        f"{resource['resourceType']}/{resource['id']}": f"→ {resource['resourceType']}" for resource in one.resources
    }
    for resource in one.resources:
        table.add_row(Text(resource["resourceType"], style="bold"), "")
        for path, value in leaves(resource, reveal=reveal):
            table.add_row(Text(f"  {path}", overflow="fold"), Text(names.get(value, value), overflow="fold"))
    return table


def _header(record: SourceRecord, name: str) -> str:
    *items, last = name.split(" › ")
    return " › ".join((*items, record.headers.get(last, last)))


def _as_json(session: Session, one: Seen, shown: frozenset[str] | None) -> dict[str, Any]:
    return {
        "place": str(one.record.place),
        "left_out": one.left_out,
        "columns": {
            _header(one.record, name): text
            for name, text in ({} if one.left_out else cells(one.record.content, shown)).items()
        },
        "resources": [resource if shown is None else without_identity(resource) for resource in one.resources],
        "issues": [findings.as_json(session, issue) for issue in one.issues],
    }
