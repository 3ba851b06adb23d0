"""`hub mapping scaffold --ask`: what is doubtful is asked, one question after the other.

An empty answer leaves a question open; one that nothing knows is asked again, with what is possible. At the end of the input
(Ctrl-D) what was answered is kept, and the rest stays a question in the file.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import click

from hub import texts
from hub.cli.answers import agrees
from hub.cli.session import Session
from hub.mapping.model import Context, Transform
from hub.mapping.scaffold import Known, Line, Proposal
from hub.mapping.scaffold.choices import Choice, Meant, meant
from hub.mapping.scaffold.write import IN_FORCE, reason

UNKNOWN: Final = (("mapping.scaffold-unknown", dict[str, str]()),)


def answered(session: Session, proposal: Proposal, ready: Known) -> Proposal:
    """The proposal with the answers. Raises click.Abort when it is interrupted."""
    lines = list(proposal.lines)
    try:
        for ask in (_asked, _explained):
            for at, line in enumerate(lines):
                for said in ask(session, line, ready):
                    lines[at] = said
    except click.Abort as ended:
        if not isinstance(ended.__context__, EOFError):
            raise
        session.err.print(f"\n{session.say('mapping-scaffold.no-more-answers')}", markup=False, soft_wrap=True)
    return replace(proposal, lines=tuple(lines))


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
    yield replace(line, confidence="medium") if agreed else replace(line, column="", confidence="none")


def _why(session: Session, line: Line) -> str:
    return reason(line, lambda key, **blanks: texts.say(key, session.language, **blanks))


def _explained(session: Session, line: Line, ready: Known) -> Iterator[Line]:
    """A line whose signs somebody has explained in words, which are looked up: after each answer."""
    if line.confidence not in IN_FORCE or line.tests:
        return
    transform = ready.columns[line.column].transform
    if transform is None:
        return
    look = partial(_looked_up, line=line, transform=transform, ready=ready)
    for sign in line.unexplained:
        question = session.say("mapping-scaffold.means", header=line.question.header, sign=sign)
        line = replace(line, meant=(*line.meant, *_meaning(session, question, partial(look, sign))))
        yield line


Looked = tuple[list[Meant], str]
"""What an answer means, and where no list knows it, what does mean something; both empty where there is no list."""


def _looked_up(sign: str, answer: str, *, line: Line, transform: Transform, ready: Known) -> Looked:
    found = meant([Choice(sign, (answer,))], transform, ready.words.get(line.column, ()), ready.today)
    if all(one.told for one in found):
        return found, ""
    trouble = transform.forward(answer, Context("organization", lambda _: None, ready.today)).trouble
    return [], trouble.params.get("known", "") if trouble else ""


def _meaning(session: Session, question: str, look: Callable[[str], Looked]) -> list[Meant]:
    """What a sign means; nothing where the answer is empty, or where nothing is known that it could mean."""
    while answer := click.prompt(question, default="", show_default=False, err=True).strip():
        found, known = look(answer)
        if found or not known:
            return found
        session.err.print(session.say("mapping-scaffold.not-known", known=known), markup=False, soft_wrap=True)
    return []
