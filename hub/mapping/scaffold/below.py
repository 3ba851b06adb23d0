"""Words that are ticked below a heading that is itself a column: "AUTEUR" above "mari", "ex-mari", "famille" (docs/adr/0084)."""

from collections.abc import Mapping, Sequence
from typing import Final

from hub.fhir.folding import fold
from hub.mapping.plan import Column
from hub.mapping.scaffold.apart import Claim
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.values import fit
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.codes import Codes

SEVERAL: Final = 2  # ticked columns below one heading
LIKE: Final = 0.8  # of what is much like a column, and read as that
MARKS: Final = 2  # ways in which one person writes a tick and its absence: more are numbers


def words_below(
    asked: Mapping[int, Question], found: Mapping[int, Sequence[Claim]], ready: Known
) -> dict[int, tuple[str, str]]:
    """Of each such column the one whose words are ticked there, and the word; empty: no list knows it. What is called as another
    column, by itself or together with its heading, is that."""
    below: dict[str, list[int]] = {}
    for at, one in asked.items():
        if one.group and not one.kind and not one.repeated and _is_ticked(one, ready):
            below.setdefault(one.group, []).append(at)
    told: dict[int, tuple[str, str]] = {}
    for heading, places in below.items():
        column = _called(heading, ready)
        words = {at: _word(asked[at].labels[0], column, ready) for at in places if column}
        if len(places) >= SEVERAL and any(words.values()):
            told |= {at: (column, word) for at, word in words.items() if not _is_another(found[at], column, word)}
    return told


def _is_another(claims: Sequence[Claim], column: str, word: str) -> bool:
    """Whether it is called as another column; shortly or nearly so, and with cells that do not speak for that, only where it is
    no word of this one."""
    others = [claim for claim in claims if claim[1].column != column]
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


def _word(label: str, column: str, ready: Known) -> str:
    transform = ready.columns[column].transform
    bare = label.strip().rstrip(".")
    known = isinstance(transform, Codes) and any(transform.vocabulary.meaning(one) for one in (label, bare))
    return bare if known else ""


__all__ = ["words_below"]
