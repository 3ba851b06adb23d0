"""`hub mapping scaffold`: a first mapping for a register that nobody has seen, with a reason for each line."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import click
import yaml
from rich.table import Table
from rich.text import Text

from hub import texts
from hub.cli.columns import shown_columns
from hub.cli.manual import command
from hub.cli.problems import FAILED, WrongUse
from hub.cli.scaffold_asking import answered
from hub.cli.scaffold_recipients import Recipients
from hub.cli.scaffold_source import Source, samples, samples_of
from hub.cli.session import Session, pass_session
from hub.errors import HubError
from hub.fhir import definitions
from hub.fhir.instants import day_of
from hub.fhir.serial import dumps_indented
from hub.mapping.library import FILE, PACKAGE, Library
from hub.mapping.plan import Plan
from hub.mapping.reading import read_plan
from hub.mapping.scaffold import Known, Line, Proposal, known, propose
from hub.mapping.scaffold.alike import Alike
from hub.mapping.scaffold.cells import Cells, Seen, shape
from hub.mapping.scaffold.choices import Meant
from hub.mapping.scaffold.form import Ready, crossed, form, readers_of
from hub.mapping.scaffold.gathering import is_list_of_participants
from hub.mapping.scaffold.legend import explained
from hub.mapping.scaffold.order import Order
from hub.mapping.scaffold.recipients import Referring, referring
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question, asks_of_second_header, questions
from hub.mapping.scaffold.write import (
    UNMAPPED,
    Say,
    choice,
    concept_maps,
    key_of,
    reason,
    spare,
    warnings,
    written,
)
from hub.ports import Sample

NO_COLUMN: Final = "-"  # in `headers.csv`: what no column of a ready mapping is
TABLE: Final = "row"  # kind of record that a table holds
FORM: Final = "submission"  # and a form, where no tool says otherwise
NEW: Final = "our-register"


@command("scaffold", "cli.mapping-scaffold")
@click.argument("source", metavar="[FILE|URL]", type=Source(), required=False)
@click.option("--connection", metavar="NAME")
@click.option("--allow", metavar="HOST", multiple=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--ask", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def scaffold(
    session: Session,
    *,
    source: str | None,
    connection: str | None,
    allow: tuple[str, ...],
    out: Path | None,
    ask: bool,
    as_json: bool,
) -> int | None:
    own = session.home.resolve() / "mappings"
    if (source is None) == (connection is None):
        raise WrongUse("mapping-scaffold.one-source")
    found, kinds = (samples(source, allow), frozenset({FORM})) if source else samples_of(session, connection or "")
    base, ready, proposal = proposed(own, found, kinds)
    folder = out or own / base.partition("/")[0] / NEW
    name = f"{base.partition('/')[0]}/{folder.resolve().name}"
    if (folder / FILE).exists():  # before anything is asked: answers would be lost
        session.err.print(session.say("mapping-scaffold.taken", folder=folder), markup=False, soft_wrap=True)
        return FAILED
    directory = Recipients(session.home.resolve(), session)
    if ask:
        proposal, open_ = answered(session, proposal, ready, directory)
    else:
        open_ = referring(proposal, ready, directory.find)
    say = partial(_say, session)
    language = _language(proposal)
    key, maps = key_of(proposal, ready.plan.key), _maps(own, base)
    text = written(
        proposal,
        base=base,
        name=name,
        language=language,
        key=key,
        say=say,
        maps=maps,
        spare=spare(proposal, ready),
        referring=open_,
    )
    folder.mkdir(parents=True, exist_ok=True)
    for file, resource in concept_maps(proposal).items():
        (folder / f"{file}.json").write_text(dumps_indented(resource).decode() + "\n", "utf-8")
    (folder / FILE).write_text(text, "utf-8")
    if as_json:
        session.write_json(_as_json(session, proposal, base, name))
    else:
        _show(session, proposal, base, folder)
        _tell_referring(session, open_)
    return None


def proposed(
    own: Path, samples: Sequence[Sample], kinds: frozenset[str] = frozenset({FORM})
) -> tuple[str, Known, Proposal]:
    """The ready mapping that is nearest, and the proposal. `own`: the folder of one's own mappings; `kinds`: of the records that
    a form of this tool becomes. Raises WrongUse."""
    asked = form([one.rows for one in samples])
    wanted = (kinds - {TABLE} or frozenset({FORM})) if asked else frozenset({TABLE})
    base, ready, proposal = nearest(ready_mappings(own, wanted), samples, asked)
    if asked:
        return base, ready, proposal
    gathering, again = _is_gathering(proposal, samples), _asks_of_second_header(samples, ready)
    return base, ready, replace(proposal, gathering=gathering, header_again=again)


def _is_gathering(proposal: Proposal, samples: Sequence[Sample]) -> bool:
    asked, said = [line.question for line in proposal.lines], read_lexicon().get("gatherings", {})
    return any(is_list_of_participants(asked, one.rows, said) for one in samples)


def _asks_of_second_header(samples: Sequence[Sample], ready: Known) -> bool:
    tables = [one.rows for one in samples]
    return bool(tables) and asks_of_second_header(
        max(tables, key=lambda rows: len(questions(rows, ready.names))), ready.names
    )


def nearest(
    candidates: Iterable[tuple[str, Known]], samples: Sequence[Sample], asked_of_form: Sequence[Question]
) -> tuple[str, Known, Proposal]:
    """The ready mapping in which most of the columns are known, and what it proposes. Of equals, the one that calls
    most of them so itself, the plainer, and the one in their language. Raises WrongUse."""
    found = []
    for order, (name, ready) in enumerate(candidates):
        asked = asked_of_form or _questions(samples, ready)
        if asked:
            proposal = propose(asked, ready)
            spoken = ready.plan.language == _language(proposal)
            fits = (proposal.score(ready.plan), ready.names_itself(asked), -len(ready.columns), spoken, -order)
            found.append((fits, name, ready, proposal))
    if not found:
        raise WrongUse("mapping-scaffold.no-table")
    _, name, ready, proposal = max(found, key=lambda one: one[0])
    return name, ready, proposal


def asked_in(samples: Sequence[Sample], ready: Known) -> Sequence[Question]:
    """What a form asks, or the columns of the sheet that has most."""
    return form([one.rows for one in samples]) or _questions(samples, ready)


def _questions(samples: Sequence[Sample], ready: Known) -> list[Question]:
    """Those of the sheet that has most: others are menus and instructions, or tell what its signs mean."""
    found = [(questions(one.rows, ready.names), at) for at, one in enumerate(samples)]
    asked, of = max(found, key=lambda one: len(one[0]), default=([], 0))
    return explained(asked, [one.rows for at, one in enumerate(samples) if at != of])


def _maps(own: Path, base: str) -> dict[str, list[str]]:
    """The names of the concept maps of each column."""
    said = {name: (one or {}).get("map", []) for name, one in Library([own]).document(base)[0].data["columns"].items()}
    return {name: [one] if isinstance(one, str) else list(one) for name, one in said.items()}


def ready_mappings(own: Path, kinds: frozenset[str]) -> Iterator[tuple[str, Known]]:
    """Those that read such records, each as a first mapping is compared with it."""
    library = Library([own])
    lexicon, today = read_lexicon(), day_of(datetime.now(UTC))
    plans = _plans(library)
    for name, plan in plans.items():
        if not kinds & set(plan.kinds):
            continue
        said, words, readers = library.document(name)[0].data["columns"], lexicon, {}
        if TABLE not in kinds:
            tables = [
                Ready(one, library.document(of)[0].data["columns"]) for of, one in plans.items() if TABLE in one.kinds
            ]
            if TABLE not in plan.kinds:
                said, words = crossed(plan, tables, lexicon)
            readers = readers_of(plan, tables)
        yield name, known(plan, words, said, shown_columns(name, own), today, readers)


@cache
def read_lexicon() -> Mapping[str, Any]:
    """`mappings/lexicon.yaml`, what headers are like by it and by `mappings/headers.csv`, and what stands in columns and beside
    them by `mappings/registers.csv`."""
    room = files(PACKAGE)
    lexicon: dict[str, Any] = yaml.load((room / "lexicon.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 — text alone
    headers = {
        column: [text for key in ("fr", "ar", "en") for text in said.get(key, ())]
        for column, said in lexicon["names"].items()
    }
    seen = list(_seen(room))
    for row in csv.DictReader((room / "headers.csv").read_text("utf-8").splitlines()):
        headers.setdefault(NOTHING if row["column"] == NO_COLUMN else row["column"], []).append(row["header"])
    return {**lexicon, "alike": Alike(headers), "cells": Cells(seen), "order": Order(seen)}


def _seen(room: Traversable) -> Iterator[Seen]:
    for row in csv.DictReader((room / "registers.csv").read_text("utf-8").splitlines()):
        meanings = (NOTHING if one == NO_COLUMN else one for one in row["meaning"].split("|"))
        yield Seen(row["register"], tuple(meanings), shape(row["traits"]), frozenset(row["words"].split()))


def _plans(library: Library) -> dict[str, Plan]:
    """All that can be loaded (`hub check` says what is wrong with the others) and that is no earlier proposal with columns which
    nobody has named yet."""
    names = dict.fromkeys(library.references())
    return {name: plan for name in names if (plan := _sound(name, library)) and not _is_open(plan)}


def _sound(name: str, library: Library) -> Plan | None:
    try:
        plan, problems = read_plan(name, library, definitions.load())
    except HubError:
        return None
    return None if problems.issues else plan


def _is_open(plan: Plan) -> bool:
    return any(column.startswith(UNMAPPED) for column in plan.columns)


def _language(proposal: Proposal) -> str:
    spoken = [line.language for line in proposal.lines if line.column]
    return max(sorted(set(spoken)), key=spoken.count, default="fr")


def _say(session: Session, key: str, **blanks: object) -> str:
    return texts.say(key, session.language, **blanks)


def _show(session: Session, proposal: Proposal, base: str, folder: Path) -> None:
    say = partial(_say, session)
    table = Table(*(session.say(f"heading.{name}") for name in ("column", "mapping", "confidence", "reason")))
    for line in proposal.lines:
        told = say(f"mapping.scaffold-{line.confidence}")
        table.add_row(Text(line.question.header), Text(line.column or "-"), Text(told), Text(reason(line, say)))
    session.out.print(table)
    for warning in warnings(proposal):
        told = f"{session.say('warning')} {say(warning)}"
        session.err.print(told, style="bold red", markup=False, highlight=False, soft_wrap=True)
    for line in proposal.lines:
        for one in line.meant if line.column else ():
            session.out.print(
                f"{line.question.header}: {choice(one, say)}", markup=False, highlight=False, soft_wrap=True
            )
        for word in line.unexplained:
            session.tell("mapping-scaffold.word", column=line.question.header, word=word)
    for column in proposal.missing:
        session.tell("mapping-scaffold.missing", column=column)
    if proposal.order == "?":
        session.out.print(say("mapping.scaffold-order"), markup=False, soft_wrap=True)
    open_ = sum(not line.is_in_force for line in proposal.lines)
    session.tell("mapping-scaffold.done", folder=folder, base=base, open=open_, all=len(proposal.lines))
    if words := sum(len(line.unexplained) + _unmeant(line) for line in proposal.lines):
        session.tell("mapping-scaffold.words", count=words)


def _tell_referring(session: Session, open_: Referring) -> None:
    if open_.day and not open_.agreed:
        session.tell("mapping-scaffold.agreed-waits", column=open_.day)
    if open_.strangers:
        session.tell("mapping-scaffold.strangers", count=len(open_.strangers))


def _unmeant(line: Line) -> int:
    """Words of which somebody has said something that no list knows."""
    return sum(not one.told for one in line.meant) if line.column else 0


def _as_json(session: Session, proposal: Proposal, base: str, name: str) -> dict[str, Any]:
    say = partial(_say, session)
    return {
        "extends": base,
        "id": name,
        "columns": [
            {
                "header": line.question.header,
                "column": line.column or None,
                "confidence": line.confidence,
                "reason": reason(line, say),
                "words": list(line.words),
                **({"choices": [_choice(one, say) for one in line.meant]} if line.meant else {}),
            }
            for line in proposal.lines
        ],
        "missing": list(proposal.missing),
        "date_order": proposal.order or None,
        "gathering": proposal.gathering,
        "header_again": proposal.header_again,
    }


def _choice(one: Meant, say: Say) -> dict[str, str | None]:
    return {
        "name": one.choice.name,
        "meaning": one.told or None,
        "confidence": one.confidence,
        "reason": say(one.reason),
    }
