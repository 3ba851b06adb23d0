"""`hub delivery`: what waits to be sent and what was given up, to be read, replayed and dropped. It names people by nothing:
a dead letter is shown by where it goes, the reference that it is about and what went wrong."""

import contextlib
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from hub import texts
from hub.bootstrap import Deployment
from hub.cli.cards import fitted
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.ports import LONG_AGO, Destination, Dispatch, DispatchState, Waiting

log = logging.getLogger("hub.cli.delivery")

STATES: Final[tuple[DispatchState, ...]] = ("dead", "waiting", "void")
SHORT: Final = 12  # of an id: among a million, two that begin alike are improbable, and then more is asked for
MOST: Final = 500
EVERY: Final = 1_000_000
TABLE: Final = 120  # columns of a terminal that a table fits into

Run = TypeVar("Run", bound=Callable[..., Any])


@group("delivery", "cli.delivery")
def delivery() -> None: ...


@command("list", "cli.delivery-list")
@click.option("--state", type=click.Choice(STATES), default="dead", show_default=True)
@click.option("--to", metavar="KIND/ID", default="")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_all(session: Session, state: DispatchState, to: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        standing = deployment.hub.store.deliveries.standing()
        found = deployment.hub.store.deliveries.find([state], _destination(to), MOST + 1)
    if as_json:
        known = [_standing_json(session, one) for one in standing]
        session.write_json({"destinations": known, "dispatches": [_json(session, one) for one in found[:MOST]]})
        return
    _show_standing(session, standing)
    _show(session, found[:MOST])
    if len(found) > MOST:
        session.tell("delivery-list.more", count=MOST)


@command("show", "cli.delivery-show")
@click.argument("id_", metavar="ID")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show(session: Session, id_: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        one = _find(id_, deployment, STATES)
    if as_json:
        session.write_json(_json(session, one))
        return
    for name, fact in _facts(session, one).items():
        if fact:
            told = f"{session.say(f'heading.{name}')}: {fact}"
            session.out.print(told, markup=False, highlight=False, soft_wrap=True)


@command("replay", "cli.delivery-replay")
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--to", metavar="KIND/ID", default="")
@click.option("--all", "every", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def replay(session: Session, ids: tuple[str, ...], to: str, every: bool, as_json: bool) -> None:
    _require_one(bool(ids), bool(to), every)
    with session.deployment() as deployment:
        count = deployment.hub.store.deliveries.replay(_chosen(ids, to, deployment))
    _tell(session, "delivery-replay.done", count, as_json)


@command("drop", "cli.delivery-drop")
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--to", metavar="KIND/ID", default="")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def drop(session: Session, ids: tuple[str, ...], to: str, as_json: bool) -> None:
    _require_one(bool(ids), bool(to))
    with session.deployment() as deployment:
        count = deployment.hub.store.deliveries.drop(_chosen(ids, to, deployment))
    log.warning("delivery.dropped", extra={"count": count})
    _tell(session, "delivery-drop.done", count, as_json)


for one_more in (show_all, show, replay, drop):
    delivery.add_command(one_more)


def _tell(session: Session, key: str, count: int, as_json: bool) -> None:
    if as_json:
        session.write_json({"count": count})
    else:
        session.tell(key, count=count)


def _require_one(*said: bool) -> None:
    if sum(said) != 1:
        raise WrongUse("delivery-wrong.which")


def _chosen(ids: Sequence[str], to: str, deployment: Deployment) -> Collection[str]:
    if ids:
        return {_find(id_, deployment, ["dead"]).id for id_ in ids}
    return {one.id for one in deployment.hub.store.deliveries.find(["dead"], _destination(to), EVERY)}


def _find(begin: str, deployment: Deployment, states: Collection[DispatchState]) -> Dispatch:
    """The one whose id begins so."""
    found = deployment.hub.store.deliveries.find(states, None, 2, begin) if begin else []
    if not found:
        raise WrongUse("delivery-wrong.unknown", given=begin)
    if len(found) > 1:
        raise WrongUse("delivery-wrong.ambiguous", given=begin)
    return found[0]


def _destination(text: str) -> Destination | None:
    if not text:
        return None
    kind, slash, id_ = text.partition("/")
    if not (kind and slash and id_):
        raise WrongUse("delivery-wrong.no-destination", given=text)
    return Destination(kind, id_)


def _show_standing(session: Session, standing: Sequence[Waiting]) -> None:
    if not standing:
        session.tell("delivery-list.nothing")
        return
    names = ("destination", "queued", "given-up", "next-try", "problem")
    rows = [
        [str(one.destination), str(one.waiting), str(one.dead), _at(one.next_try), _problem(session, one.error)]
        for one in standing
    ]
    _print(session, names, rows, whole=(0,))


def _show(session: Session, found: Sequence[Dispatch]) -> None:
    names = ("id", "destination", "act", "reference", "since", "attempts", "problem")
    rows = [
        [facts["id"][:SHORT], *(facts[name] for name in names[1:])] for facts in (_facts(session, one) for one in found)
    ]
    if rows:
        _print(session, names, rows, whole=(0, 3))


def _print(session: Session, names: Sequence[str], rows: list[list[str]], whole: Collection[int]) -> None:
    headings = [session.say(f"heading.{name}") for name in names]
    session.out.print(fitted(headings, rows, width=session.out.width, least=TABLE, whole=whole))


def _facts(session: Session, one: Dispatch) -> dict[str, str]:
    return {
        "id": one.id,
        "destination": str(one.destination),
        "act": one.action,
        "reference": one.reference,
        "state": session.say(f"delivery-state.{one.state}"),
        "since": _at(one.at),
        "attempts": str(one.attempts),
        "next-try": _at(one.next_try) if one.state == "waiting" else "",
        "problem": _problem(session, one.error),
    }


def _at(instant: datetime) -> str:
    return "" if instant == LONG_AGO else f"{instant:%Y-%m-%d %H:%M}"


def _problem(session: Session, error: str) -> str:
    """The sentence, or its key where it has blanks that nobody kept."""
    with contextlib.suppress(KeyError, FileNotFoundError):
        return texts.say(error, session.language) if error else ""
    return error


def _standing_json(session: Session, one: Waiting) -> dict[str, Any]:
    return {
        "destination": str(one.destination),
        "waiting": one.waiting,
        "dead": one.dead,
        "failures": one.failures,
        "next_try": _instant(one.next_try),
        "problem": _problem(session, one.error),
    }


def _json(session: Session, one: Dispatch) -> dict[str, Any]:
    return {
        "id": one.id,
        "destination": str(one.destination),
        "action": one.action,
        "reference": one.reference,
        "state": one.state,
        "since": one.at.isoformat(),
        "attempts": one.attempts,
        "next_try": _instant(one.next_try),
        "problem": _problem(session, one.error),
    }


def _instant(instant: datetime) -> str | None:
    return None if instant == LONG_AGO else instant.isoformat()
