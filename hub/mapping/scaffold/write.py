"""A proposal as the text of a mapping file: a form like another (`extends`), with the reason of every line beside it.

What is proposed with high or medium confidence is in force; what is a question stands there as a comment, and its column is not
read until somebody has answered. What is unmapped is named, so that nobody wonders about it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from hub.fhir import Resource
from hub.mapping.scaffold.choices import TAKEN, Meant, answers, concept_map
from hub.mapping.scaffold.proposing import Known, Line, Proposal
from hub.mapping.scaffold.recipients import NOTHING_OPEN, Referring, Stranger

UNMAPPED: Final = "unmapped_"  # what nobody has named yet, and a number
TESTS: Final = "is_test"  # what a column is called that tells tests from cases
Say = Callable[..., str]
Maps = Mapping[str, Sequence[str]]
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_ARABIC: Final = re.compile(r"[\u0621-\u064a]")


class Key(NamedTuple):
    """What tells records apart; none: as in what is extended. `waits`: its columns that are still questions."""

    columns: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


def written(
    proposal: Proposal,
    *,
    base: str,
    name: str,
    language: str,
    key: Key,
    say: Say,
    maps: Maps,
    spare: Mapping[str, str] = MappingProxyType({}),
    referring: Referring = NOTHING_OPEN,
) -> str:
    """`say`: a sentence of the catalogue in the reader's language. `maps`: the concept maps of the columns of `base`;
    `spare`: its columns that nothing gives, with a header of each."""
    left = [f"  #   {column}: {_one_line(header)}" for column, header in spare.items()]
    told = [f"  # {say('mapping.scaffold-spare', base=base)}", *left] if left else []
    return "\n".join(
        [*_top(proposal, base, name, language, key, say), *_columns(proposal, say, maps, referring), *told, ""]
    )


def concept_maps(proposal: Proposal) -> dict[str, Resource]:
    """What the choices of a form mean, by the name of the file that lies beside the mapping."""
    found = {
        words_name(line.column): concept_map(words_name(line.column), line.meant)
        for line in in_force(proposal)
        if not line.more and not line.ticks
    }
    return {name: resource for name, resource in found.items() if resource is not None}


def words_name(column: str) -> str:
    return f"choices-{_NO_NAME.sub('-', column.lower()).strip('-')}"


def in_force(proposal: Proposal) -> list[Line]:
    return [line for line in proposal.lines if line.is_in_force]


def warnings(proposal: Proposal) -> list[str]:
    """Keys of what somebody must say of the whole before it is read."""
    told = {
        "mapping.scaffold-gathering": proposal.gathering,
        "mapping.scaffold-header-again": proposal.header_again,
    }
    return [key for key, is_so in told.items() if is_so]


def _top(  # noqa: PLR0917 — the parts of one heading
    proposal: Proposal, base: str, name: str, language: str, key: Key, say: Say
) -> Iterator[str]:
    yield f"# {say('mapping.scaffold-file')}"
    yield "# docs/mapping-format.md"
    for warning in warnings(proposal):
        yield f"# ? {say(warning)}"
    yield f"extends: {base}"
    yield f"id: {name}"
    yield 'version: "0.1.0"'
    title = _quoted(name.rpartition("/")[2])
    yield f"title: {{ar: {title}, fr: {title}, en: {title}}}"
    yield f"language: {language}"
    if key.columns:
        yield f"key: [{', '.join(key.columns)}]"
    if key.waits:
        yield f"# ? {say('mapping.scaffold-key-waits', by=', '.join(key.columns), columns=', '.join(key.waits))}"
    if proposal.order == "mdy":
        yield "dates: {order: mdy}"
    if proposal.order == "?":
        yield f"# ? {say('mapping.scaffold-order')}"
    for line in [one for one in proposal.lines if one.tests][:1]:
        if line.confidence != "none":
            yield f"# {say('mapping.scaffold-left-out')}"
            yield f'{_asked_first(line)}left_out: [{{column: {TESTS}, equals: "yes"}}]'
    for column in proposal.missing:
        yield f"# ? {say('mapping.scaffold-missing', column=column)}"


def _columns(proposal: Proposal, say: Say, maps: Maps, referring: Referring) -> Iterator[str]:
    yield "columns:"
    seen: Counter[str] = Counter()
    for line in in_force(proposal):
        if line.more or line.ticks:
            seen[line.column] += 1
            name = f"{line.column}_{seen[line.column] + 1}"
            yield from _ticked(line, name, say) if line.ticks else _more(line, name, proposal, say)
            continue
        yield from _in_force(line, say, maps, referring.spelt if line.column == referring.column else {})
        if line.column == referring.column:
            yield from _strangers(referring.strangers, say)
            if referring.persons:
                yield f"  # ? {say('mapping.scaffold-persons', count=referring.persons)}"
    if referring.day:
        yield from _day_of_agreement(referring, say)
    unmapped = [line for line in proposal.lines if not line.is_in_force]
    for number, line in enumerate(unmapped, 1):
        asked = (line.column or line.tests) and line.confidence != "none"
        if asked and line.tests:
            yield f"  # ? {_tests(line)} # {reason(line, say)}"
        elif asked:
            another = line.more or line.ticks
            adds = _ticks(line) if line.ticks else f", adds_to: {line.column}" if line.more else ""
            name = f"{line.column}_more{number}" if another else line.column
            yield f"  # ? {name}: {_headers(line)[:-1]}{adds}}} # {reason(line, say)}"
        settings = _headers(line).replace("}}", "}, ignored: true}")
        said = "" if asked else f" # {reason(line, say)}"
        yield f"  {UNMAPPED}{number}: {settings}{said}"


def _day_of_agreement(referring: Referring, say: Say) -> Iterator[str]:
    """What no column tells: an agreement without it counts for nothing, and stops no record."""
    otherwise = f"  {referring.day}: {{otherwise: {referring.instead}}}"
    if referring.agreed:
        yield f"{otherwise} # {say('mapping.scaffold-told')}"
        return
    if referring.instead:
        yield f"  # ? {otherwise.strip()} # {say('mapping.scaffold-agreed')}"
    yield f"  {referring.day}: {{on_error: warn}}"


def _strangers(found: Sequence[Stranger], say: Say) -> Iterator[str]:
    for one in found:
        yield f"  # ? {say('mapping.scaffold-stranger', name=_one_line(one.shown), cell=_one_line(one.text), rows=one.rows)}"


def _in_force(line: Line, say: Say, maps: Maps, spelt: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if line.tests:
        yield f"  {_tests(line)} # {reason(line, say)}"
        return
    apart = ", separator: space" if line.spaced else ""
    settings = _headers(line)[:-1] + apart + _choices(line, maps) + _words(spelt) + _lenient(line) + "}"
    yield f"  {line.column}: {settings} # {say(f'mapping.scaffold-{line.confidence}')}: {reason(line, say)}"
    for one in line.meant:
        yield f"  {'# ' if one.confidence in TAKEN else '# ? '}{choice(one, say)}"
    for word in line.unexplained:
        yield f"  # ? {say('mapping.scaffold-word', word=_one_line(word))}"
    if line.hidden:
        yield f"  # ? {say('mapping.scaffold-words-hidden', count=len(line.hidden))}"


def _more(line: Line, name: str, proposal: Proposal, say: Say) -> Iterator[str]:
    """What is kept, and what nobody has agreed to read, has nothing added to it."""
    read = any(one.column == line.column and not one.more and one.is_in_force for one in proposal.lines)
    adds = f"adds_to: {line.column}" if read and not line.kept else "ignored: true"
    yield f"  {name}: {_headers(line)[:-1]}, {adds}}} # {say(f'mapping.scaffold-{line.confidence}')}: {reason(line, say)}"


def _ticked(line: Line, name: str, say: Say) -> Iterator[str]:
    """A word that no list knows can be ticked for nothing."""
    told = f"{_headers(line)[:-1]}{_ticks(line)}}} # {say(f'mapping.scaffold-{line.confidence}')}: {reason(line, say)}"
    if line.unexplained:
        yield f"  # ? {name}: {told}"
        yield f"  {name}: {_headers(line)[:-1]}, ignored: true}}"
    else:
        yield f"  {name}: {told}"


def _ticks(line: Line) -> str:
    return f", transform: answer, on_error: warn, ticks: {{{line.column}: {_quoted(line.ticks)}}}"


def _tests(line: Line) -> str:
    """An answer that is read, so that "oui" and "نعم" are meant, too."""
    return f"{TESTS}: {_headers(line)[:-1]}, transform: answer}}"


def _asked_first(line: Line) -> str:
    return "" if line.is_in_force else "# ? "


def reason(line: Line, say: Say) -> str:
    """Why, in one line."""
    return _one_line(" · ".join(say(text, **blanks) for text, blanks in line.reasons))


def choice(one: Meant, say: Say) -> str:
    """What a choice would mean, how sure that is and why, in one line."""
    shown = " / ".join(one.choice.labels)
    told = f"{one.choice.name} ({shown})" if shown else one.choice.name
    sure = say("mapping.scaffold-low" if one.confidence == "none" else f"mapping.scaffold-{one.confidence}")
    return _one_line(f"{told} → {one.told or '?'}: {sure} · {say(one.reason)}")


def _choices(line: Line, maps: Maps) -> str:
    """What the mapping says besides, where a form's choices mean something that their names do not say."""
    if words := {} if all(one.known for one in line.meant) else answers(line.meant):
        return _words(words)
    if concept_map(words_name(line.column), line.meant) is None:
        return ""
    return f", map: {_listed([words_name(line.column), *maps.get(line.column, ())])}"


