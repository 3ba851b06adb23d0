"""`hub quarantine`: records that were not understood: which, why, and another try. Nothing identifying is ever shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub.bootstrap import Deployment
from hub.cli import findings, pulling
from hub.cli.columns import HIDDEN, cells, shown_columns
from hub.cli.manual import command, group
from hub.cli.problems import OK, QUARANTINED, WrongUse, say_issue
from hub.cli.session import Session, pass_session
from hub.errors import HubError
from hub.exchange import discard as discarding
from hub.exchange.replay import replay_all
from hub.exchange.set_aside import in_reading_order, is_outdated
from hub.fhir.instants import MOROCCO, day_of, instant
from hub.ports import Discarded, Quarantined
from hub.texts import durations

SHORT: Final = 8
BECAUSE: Final = {
    "test": "because-test", "duplicate": "because-duplicate", "mistake": "because-mistake", "not-ours": "because-not-ours"
}  # fmt: skip
"""Reason → what is said of it."""


@group("quarantine", "cli.quarantine")
def quarantine() -> None: ...


@command("list", "cli.quarantine-list")
@click.option("--connection", metavar="CONNECTION")
@click.option("--discarded", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_all(session: Session, connection: str | None, *, discarded: bool, as_json: bool) -> None:
    with session.deployment() as deployment:
        aside = sorted(deployment.hub.store.quarantine(connection, discarded=discarded), key=_in_order)
        length = _short_length(_keys(deployment))
        remarks = {one.key: _remark(session, one, deployment) for one in aside}
    if as_json:
        session.write_json([_as_json(session, one, remarks[one.key]) for one in aside])
    elif aside:
        session.out.print(_table(session, aside, remarks, length))
    else:
        session.tell("quarantine.none-discarded" if discarded else "quarantine.none")


@command("show", "cli.quarantine-show")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show(session: Session, key: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        one = _entry(_find(key, _keys(deployment)), deployment)
        remark = _remark(session, one, deployment)
        columns = _columns(one, deployment)
    if as_json:
        session.write_json({**_as_json(session, one, remark), "columns": columns})
    else:
        _show(session, one, remark, columns)


@command("replay", "cli.quarantine-replay")
@click.argument("keys", metavar="[KEY]…", nargs=-1)
@click.option("--connection", metavar="CONNECTION")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def replay(session: Session, keys: tuple[str, ...], connection: str | None, as_json: bool) -> int:
    if keys and connection:
        raise WrongUse("quarantine-replay.keys-or-connection")
    with session.deployment() as deployment:
        if connection:
            deployment.door(connection)  # a name mistyped is an error, not an empty answer
        aside = _chosen(keys, deployment) if keys else _waiting(connection, deployment)
        done, gone = _replay(session, aside, deployment, quiet=as_json)
    if as_json:
        session.write_json([pulling.described(session, one, dry_run=False) for one in done])
    elif done:
        pulling.show(session, done)
    elif not aside:
        session.tell("quarantine.none")
    left = gone + sum(one.receipt.set_aside for one in done)
    return QUARANTINED if left else OK


@command("discard", "cli.quarantine-discard")
@click.argument("keys", metavar="KEY…", nargs=-1, required=True)
@click.option("--reason", type=click.Choice(discarding.REASONS), required=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def discard(session: Session, keys: tuple[str, ...], reason: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        chosen = list(chain.from_iterable(_chosen(keys, deployment).values()))
        count = discarding.discard(chosen, reason, _keepers(deployment), hub=deployment.hub)
    if as_json:
        session.write_json({"discarded": count, "reason": reason, "days": discarding.KEPT.days})
    else:
        session.tell("quarantine-discard.done", count=count, time=durations.in_days(discarding.KEPT, session.language))


@command("restore", "cli.quarantine-restore")
@click.argument("keys", metavar="KEY…", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def restore(session: Session, keys: tuple[str, ...], as_json: bool) -> None:
    with session.deployment() as deployment:
        chosen = list(chain.from_iterable(_chosen(keys, deployment, discarded=True).values()))
        count = discarding.restore(chosen, _keepers(deployment), hub=deployment.hub)
    if as_json:
        session.write_json({"restored": count})
    else:
        session.tell("quarantine-restore.done", count=count)


for one_more in (show_all, show, replay, discard, restore):
    quarantine.add_command(one_more)


Aside = Mapping[str, Iterable[Quarantined]]
"""Connection → records of it."""


def _replay(session: Session, aside: Aside, deployment: Deployment, *, quiet: bool) -> tuple[list[pulling.Pulled], int]:
    """What each connection gave, and how many records have none any more."""
    done, left = [], 0
    for name, entries in sorted(aside.items()):
        if door := deployment.doors.get(name):
            told = replay_all(entries, door.connection, door.mapping, hub=deployment.hub)
            done.append(pulling.Pulled(name, told))
            continue
        count = sum(1 for _ in entries)
        left += count
        if not quiet:
            session.tell("quarantine-replay.gone", name=name, count=count)
    return done, left


def _keepers(deployment: Deployment) -> dict[str, str]:
    return {name: door.connection.organization for name, door in deployment.doors.items()}


def _waiting(connection: str | None, deployment: Deployment) -> Aside:
    """All of them, to be read bit by bit: they may be as many as a register has rows."""
    store = deployment.hub.store
    return {name: store.quarantine(name) for name in store.all_set_aside() if connection in {None, name}}


def _chosen(keys: Iterable[str], deployment: Deployment, *, discarded: bool = False) -> Aside:
    store = deployment.hub.store
    found = dict.fromkeys(_find(key, store.quarantine_keys(discarded=discarded)) for key in keys)
    chosen: dict[str, list[Quarantined]] = {}
    for one in chain.from_iterable(store.quarantine(key=key, discarded=discarded) for key in found):
        chosen.setdefault(one.connection, []).append(one)
    return chosen


def _entry(key: str, deployment: Deployment) -> Quarantined:
    """Raises WrongUse for one that was mended meanwhile."""
    both = (deployment.hub.store.quarantine(key=key, discarded=discarded) for discarded in (False, True))
    found = next(chain.from_iterable(both), None)
    if found is None:
        raise WrongUse("quarantine.unknown-key", given=key)
    return found


def _keys(deployment: Deployment) -> Iterator[str]:
    for discarded in (False, True):
        yield from deployment.hub.store.quarantine_keys(discarded=discarded)


def _find(key: str, among: Iterable[str]) -> str:
    """The one key that begins so."""
    found = [one for one in among if one.startswith(key)]
    if not found:
        raise WrongUse("quarantine.unknown-key", given=key)
    if len(found) > 1:
        length = _short_length(found)
        raise WrongUse("quarantine.ambiguous-key", given=key, matches=", ".join(one[:length] for one in found[:5]))
    return found[0]


def _short_length(among: Iterable[str]) -> int:
    """As much of a key as tells each from all others."""
    keys, length = set(among), SHORT
    while len({key[:length] for key in keys}) < len(keys):
        length += 1
    return length


def _in_order(one: Quarantined) -> tuple[object, ...]:
    return one.connection, one.at, in_reading_order(one.place)


def _since(one: Quarantined) -> datetime:
    return one.since or one.at


def _remark(session: Session, one: Quarantined, deployment: Deployment) -> str:
    if one.discarded:
        reason = session.say(f"quarantine-discard.{BECAUSE[one.discarded.reason]}")
        return session.say("quarantine.discarded", reason=reason, until=f"{day_of(one.discarded.until):%Y-%m-%d}")
    door = deployment.doors.get(one.connection)
    if door is None:
        return session.say("quarantine.connection-gone")
    return session.say("quarantine.mapping-changed") if is_outdated(one.mapping, door.mapping) else ""


def _columns(one: Quarantined, deployment: Deployment) -> list[dict[str, str | None]]:
    """What stands in the record's columns; None where it is hidden."""
    door = deployment.doors.get(one.connection)
    form = door.connection.mapping if door else one.mapping.rpartition("@")[0]
    try:
        shown = shown_columns(form, deployment.settings.folder / "mappings")
    except HubError:  # the mapping is gone: nobody can say any more what a column holds
        shown = frozenset()
    headers = one.record["headers"]
    return [
        {"column": name, "header": headers.get(name, name), "value": None if text == HIDDEN else text}
        for name, text in cells(one.content, shown).items()
    ]


