"""What the signs in a table mean, as its workbook tells: a sheet of abbreviations, or the header itself ("1 = oui, 2 = non").

Four ways of writing are read: column, sign and meaning in three cells, the column once for all its signs or beside each; a column
and all its signs in two ("C célibataire, M mariée"); a column in a cell of its own, and below it a sign and its meaning; a column
beside "meaning", and below these its signs and their meanings. Where a cell between says what the column is called in full
("Variable, Title, Code, Meaning"), it is also called so. What is told becomes choices with labels, as a form has them; a
sign that nothing explains stays a question.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from hub.fhir.folding import fold
from hub.mapping.scaffold.choices import Choice
from hub.mapping.scaffold.table import Question, Rows

Told = tuple[str, str, str]  # column, sign, meaning

_PIECES: Final = re.compile(r"\s*[,;،؛\n|]\s*")
_EQUALS: Final = re.compile(r"^(.+?)\s*[=:→]\s*(.+)$")
_BRACKETS: Final = re.compile(r"\(([^()]*=[^()]*)\)")
_SEVERAL: Final = re.compile(r"\s*[+,;/\n]\s*")
_TOGETHER: Final = re.compile(r"\s+/\s+|\s*[,;،+&]\s*")
_MEANING: Final = frozenset(
    map(
        fold,
        ("signification", "sens", "libellé", "légende", "définition", "meaning", "label", "المعنى", "معناه", "الدلالة"),
    )
)
_COLUMN: Final = frozenset(
    map(fold, ("variable", "colonne", "champ", "rubrique", "column", "field", "العمود", "المتغير", "الخانة"))
)
_TITLE: Final = frozenset(
    map(fold, ("intitulé", "libellé", "désignation", "question", "label", "title", "العنوان", "التسمية", "السؤال"))
)
_NAMED: Final = 3  # letters of a column by which its legend is known


def explained(asked: Sequence[Question], others: Sequence[Rows]) -> list[Question]:
    """`others`: the sheets that hold no table."""
    titles: dict[str, str] = {}
    told: list[Told] = []
    for rows in others:
        left = _without_titles(rows, titles)
        told += [*_told(left, asked), *_told_below(left)]
    return [_explained(_titled(question, titles), told) for question in asked]


def _without_titles(rows: Rows, titles: dict[str, str]) -> Rows:
    """What columns are called in full goes to `titles`, and is no sign of theirs."""
    for at, row in enumerate(rows):
        for place, (cell, before) in enumerate(zip(row[1:], row, strict=False), 1):
            if fold(cell.strip()) in _TITLE and fold(before.strip()) in _COLUMN:
                for below in rows[at + 1 :]:
                    if len(below) > place and below[place - 1].strip() and below[place].strip():
                        titles.setdefault(fold(below[place - 1].strip()), " ".join(below[place].split()))
                return [*rows[: at + 1], *([*one[:place], *one[place + 1 :]] for one in rows[at + 1 :])]
    return rows


def _titled(question: Question, titles: Mapping[str, str]) -> Question:
    title = titles.get(fold(question.header.strip()), "")
    return replace(question, labels=(title,)) if title and not question.kind else question


def signs(values: Sequence[str]) -> list[str]:
    """What stands in the cells, each once, where several stand in one apart."""
    return list(dict.fromkeys(sign for value in values for sign in _SEVERAL.split(value.strip()) if sign))


def _explained(question: Question, told: Sequence[Told]) -> Question:
    own = [(sign, meaning) for column, sign, meaning in told if _names(column, question)]
    for inside in _BRACKETS.findall(question.header):
        own += list(_listed(inside.replace("/", ","), []))
    said = dict(own)
    there = {fold(sign) for sign in signs(question.values)}
    if question.choices or len(said) < 2 or not there & {fold(sign) for sign in said}:
        return question
    return replace(question, choices=tuple(Choice(sign, (meaning,)) for sign, meaning in said.items()))


def _told(rows: Rows, asked: Sequence[Question]) -> Iterator[Told]:
    column, place, heads = "", 0, False  # `heads`: in a cell of its own, with its signs below it
    for row in rows:
        filled = [(at, " ".join(cell.split())) for at, cell in enumerate(row) if cell.strip()]
        cells = [cell for _, cell in filled]
        if _MEANING & set(map(fold, cells)):  # it says what stands below
            column = ""
            continue
        if column and not heads and len(cells) == 2 and filled[0][0] > place:  # named once, for all its signs
            yield column, cells[0], cells[1]
            continue
        about = [question for question in asked if cells and _names(cells[0], question)]
        if len(cells) >= 3:  # of a column that is not asked about no sign is another's
            column, place, heads = cells[0], filled[0][0], False
        if about and len(cells) >= 3:
            yield cells[0], cells[1], cells[2]
        elif about and len(cells) == 2:
            found = list(_listed(cells[1], [sign for one in about for sign in signs(one.values)]))
            yield from ((cells[0], sign, meaning) for sign, meaning in found)
        elif about and len(cells) == 1:
            column, heads = cells[0], True
        elif column and heads and len(cells) == 2:
            yield column, cells[0], cells[1]


def _told_below(rows: Rows) -> Iterator[Told]:
    """Side by side what a column is called and "meaning", and below them, up to an empty cell, its signs and their meanings."""
    for at, row in enumerate(rows):
        for place in (place for place, cell in enumerate(row) if place and fold(cell.strip()) in _MEANING):
            before = fold(row[place - 2].strip()) if place > 1 else ""
            if before and before not in _MEANING:  # three cells: the column stands before its sign
                continue
            for below in rows[at + 1 :]:
                sign, meaning = (
                    " ".join(cell.split()) for cell in [*below, *[""] * (place + 1)][place - 1 : place + 1]
                )
                if not (sign and meaning):
                    break
                yield " ".join(row[place - 1].split()), sign, meaning


def _listed(text: str, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Signs and meanings in one cell: "C célibataire, M mariée" or "1 = oui; 2 = non"."""
    for piece in _PIECES.split(_after_label(text, known)):
        if equal := _EQUALS.match(piece):
            yield equal[1], equal[2]
            continue
        first = max((one for one in known if piece.startswith(f"{one} ")), key=len, default=piece.partition(" ")[0])
        if meaning := piece.removeprefix(first).strip():
            yield first, meaning


def _after_label(text: str, known: Sequence[str]) -> str:
    """Without what the column is called in full: "accord : O oui, N refus"."""
    label, colon, rest = text.partition(":")
    begins = colon and label.strip() not in known and any(rest.strip().startswith(f"{one} ") for one in known)
    return rest.strip() if begins else text


def _names(column: str, question: Question) -> bool:
    """A legend may call a column by the beginning of its header, or several by what they have in common."""
    header = fold(question.header)
    if header in fold(column).split() and header[-1:].isdecimal():  # "T1 T2 T3"
        return True
    return any(
        called == header or (len(called) >= _NAMED and header.startswith(called))
        for called in map(fold, (column, *_TOGETHER.split(column)))
    )
