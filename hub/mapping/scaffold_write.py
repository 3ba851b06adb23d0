"""A proposal as the text of a mapping file: a form like another (`extends`), with the reason of every line beside it.

What is proposed with high or medium confidence is in force; what is a question stands there as a comment, and its column is not
read until somebody has answered. What is unmapped is named, so that nobody wonders about it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from hub.mapping.scaffold import Line, Proposal

IN_FORCE: Final = frozenset({"high", "medium"})
Say = Callable[..., str]


def written(proposal: Proposal, *, base: str, name: str, language: str, key: Sequence[str], say: Say) -> str:
    """`say`: a sentence of the catalogue in the reader's language."""
    return "\n".join([*_top(proposal, base, name, language, key, say), *_columns(proposal, say), ""])


def _top(  # noqa: PLR0917 — the parts of one heading
    proposal: Proposal, base: str, name: str, language: str, key: Sequence[str], say: Say
) -> Iterator[str]:
    yield f"# {say('mapping.scaffold-file')}"
    yield "# docs/mapping-format.md"
    yield f"extends: {base}"
    yield f"id: {name}"
    yield 'version: "0.1.0"'
    title = _quoted(name.rpartition("/")[2])
    yield f"title: {{ar: {title}, fr: {title}, en: {title}}}"
    yield f"language: {language}"
    if key:
        yield f"key: [{', '.join(key)}]"
    if proposal.order == "mdy":
        yield "dates: {order: mdy}"
    if proposal.order == "?":
        yield f"# ? {say('mapping.scaffold-order')}"
    for column in proposal.missing:
        yield f"# ? {say('mapping.scaffold-missing', column=column)}"


def _columns(proposal: Proposal, say: Say) -> Iterator[str]:
    yield "columns:"
    for line in proposal.lines:
        if line.confidence in IN_FORCE:
            yield from _in_force(line, say)
    unmapped = [line for line in proposal.lines if line.confidence not in IN_FORCE]
    for number, line in enumerate(unmapped, 1):
        if line.column:
            yield f"  # ? {line.column}: {_headers(line)} # {reason(line, say)}"
        settings = _headers(line).replace("}}", "}, ignored: true}")
        said = "" if line.column else f" # {reason(line, say)}"
        yield f"  unmapped_{number}: {settings}{said}"


def _in_force(line: Line, say: Say) -> Iterator[str]:
    yield f"  {line.column}: {_headers(line)} # {say(f'mapping.scaffold-{line.confidence}')}: {reason(line, say)}"
    for word in line.words:
        yield f"  # ? {say('mapping.scaffold-word', word=_one_line(word))}"
    if line.hidden:
        yield f"  # ? {say('mapping.scaffold-words-hidden', count=line.hidden)}"


def reason(line: Line, say: Say) -> str:
    """Why, in one line."""
    return _one_line(" · ".join(say(text, **blanks) for text, blanks in line.reasons))


def key_of(proposal: Proposal, usual: Sequence[str]) -> tuple[str, ...]:
    """What tells records apart: as in the ready mapping where its columns are there; "" stays with what it extends."""
    there = {line.column for line in proposal.lines if line.confidence in IN_FORCE}
    if set(usual) <= there:
        return ()
    return tuple(column for column in ("survivor_code", *usual) if column in there)


def _headers(line: Line) -> str:
    return f"{{headers: {{{line.language}: [{_quoted(line.question.header)}]}}}}"


def _quoted(text: str) -> str:
    """JSON is YAML, and quotes whatever YAML would read as something else."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _one_line(text: str) -> str:
    return " ".join(text.split())
