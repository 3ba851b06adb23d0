"""`hub consent disclosures`: one survivor's account of who saw what: on the screen, as a page to print, or for a program."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.console import RenderableType

from hub.cli.cards import Rows, fitted
from hub.cli.manual import command
from hub.cli.paper import InWords, page
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.consent.overrides import Opened
from hub.consent.telling import tell
from hub.exchange.disclosures import Account, Entry, account, in_order
from hub.exchange.recall import Seen
from hub.fhir.instants import instant
from hub.fhir.references import split
from hub.ports import Directory

WIDE: Final = 120
"""Characters a line from which on sentences fit into six columns."""


@command("disclosures", "cli.consent-disclosures")
@click.argument("survivor", metavar="Patient/ID")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.html")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def disclosures(session: Session, survivor: str, out: Path | None, as_json: bool) -> None:
    person = person_id(survivor)
    with session.deployment() as deployment:
        found = account(person, hub=deployment.hub)
        directory = deployment.hub.directory
    if out is not None:
        _write(out, page(found, session.language, directory))
        session.err.print(session.say("consent-disclosures.written", file=str(out)), markup=False, soft_wrap=True)
    if as_json:
        session.write_json(_as_json(session, found))
    elif out is None:
        _show(session, found, directory)


def person_id(reference: str) -> str:
    type_, id_ = split(reference)
    if type_ != "Patient" or not id_:
        raise WrongUse("consent-disclosures.not-a-survivor")
    return id_


def _write(path: Path, text: str) -> None:
    """Readable by this account alone: that somebody is accompanied is known by the page."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _show(session: Session, found: Account, directory: Directory) -> None:
    words = InWords(found, session.language, directory)
    if found.exceptions:
        session.out.print(_exceptions(session, words, found))
    for title, empty, entries in (
        ("seen", "nobody", found.of("seen")),
        ("refused", "none-refused", found.of("refused")),
    ):
        if entries:
            session.out.print(_table(session, words, title, entries))
        else:
            session.out.print(words.say(empty), markup=False, highlight=False, soft_wrap=True)
    if found.told:
        session.out.print(_told(session, words, found))
    for sentence in ("not-recalled", "limits-text"):
        session.out.print(words.say(sentence), markup=False, highlight=False, soft_wrap=True)


def _fitted(session: Session, words: InWords, title: str, columns: Sequence[str], rows: Rows) -> RenderableType:
    headings = [words.say(name) for name in columns]
    return fitted(headings, rows, title=words.say(title), width=session.out.width, least=WIDE)


def _table(session: Session, words: InWords, title: str, entries: list[Entry]) -> RenderableType:
    columns = ("organization", "when", "what", "classes", "purpose", "under" if title == "seen" else "why-not")
    rows = []
    for name, days in words.by_organization(entries):
        for day in days:
            for row in day.rows:
                what = f"{row.action}{words.say('colon')}{row.records}" if row.records else row.action
                rows.append(
                    (name, f"{day.day} {row.times}", what, row.classes, row.purpose, row.consents or row.reason)
                )
    return _fitted(session, words, title, columns, rows)


def _exceptions(session: Session, words: InWords, found: Account) -> RenderableType:
    columns = ("organization", "when", "what", "exception-why", "classes", "exception-told", "exception-review")
    rows = [
        (one.organization, f"{one.day} {one.times}", one.kind, one.reason, one.classes, one.told, one.review)
        for one in words.exceptions(found.exceptions)
    ]
    return _fitted(session, words, "exceptions", columns, rows)


def _told(session: Session, words: InWords, found: Account) -> RenderableType:
    """Withdrawals: when each organisation was told, and what could not be recalled from it by then."""
    rows = []
    for at, seen in found.told:
        classes = words.named(seen.classes) or words.say("nothing-seen")
        rows.append((words.name(seen.recipient), words.day(at), classes, words.day(seen.last) if seen.last else ""))
    return _fitted(session, words, "told", ("organization", "told-on", "seen-by-then", "last-seen"), rows)


def _as_json(session: Session, found: Account) -> dict[str, Any]:
    return {
        "survivor": f"Patient/{found.survivor}",
        "custodian": found.custodian,
        "at": instant(found.at),
        "exceptions": [_exception(one) for one in found.exceptions],
        "seen": [_entry(session, one) for one in found.of("seen")],
        "refused": [_entry(session, one) for one in found.of("refused")],
        "own": [_entry(session, one) for one in found.of("own")],
        "told": [{"at": instant(at), **seen_as_json(seen)} for at, seen in found.told],
    }


def seen_as_json(seen: Seen) -> dict[str, Any]:
    return {
        "recipient": seen.recipient,
        "data_classes": list(seen.classes),
        "first_seen": instant(seen.first) if seen.first else None,
        "last_seen": instant(seen.last) if seen.last else None,
    }


def _entry(session: Session, entry: Entry) -> dict[str, Any]:
    return {
        "at": instant(entry.at),
        "organization": entry.organization or None,
        "action": entry.action,
        "purpose": entry.purpose,
        "records": list(entry.profiles),
        "data_classes": list(entry.classes),
        "consents": list(entry.consents),
        "exceptions": list(entry.exceptions),
        "reason": entry.reason,
        "sentence": tell(entry.reason, entry.consents, session.language),
    }


def _exception(one: Opened) -> dict[str, Any]:
    return {
        "task": one.task,
        "kind": one.kind,
        "organization": one.recipient,
        "since": instant(one.since),
        "until": instant(one.until),
        "purposes": sorted(one.purposes),
        "data_classes": list(in_order(one.classes)),
        "reason": one.reason,
        "informed": one.informed or None,
        "review": one.review or None,
    }