def _lenient(line: Line) -> str:
    return ", on_error: warn" if line.optional and (line.unexplained or line.hidden) else ""


def _words(words: Mapping[str, Sequence[str]]) -> str:
    return (
        f", words: {{{', '.join(f'{_quoted(to)}: {_listed(names)}' for to, names in words.items())}}}" if words else ""
    )


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def key_of(proposal: Proposal, usual: Sequence[str]) -> Key:
    """As in the ready mapping where its columns are there."""
    there = {line.column for line in proposal.lines if line.is_in_force}
    if set(usual) <= there:
        return Key()
    columns = tuple(column for column in ("survivor_code", *usual) if column in there)
    asked = {line.column for line in proposal.lines} - there
    return Key(columns, tuple(column for column in usual if column in asked) if columns else ())


def spare(proposal: Proposal, ready: Known) -> dict[str, str]:
    """The columns of the ready mapping that no question gives, each with a header that it goes by."""
    given = {line.column for line in proposal.lines}
    left = {
        name: column
        for name, column in ready.columns.items()
        if name not in given and ready.plan.columns[name].transform is not None
    }
    return {name: next(iter(column.headers), name) for name, column in left.items()}


def _headers(line: Line) -> str:
    """With the one of a second row, by which the door knows that this row is no record."""
    asked = line.question
    if not asked.below or asked.below == asked.header:
        return f"{{headers: {{{line.language}: [{_quoted(asked.header)}]}}}}"
    other = "ar" if _ARABIC.search(asked.below) else "en" if line.language == "fr" else "fr"
    if other == line.language:
        return f"{{headers: {{{other}: [{_quoted(asked.header)}, {_quoted(asked.below)}]}}}}"
    return f"{{headers: {{{line.language}: [{_quoted(asked.header)}], {other}: [{_quoted(asked.below)}]}}}}"


def _quoted(text: str) -> str:
    """JSON is YAML, and quotes whatever YAML would read as something else."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _one_line(text: str) -> str:
    return " ".join(text.split())