def _table(session: Session, aside: Sequence[Quarantined], remarks: dict[str, str], length: int) -> Any:
    table = Table(session.say("heading.key"))
    for name in ("connection", "place", "since", "column", "reason", "remark"):
        table.add_column(session.say(f"heading.{name}"), overflow="fold")
    for one in aside:
        first = one.issues[0] if one.issues else None
        table.add_row(
            Text(one.key[:length]),
            one.connection,
            findings.place(session, one.place),
            f"{day_of(_since(one))}",
            Text(first.column or first.path if first else ""),
            Text(say_issue(session, first) if first else ""),
            Text(remarks[one.key]),
        )
    return table


def _show(session: Session, one: Quarantined, remark: str, columns: Sequence[dict[str, str | None]]) -> None:
    facts = (
        one.key,
        one.connection,
        one.mapping,
        findings.place(session, one.place),
        f"{_since(one).astimezone(MOROCCO):%Y-%m-%d %H:%M}",
        remark,
    )
    names = ("key", "connection", "mapping", "place", "since", "remark")
    for name, fact in zip(names, facts, strict=True):
        if fact:
            session.out.print(
                f"{session.say(f'heading.{name}')}: {fact}", markup=False, highlight=False, soft_wrap=True
            )
    issues = findings.table(
        session, session.say("quarantine-show.issues-title"), ((one.place, i) for i in one.issues), placed=False
    )
    if issues is not None:
        session.out.print(issues)
    table = Table(title=session.say("quarantine-show.columns-title"), title_justify="left")
    table.add_column(session.say("heading.column"), overflow="fold")
    table.add_column(session.say("heading.value"), overflow="fold")
    for column in columns:
        table.add_row(Text(str(column["header"])), Text(HIDDEN if column["value"] is None else column["value"]))
    session.out.print(table)


def _as_json(session: Session, one: Quarantined, remark: str) -> dict[str, Any]:
    return {
        "key": one.key,
        "connection": one.connection,
        "mapping": one.mapping,
        "place": one.place,
        "since": _since(one).isoformat(),
        "remark": remark,
        "discarded": _discarded(one.discarded),
        "issues": [findings.as_json(session, issue) for issue in one.issues],
    }


def _discarded(one: Discarded | None) -> dict[str, str] | None:
    return {"at": instant(one.at), "reason": one.reason, "until": instant(one.until)} if one else None
