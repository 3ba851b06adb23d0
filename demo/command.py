"""`hub demo`: the demonstration with a progress display, in plain words, in Arabic, French or English."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo import stage
from demo.story import Happened, Story, StoryBroken, follow_up_rows, referrals_by_state, wait_for_follow_up
from hub import texts
from hub.bootstrap import Deployment
from hub.exchange.pull import pull
from hub.exchange.receive import Receipt

ORDER = ("yasmine-register", "arganier-register", "cedre-recorder", "zahra-kobo")
SHOWN = 8


class Teller:
    """Says sentences of the catalogue on the console, in one language."""

    def __init__(self, console: Console, language: str) -> None:
        self.console, self.language = console, language

    def text(self, key: str, **blanks: object) -> str:
        return texts.say(key if "." in key else f"demo.{key}", self.language, **blanks)

    def act(self, key: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{self.text(key)}", align="right" if self.language == "ar" else "left")

    def say(self, key: str, **blanks: object) -> None:
        self.console.print(f"  {self.text(key, **blanks)}", highlight=False)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("ihala-demo"))
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), hidden=True)
@click.pass_context
def demo(context: click.Context, folder: Path, picture: Path | None) -> None:
    """Show the main job from end to end, on this machine, in FOLDER."""
    language = getattr(context.find_root(), "obj", None)
    teller = Teller(Console(record=True, width=118 if picture else None), _language(language))
    try:
        _run(folder, teller)
    except StoryBroken as broken:
        teller.say("broken", what=str(broken), folder=folder)
        sys.exit(1)
    finally:
        if picture:
            teller.console.save_svg(str(picture), title="make demo")


def _language(chosen: Any) -> str:
    language = getattr(chosen, "language", None) or getattr(chosen, "lang", None)
    return language if language in texts.LANGUAGES else "en"


def _run(folder: Path, teller: Teller) -> None:
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
        happened = Story(cast, teller.say).tell()
        teller.act("act-back")
        if not wait_for_follow_up(folder, lambda: _kobo_answers(folder)):
            raise StoryBroken("the outcome did not come back in time")
        teller.say("back")
        _follow_up(folder, teller)
        teller.act("act-end")
        _ending(receipts, referrals_by_state(cast), happened, teller)
        if again and not happened.acts:
            teller.say("nothing-new")
    teller.console.print()
    teller.say("next", folder=folder)


def _read(deployment: Deployment, teller: Teller) -> dict[str, Receipt]:
    teller.act("act-read")
    receipts = {}
    for name in ORDER:
        door = deployment.door(name)
        organization = deployment.hub.directory.organization(door.connection.organization) or {}
        shown = organization["name"].get(teller.language) or organization["name"]["fr"]
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
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=teller.console) as progress:
        yield progress


def _quarantine(receipts: dict[str, Receipt], teller: Teller) -> None:
    rejected = [(name, one) for name, receipt in receipts.items() for one in receipt.rejected if not one.again]
    if not rejected:
        return
    teller.act("act-quarantine")
    table = Table(show_lines=False)
    for column in ("column-source", "column-place", "column-column", "column-reason"):
        table.add_column(teller.text(column), overflow="fold")
    kinds: set[str] = set()
    shown = 0
    for name, one in rejected:
        issue = one.issues[0]
        if issue.text in kinds or shown >= SHOWN:
            continue
        kinds.add(issue.text)
        shown += 1
        table.add_row(name, one.place, issue.column, teller.text(issue.text, **issue.params))
    teller.console.print(table)
    if len(rejected) > shown:
        teller.say("more", count=len(rejected) - shown)


def _follow_up(folder: Path, teller: Teller) -> None:
    table = Table(show_header=False)
    for row in follow_up_rows(folder):
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    teller.console.print(table)


def _ending(receipts: dict[str, Receipt], states: dict[str, int], happened: Happened, teller: Teller) -> None:
    table = Table()
    for column in ("source", "read", "stored", "unchanged", "quarantined"):
        table.add_column(teller.text(f"column-{column}"), justify="left" if column == "source" else "right")
    for name, receipt in receipts.items():
        table.add_row(name, *_numbers(receipt))
    table.add_section()
    table.add_row(teller.text("total"), *_numbers(sum(receipts.values(), Receipt())), style="bold")
    teller.console.print(table)
    referrals = Table(teller.text("column-state"), teller.text("column-count"))
    for state, count in sorted(states.items()):
        referrals.add_row(teller.text(f"referral.{state}"), str(count))
    teller.console.print(referrals)
    looks = Table(teller.text("column-disclosures"), teller.text("column-count"))
    looks.add_row(teller.text("permitted"), str(happened.permitted))
    for reason, count in happened.denied.items():
        looks.add_row(teller.text("denied", reason=teller.text(reason)), str(count))
    teller.console.print(looks)


def _numbers(receipt: Receipt) -> tuple[str, ...]:
    stored = receipt.created + receipt.updated
    return tuple(str(n) for n in (receipt.read, stored, receipt.unchanged, len(receipt.rejected)))


def _kobo_answers(folder: Path) -> list[dict[str, Any]]:
    state = json.loads((folder / "kobo" / "submissions.json").read_text("utf-8"))
    return state if isinstance(state, list) else list(state["submissions"])



