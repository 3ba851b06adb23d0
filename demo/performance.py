"""The demonstration with a progress display, in plain words, in Arabic, French or English."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from demo import stage
from demo.story import (
    Story,
    StoryBroken,
    disclosures,
    follow_up_rows,
    referrals_by_state,
    wait_for_follow_up,
    with_outcome,
)
from hub import texts
from hub.bootstrap import Deployment
from hub.cli import findings
from hub.cli.problems import FAILED
from hub.cli.session import Session
from hub.exchange.pull import pull
from hub.exchange.receipt import Receipt, Rejected
from hub.fhir.definitions import load

ORDER = ("yasmine-register", "arganier-register", "cedre-recorder", "zahra-kobo")
SHOWN = 6


class Teller:
    """Says sentences of the catalogue on the console, in one language."""

    def __init__(self, console: Console, language: str) -> None:
        self.console, self.language = console, language

    def text(self, key: str, **blanks: object) -> str:
        return texts.say(key if "." in key else f"demo.{key}", self.language, **blanks)

    def label(self, system: str, code: str) -> str:
        return load().display(system, code, self.language) or code

    def act(self, key: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{self.text(key)}", align="right" if self.language == "ar" else "left")

    def say(self, key: str, **blanks: object) -> None:
        self.console.print(f"  {self.text(key, **blanks)}", highlight=False)


def perform(session: Session, folder: Path, picture: Path | None) -> None:
    """`picture`: also draw what was shown, as SVG."""
    teller = Teller(Console(), session.language)
    if stage.is_somebody_elses(folder):
        teller.say("not-ours", folder=folder)
        sys.exit(FAILED)
    try:
        end = _run(folder, teller)
    except StoryBroken as broken:
        teller.say("broken", what=str(broken), folder=folder)
        sys.exit(FAILED)
    if picture:
        canvas = Console(record=True, width=96, file=StringIO())
        end(Teller(canvas, session.language))
        drawing = canvas.export_svg(title="make demo")
        picture.write_text(
            re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL), "utf-8"
        )  # no font from elsewhere


def _run(folder: Path, teller: Teller) -> Callable[[Teller], None]:
    """The whole demonstration; what comes back tells its ending again."""
    again = stage.is_set(folder)
    teller.console.print(Panel(f"[bold]{teller.text('title')}[/]", expand=False))
    if again:
        teller.say("again")
    teller.act("act-build")
    if not again:
        stage.build(folder)
    with ExitStack() as stack:
        stack.enter_context(stage.kobo(folder))
        with teller.console.status(teller.text("act-build")):
            base_url = stack.enter_context(stage.hub(folder))
            deployment = stack.enter_context(stage.open_deployment(folder))
        organizations = deployment.settings.organizations
        teller.say("built", organizations=len(organizations), connections=len(deployment.doors))
        teller.say("serving")
        receipts = _read(deployment, teller)
        _quarantine(receipts, teller)
        teller.act("act-story")
        scopes = {
            "chu_atlas": stage.INSTITUTION, "hopital_oriental": stage.INSTITUTION,
            "yasmine_psy": stage.ASSOCIATION, "zahra_ecoute": stage.ASSOCIATION,
        }  # fmt: skip
        cast = stack.enter_context(stage.parties(deployment, base_url, **scopes))
        acts = Story(cast, _names(deployment, teller.language), teller.say, teller.label).tell()
        teller.act("act-back")
        if not wait_for_follow_up(folder, lambda: _kobo_answers(folder)):
            raise StoryBroken("the outcome did not come back in time")
        teller.say("back")
        end = partial(_ending, folder, receipts, referrals_by_state(cast), disclosures(cast))
        end(teller)
        if again and not acts:
            teller.say("nothing-new")
    teller.console.print()
    teller.say("next", folder=folder, hub=_program())
    return end


def _read(deployment: Deployment, teller: Teller) -> dict[str, Receipt]:
    teller.act("act-read")
    receipts = {}
    names = _names(deployment, teller.language)
    for name in ORDER:
        door = deployment.door(name)
        shown = names[door.connection.organization]
        form = door.mapping.id.rsplit("/", 1)[-1]
        with _progress(teller) as progress:
            bar = progress.add_task(teller.text(f"form-{form}", organization=shown), total=None)

            def advance(receipt: Receipt, bar: Any = bar, progress: Progress = progress) -> None:
                progress.advance(bar, receipt.read)

            receipts[name] = pull(door.connection, door.adapter, door.mapping, hub=deployment.hub, progress=advance)
            progress.update(bar, total=receipts[name].read, completed=receipts[name].read)
    return receipts


@contextmanager
def _progress(teller: Teller) -> Iterator[Progress]:
    columns = (SpinnerColumn(finished_text=" "), TextColumn("{task.completed:>5.0f}"), TextColumn("{task.description}"))
    with Progress(*columns, console=teller.console) as progress:
        yield progress


def _quarantine(receipts: dict[str, Receipt], teller: Teller) -> None:
    rejected = [(name, one) for name, receipt in receipts.items() for one in receipt.rejected if not one.again]
    if not rejected:
        return
    teller.act("act-quarantine")
    session = Session(language=teller.language)
    kinds: dict[str, tuple[str, Rejected]] = {}
    for name, one in rejected:
        kinds.setdefault(one.issues[0].text, (name, one))
    for name, one in list(kinds.values())[:SHOWN]:
        teller.console.print(f"  [bold]{name}[/] · {findings.place(session, one.place)}", highlight=False)
        issue = one.issues[0]
        teller.console.print(Padding(Text(teller.text(issue.text, **issue.params)), (0, 0, 0, 4)))
    if len(rejected) > SHOWN:
        teller.say("others", count=len(rejected) - min(SHOWN, len(kinds)))


def _follow_up(folder: Path, teller: Teller) -> None:
    """The rows that have moved, and what they say; the whole register is in the folder."""
    found = list(follow_up_rows(folder))
    moved = (with_outcome(found) or found[2:])[:SHOWN]
    columns = [(header, cells) for header, *cells in zip(found[1], *moved, strict=True) if {*cells} - {"", "0"}]
    table = Table()
    shown = columns[::-1] if teller.language == "ar" else columns
    for header, cells in shown:
        longest = max(len(word) for cell in cells for word in cell.split() or [""])
        table.add_column(header, min_width=longest)
    for row in zip(*(cells for _, cells in shown), strict=True):
        table.add_row(*row)
    teller.console.print(table)


def _names(deployment: Deployment, language: str) -> dict[str, str]:
    """What organisations are called in a language."""
    entries = deployment.settings.organizations
    return {entry.id: entry.name.get(language) or next(iter(entry.name.values())) for entry in entries}


def _ending(
    folder: Path,
    receipts: dict[str, Receipt],
    states: dict[str, int],
    looks: tuple[int, dict[str, int]],
    teller: Teller,
) -> None:
    _follow_up(folder, teller)
    teller.act("act-end")
    table = Table()
    for column in ("source", "read", "stored", "unchanged", "quarantined"):
        table.add_column(teller.text(f"column-{column}"), justify="left" if column == "source" else "right")
    for name, receipt in receipts.items():
        table.add_row(name, *_numbers(receipt))
    table.add_section()
    table.add_row(teller.text("total"), *_numbers(sum(receipts.values(), Receipt())), style="bold")
    teller.console.print(table)
    referrals = _counts(teller, "column-state")
    for state, count in sorted(states.items()):
        referrals.add_row(teller.text(f"referral.{state}"), str(count))
    teller.console.print(referrals)
    permitted, denied = looks
    seen = _counts(teller, "column-disclosures")
    seen.add_row(teller.text("permitted"), str(permitted))
    for reason, count in sorted(denied.items()):
        seen.add_row(teller.text("denied", reason=teller.text(reason)), str(count))
    teller.console.print(seen)


def _program() -> str:
    """The command as this person can type it: `hub` is in the project's own environment, not on everybody's path."""
    program = Path(sys.argv[0])
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def _counts(teller: Teller, heading: str) -> Table:
    table = Table(teller.text(heading))
    table.add_column(teller.text("column-count"), justify="right")
    return table


def _numbers(receipt: Receipt) -> tuple[str, ...]:
    stored = receipt.created + receipt.updated
    return tuple(str(n) for n in (receipt.read, stored, receipt.unchanged, len(receipt.rejected)))


def _kobo_answers(folder: Path) -> list[dict[str, Any]]:
    state = json.loads((folder / "kobo" / "submissions.json").read_text("utf-8"))
    return state if isinstance(state, list) else list(state["submissions"])
