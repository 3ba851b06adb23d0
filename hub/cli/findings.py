"""Issues as people and programs read them: where, in which column, why and what to do. No value of a record is in them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from hub.cli.problems import say_issue
from hub.cli.session import Session
from hub.exchange.receipt import Unnamed
from hub.fhir.issues import Issue

SHOWN_PLACES: Final = 4
SHOWN_KINDS: Final = 30
_PLACE: Final = re.compile(r"(sheet|row|record) (\S+)")


@dataclass
class Kind:
    """Findings that read the same, and the places where they were made."""

    column: str
    sentence: str
    places: list[str] = field(default_factory=list)
    unnamed: int = 0  # at so many places more


def by_kind(session: Session, found: Iterable[tuple[str, Issue]], more: Iterable[Unnamed] = ()) -> list[Kind]:
    """The most frequent first: what is wrong in a whole column is one line, not five hundred."""
    kinds: dict[tuple[str, str], Kind] = {}

    def kind(issue: Issue) -> Kind:
        column, said = issue.column or issue.path, say_issue(session, issue)
        return kinds.setdefault((column, said), Kind(column, said))

    for place, issue in found:
        kind(issue).places.append(place)
    for one in more:
        kind(one.issue).unnamed += one.places
    return sorted(kinds.values(), key=lambda kind: -len(kind.places) - kind.unnamed)


def table(
    session: Session,
    title: str,
    found: Iterable[tuple[str, Issue]],
    more: Iterable[Unnamed] = (),
    *,
    placed: bool = True,
) -> Table | None:
    """None when there is nothing to show. `more`: what is only counted. `placed=False`: the place is told elsewhere."""
    kinds = by_kind(session, found, more)
    if not kinds:
        return None
    shown = Table(title=title, title_justify="left", show_lines=False, expand=False)
    for heading in ("place", "column", "reason")[0 if placed else 1 :]:
        shown.add_column(session.say(f"heading.{heading}"), overflow="fold")
    for kind in kinds[:SHOWN_KINDS]:
        where = [Text(places(session, kind.places, kind.unnamed))] if placed else []
        shown.add_row(*where, Text(kind.column), Text(kind.sentence))
    if len(kinds) > SHOWN_KINDS:
        shown.caption = session.say("more-kinds", count=len(kinds) - SHOWN_KINDS)
    return shown


def places(session: Session, stated: list[str], unnamed: int = 0) -> str:
    """The first places, and how many more there are."""
    said = " · ".join(place(session, one) for one in stated[:SHOWN_PLACES])
    left = max(len(stated) - SHOWN_PLACES, 0) + unnamed
    return f"{said} {session.say('more-places', count=left)}".strip() if left > 0 else said


def place(session: Session, stated: str) -> str:
    """`sheet 2, row 14` in the reader's language."""
    said = _PLACE.sub(lambda found: session.say(f"place.{found[1]}", value=found[2]), stated)
    return said.replace(", ", session.say("place.separator"))


def as_json(session: Session, issue: Issue) -> dict[str, Any]:
    """`text` is the stable key; `sentence` is what a person reads."""
    return {
        "severity": issue.severity,
        "code": issue.code,
        "text": issue.text,
        "sentence": say_issue(session, issue),
        "column": issue.column,
        "element": issue.path,
    }
