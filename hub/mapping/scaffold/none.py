"""What is no column's although it is called like one, and why: what numbers the lines, the hour of a visit, and the second of two
columns that are told apart by a number alone ("Service 1", "Service 2"): a mapping reads one column for each meaning."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from hub.fhir.folding import fold
from hub.mapping.scaffold.apart import NAMED, Claim, is_in_full
from hub.mapping.scaffold.names import Near
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.values import counts

Reason = tuple[str, Mapping[str, str]]

COUNTS: Final = "mapping.scaffold-counts"
HOUR: Final = "mapping.scaffold-hour"
SECOND: Final = "mapping.scaffold-second"
NUMBERS: Final = frozenset({"case_number", "survivor_code"})
MANY: Final = 6
_NUMBERED: Final = re.compile(r"(.*\w{3}.*?)\s*(?:[\s_]|[#(]|n°)\s*([1-9])\s*\)?", re.IGNORECASE)
_SHORTLY: Final = re.compile(r"((?!(?:q|col|champ|var|field|item)\d)[^\W\d_]{1,12})([1-9])", re.IGNORECASE)
"""As in "Dem1", "V2"; no number of a question."""


def without_number(asked: Mapping[int, Question]) -> dict[int, Question]:
    """Where a column is said again with another number, each is what it is called without its own."""
    pairs = _pairs(asked)
    return {
        at: replace(one, header=pairs[at][0], labels=(pairs[at][0],)) if at in pairs else one
        for at, one in asked.items()
    }


def none(found: Mapping[int, Sequence[Claim]], asked: Mapping[int, Question]) -> dict[int, Reason]:
    """`found`: what each may be."""
    best = {at: max(claims, key=lambda one: one[0])[1] for at, claims in found.items() if claims}
    said: dict[int, Reason] = {}
    for at, first in firsts(asked).items():
        if first in best and best.get(at, best[first]).column == best[first].column:
            said[at] = SECOND, {"name": asked[first].header}
    lines = {
        at for at, one in asked.items() if not one.kind and counts(one.values) and _numbers_lines(one, best.get(at))
    }
    said |= {at: (COUNTS, {}) for at in lines - _told_apart_by(lines, best)}
    days = {at: {near.column for _, near, _ in claims if near.score >= NAMED} for at, claims in found.items()}
    for at, near in best.items():
        if near.column == "incident_hour" and near.vague and "visit_date" in days.get(at - 1, ()):
            said[at] = HOUR, {}
    return said


def _told_apart_by(lines: AbstractSet[int], best: Mapping[int, Near]) -> set[int]:
    """The first of those that number the lines, where nothing else tells one record from the next."""
    numbers = {at for at, near in best.items() if near.column in NUMBERS}
    return set() if numbers - lines else set(sorted(numbers)[:1])


def _numbers_lines(question: Question, near: Near | None) -> bool:
    """Few cells that count may be anything else; many are no number of a case either, unless the column is plainly called so."""
    if near is None or near.column in NUMBERS:
        return near is None or not is_in_full(near)
    return len(question.values) >= MANY and not is_in_full(near)


def firsts(asked: Mapping[int, Question]) -> dict[int, int]:
    """Of those that are told apart from others by a number alone: the first of these."""
    return {at: first for at, (_, first) in _pairs(asked).items() if first != at}


def _pairs(asked: Mapping[int, Question]) -> dict[int, tuple[str, int]]:
    """Of those that are told apart by a number alone: what they are called without it, and which is the first."""
    by_name: dict[str, list[tuple[int, int, str]]] = {}
    for at, one in asked.items():
        if one.kind or one.path:
            continue
        numbered = _NUMBERED.fullmatch(one.header.strip()) or _SHORTLY.fullmatch(one.header.strip())
        name, number = (numbered[1].strip(), int(numbered[2])) if numbered else (one.header.strip(), 1)
        by_name.setdefault(f"{fold(one.group)}|{fold(name)}", []).append((number, at, name))
    return {at: (name, min(same)[1]) for same in by_name.values() if len(same) > 1 for _, at, name in same}


__all__ = ["Reason", "firsts", "none", "without_number"]
