"""Words that are ticked below a heading that is itself a column: "AUTEUR" above "mari", "ex-mari", "famille" (docs/adr/0084).
Where the heading is no column's name ("LUI"), or none is there, words of one list that stand together say whose they are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from hub.fhir.folding import fold
from hub.mapping.plan import Column
from hub.mapping.scaffold.apart import Claim
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.values import fit
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.codes import Codes

SEVERAL: Final = 2  # ticked columns below one heading
LETTERS: Final = 3  # headers of one letter, by which it is known of what all are
LIKE: Final = 0.8  # of what is much like a column, and read as that
MARKS: Final = 2  # ways in which one person writes a tick and its absence: more are numbers


class Word(NamedTuple):
    """What is ticked in a column: a word of another, which is empty where no list knows it. `sure`: its heading is called so."""

    column: str
    said: str
    sure: bool


def words_below(asked: Mapping[int, Question], found: Mapping[int, Sequence[Claim]], ready: Known) -> dict[int, Word]:
    """Of each such column the one whose words are ticked there. What is called as another column, by itself or together with its
    heading, is that; what its words alone say ("Mari", "Voisin" may have come with her) is a question."""
    ticked = [at for at, one in asked.items() if not one.kind and not one.repeated and _is_ticked(one, ready)]
    below: dict[str, list[int]] = {}
    for at in ticked:
        if asked[at].group:
            below.setdefault(asked[at].group, []).append(at)
    told: dict[int, Word] = {}
    for heading, places in below.items():
        column = _called(heading, ready)
        if column or not any(near.whole for near in ready.names.near(heading)):
            told |= _words({at: asked[at] for at in places}, column, found, ready)
    for places in _side_by_side([at for at in ticked if not asked[at].group]):
        words = _words({at: asked[at] for at in places}, "", found, ready)
        told |= {
            at: one for at, one in words.items() if one.said or len(_bare(asked[at])) == 1
        }  # the rest may be anything
    return told


def _words(
    asked: Mapping[int, Question], column: str, found: Mapping[int, Sequence[Claim]], ready: Known
) -> dict[int, Word]:
    sure, letters = bool(column), _by_letters([*asked.values()], ready)
    by_letters = letters in {column or letters} - {""}
    column = column or letters or _by_words([*asked.values()], ready)
    words = {at: _word(one, column, ready) for at, one in asked.items() if column}
    if len(asked) < SEVERAL or not (any(words.values()) or by_letters):
        return {}
    return {
        at: Word(column, word, sure)
        for at, word in words.items()
        if by_letters or not _is_another(found[at], column, word)
    }


def _side_by_side(places: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for at in places:
        if run and at != run[-1] + 1:
            yield run
            run = []
        run.append(at)
    yield run


def _by_letters(asked: Sequence[Question], ready: Known) -> str:
    """The column of whose words the headers are the first letters ("C", "M", "D", "V"): what each means is asked."""
    letters = {fold(_bare(one)) for one in asked}
    said = ready.names.kinds.letters
    return next((one for one, first in said.items() if one in ready.columns and len(first & letters) >= LETTERS), "")


def _by_words(asked: Sequence[Question], ready: Known) -> str:
    """The column of codes whose words they are, where two are and half of all, and no other column has as many of them. Kinds of
    violence have columns of their own (`ticked`)."""
    own = {of.ticks[0] for of in ready.columns.values() if of.ticks}
    known = {
        column: sum(bool(_word(one, column, ready)) for one in asked)
        for column, of in ready.columns.items()
        if isinstance(of.transform, Codes) and not of.within and column not in own
    }
    most = max(known.values(), default=0)
    first = [column for column, count in known.items() if count == most]
    return first[0] if len(first) == 1 and most >= max(SEVERAL, len(asked) / 2) else ""


def _is_another(claims: Sequence[Claim], column: str, word: str) -> bool:
    """Whether it is called as another column; shortly or nearly so, and with cells that do not speak for that, only where it is
    no word of this one."""
    others = [claim for claim in claims if claim[1].column != column and not (word and claim[2].contradicts)]
    called = (near for _, near, said in others if near.whole and (not (near.cut or near.vague) or said.supports))
    return any(called) or (not word and any(near.whole or score >= LIKE for score, near, _ in others))


def _is_ticked(question: Question, ready: Known) -> bool:
    marks = {fold(value) for value in question.values if value.strip()}
    said = fit(Column("", (), Answer()), question.values, ready.plan.blank, ready.today)
    return len(marks) <= MARKS and said.read == said.tried


def _called(heading: str, ready: Known) -> str:
    """The column of codes that a heading is called as, plainly."""
    plain = [near.column for near in ready.names.near(heading) if near.whole and not near.vague and not near.cut]
    column = plain[0] if len(plain) == 1 else ""
    of = ready.columns.get(column)
    return column if of and not of.within and isinstance(of.transform, Codes) else ""


def _word(question: Question, column: str, ready: Known) -> str:
    transform = ready.columns[column].transform
    bare = _bare(question)
    known = isinstance(transform, Codes) and any(map(transform.vocabulary.meaning, (bare, *question.labels[:1])))
    return bare if known else ""


def _bare(question: Question) -> str:
    return next(iter(question.labels), question.header).strip().rstrip(".")


__all__ = ["Word", "words_below"]
