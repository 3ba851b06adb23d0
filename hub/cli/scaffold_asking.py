"""`hub mapping scaffold --ask`: what is doubtful is asked, one question after the other.

An empty answer leaves a question open; one that nothing knows is asked again, with what is possible, and left open after the
third. At the end of the input (Ctrl-D) what was answered is kept, and the rest stays a question in the file.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import click

from hub import texts
from hub.cli.answers import TRIES, Listed, agrees, chosen
from hub.cli.scaffold_recipients import AboutReferrals, Recipients
from hub.cli.session import Session
from hub.fhir.folding import ascii_digits
from hub.mapping.model import Context, Transform
from hub.mapping.scaffold import Known, Line, Proposal
from hub.mapping.scaffold.choices import Meant, told_so
from hub.mapping.scaffold.legend import signs
from hub.mapping.scaffold.proposing import pointed_at
from hub.mapping.scaffold.recipients import Referring, needed, referring
from hub.mapping.scaffold.write import reason
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.codes import Codes

LISTED: Final = 30  # words that are offered
MOST: Final = 12  # words of one column that are asked about; a column of free text has as many as rows
UNKNOWN: Final = (("mapping.scaffold-unknown", dict[str, str]()),)


def answered(session: Session, proposal: Proposal, ready: Known, directory: Recipients) -> tuple[Proposal, Referring]:
    """The proposal with the answers, and what stays open about its referrals. Raises click.Abort when it is interrupted."""
    lines = list(proposal.lines)
    asked = AboutReferrals(session, directory)
    try:
        _about_columns(session, lines, proposal, ready)
        asked.ask(referring(replace(proposal, lines=tuple(lines)), ready, directory.find))
    except click.Abort as ended:
        if not isinstance(ended.__context__, EOFError):
            raise
        session.err.print(f"\n{session.say('mapping-scaffold.no-more-answers')}", markup=False, soft_wrap=True)
    given = {line.column for line in lines if line.column}
    missing = tuple(one for one in proposal.missing if one not in given)
    proposal = replace(proposal, lines=tuple(lines), missing=missing)
    return proposal, asked.told(referring(proposal, ready, directory.find))


def _about_columns(session: Session, lines: list[Line], proposal: Proposal, ready: Known) -> None:
    for at, line in enumerate(lines):
        for said in _asked(session, line, ready):
            lines[at] = said
    for column in needed(replace(proposal, lines=tuple(lines)), ready):
        for at, said in _pointed_at(session, column, lines, ready):
            lines[at] = said
    for at, line in enumerate(lines):
        for said in _explained(session, line, ready):
            lines[at] = said


def _asked(session: Session, line: Line, ready: Known) -> Iterator[Line]:
    """A line that somebody has answered for, where it was a question."""
    if line.confidence != "low":
        return
    if line.tests:
        agreed = agrees(session, session.say("mapping-scaffold.tests", header=line.question.header))
        yield replace(line, confidence="medium" if agreed else "none", reasons=line.reasons if agreed else UNKNOWN)
        return
    # as people call it, not only as the mapping does
    known = next(iter(ready.columns[line.column].headers), line.column)
    question = session.say(
        "mapping-scaffold.is-it",
        header=line.question.header,
        known=known,
        column=line.column,
        reason=_why(session, line),
    )
    agreed = agrees(session, question)
    yield _confirmed(line, ready) if agreed else replace(line, column="", confidence="none")


def _confirmed(line: Line, ready: Known) -> Line:
    """A line of which somebody has said that it is this column: its words are shown, where they identify nobody; of a question
    that is answered with yes or no, what else stands there."""
    words = line.hidden if line.column in ready.shown or is_answered(line.column, ready) else ()
    return replace(line, confidence="medium", words=line.words or words, hidden=() if words else line.hidden)


def _why_needed(column: str, ready: Known) -> str:
    return "which-service" if ready.plan.columns[column].otherwise else "which"


def is_answered(column: str, ready: Known) -> bool:
    """Whether it is read as yes or no."""
    return isinstance(ready.columns[column].transform, Answer)


def _pointed_at(session: Session, column: str, lines: Sequence[Line], ready: Known) -> Iterator[tuple[int, Line]]:
    """The place and the line of a column that is needed and that nobody has found."""
    left = [(at, line) for at, line in enumerate(lines) if _may_be_another(line, ready)]
    of = ready.plan.columns[column].otherwise
    if not left or (of and not any(line.column == of.column for line in lines)):
        return
    known = next(iter(ready.columns[column].headers), column)
    shown = [Listed("", str(number), line.question.header) for number, (_, line) in enumerate(left, 1)]
    for said in chosen(
        session, session.say(f"mapping-scaffold.{_why_needed(column, ready)}", known=known, column=column), shown
    ):
        at, line = left[int(said) - 1]
        yield at, pointed_at(line, column, ready)


def _may_be_another(line: Line, ready: Known) -> bool:
    """Whether a column may be one that is needed: it is none yet, or one that is not read, and not beyond doubt."""
    kept = line.column and line.confidence != "high" and ready.plan.columns[line.column].transform is None
    return not line.tests and (not line.column or bool(kept))


def _why(session: Session, line: Line) -> str:
    return reason(line, lambda key, **blanks: texts.say(key, session.language, **blanks))


def _explained(session: Session, line: Line, ready: Known) -> Iterator[Line]:
    """A line whose signs somebody has explained in words, which are looked up: after each answer."""
    if not line.is_in_force or line.tests:
        return
    if line.hidden and is_answered(line.column, ready):
        line = replace(line, words=line.hidden, hidden=())
    transform = ready.columns[line.column].transform
    if transform is None:
        return
    look = partial(_looked_up, line=line, transform=transform, ready=ready)
    known = _known(transform)
    for number, sign in enumerate(_most_said(line)):
        if not number:
            shown = " · ".join(f"{at} {word}" for at, word in enumerate(known, 1))
            told = session.say("mapping-scaffold.words-of", header=line.question.header, known=shown)
            session.err.print(told, markup=False, highlight=False, soft_wrap=True)
        question = session.say("mapping-scaffold.means", header=line.question.header, sign=sign)
        if found := _meaning(session, question, partial(look, sign), known):
            line = replace(line, meant=(*(one for one in line.meant if one.choice.name != sign), *found))
            line = _ticked(line, transform)
        yield line


def _ticked(line: Line, transform: Transform) -> Line:
    """What is ticked, in a word that the column knows."""
    codes = line.meant[-1].meaning if line.ticks else None
    return replace(line, ticks=transform.back(codes)) if codes else line


def _most_said(line: Line) -> list[str]:
    """The words to ask about, those first that stand in most cells; of a legend those that it does not make clear."""
    there = set(signs(line.question.values))
    doubtful = [one.choice.name for one in line.meant if not one.told and one.choice.name in there]
    times = {sign: sum(sign in value for value in line.question.values) for sign in (*doubtful, *line.unexplained)}
    return sorted(times, key=lambda sign: -times[sign])[:MOST]


def _known(transform: Transform) -> tuple[str, ...]:
    """What a word of the column could mean, in words."""
    if isinstance(transform, Codes):
        return transform.vocabulary.phrases[:LISTED]
    return transform.labels if isinstance(transform, Answer) else ()


Looked = tuple[list[Meant], str]
"""What an answer means, and where no list knows it, what does mean something; both empty where there is no list."""


def _looked_up(sign: str, answer: str, *, line: Line, transform: Transform, ready: Known) -> Looked:
    if not isinstance(transform, Codes | Answer):
        return [], ""
    if found := told_so(sign, answer, transform, ready.words.get(line.column, ()), ready.today):
        return found, ""
    trouble = transform.forward(answer, Context("organization", lambda _: None, ready.today)).trouble
    return [], trouble.params.get("known", "") if trouble else ""


def _meaning(session: Session, question: str, look: Callable[[str], Looked], listed: Sequence[str]) -> list[Meant]:
    """What a sign means, by a word or its number; nothing where the answer is empty, or where nothing is known that it could
    mean."""
    by_number = {str(number): word for number, word in enumerate(listed, 1)}
    for _ in range(TRIES):
        answer = click.prompt(question, default="", show_default=False, err=True).strip()
        found, known = look(by_number.get(ascii_digits(answer), answer)) if answer else ([], "")
        if found or not known:
            return found
        session.err.print(session.say("mapping-scaffold.not-known", known=known), markup=False, soft_wrap=True)
    return []
