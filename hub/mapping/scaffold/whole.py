"""What each column is, where all that is known of the whole table is weighed: names, headers that it is like, cells, and the
columns beside it. What is called so stays what it is called; of the rest this decides.

How much each counts was chosen on registers of people who had not seen the program (docs/adr/0080).
"""

from collections.abc import Mapping
from typing import Final

from hub.mapping.scaffold.claims import called, fitted, forbidden, is_nothing, lacks_its_sign, named
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.likely import Chosen, chosen
from hub.mapping.scaffold.names import Near
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.values import Fit
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.phones import Phones

_MOST: Final = 2.0  # columns that are none are many
_ASKED_NOTHING: Final = 1.0
_NAMED: Final = 1.0
_NAMED_SHORTLY: Final = 0.7
_NAMED_VAGUELY: Final = 0.5
_NAMED_PARTLY: Final = 0.4
_INITIALS: Final = 0.1
_STRANGE: Final = -0.6
_FORBIDDEN: Final = -0.8
_WORDS_KNOWN: Final = 0.2
_NOT_READ: Final = -0.4
_EXPLAINED: Final = 2.5
_SEVERAL: Final = 3  # signs that a legend explains as words of one list
_CONSIDERED: Final = 3.0  # so far behind, and no cell will help
_VAGUE: Final = 2.5  # so far behind, and a name that says little is not heard
_SETTLED: Final = 4.0  # behind what a column is called, all others


def decided(asked: Mapping[int, Question], settled: Mapping[int, str], ready: Known) -> dict[int, Chosen]:
    """Of those that are not settled, also as `NOTHING`: the column that each is, where it is any."""
    weighed = columns(asked, settled, ready)
    positions = list(asked)
    fixed = {place: settled[at] for place, at in enumerate(positions) if at in settled}
    several = {place: _may_add_to(asked[at], ready) for place, at in enumerate(positions) if at not in settled}
    found = chosen(ready.likely.in_their_order(weighed), fixed, several)
    return {positions[place]: one for place, one in found.items()}


def _may_add_to(question: Question, ready: Known) -> set[str]:
    """Of which columns a question may be another: it is called as one of them, or is by its header most like one. In forms each
    question is another."""
    if question.kind:
        return set()
    like = next(iter(ready.likely.by_header(called(question, ready))), "")
    names = {one for one, near in named(question, ready).items() if near.whole}
    may = ready.names.several & {like, *names} | ready.names.parts_of(question.texts)
    return {one for one in may if not forbidden(question, one, ready)}


def columns(asked: Mapping[int, Question], settled: Mapping[int, str], ready: Known) -> list[dict[str, float]]:
    """Of each question, in order, how far each column is behind the likeliest, its neighbours not yet heard."""
    return [
        _of_one({column for column in ready.columns if column != settled[at]}, settled[at])
        if at in settled
        else _speaks(question, ready)
        for at, question in asked.items()
    ]


def is_far_from(question: Question, column: str, ready: Known) -> bool:
    """Whether all that is known of a question but its neighbours puts this column far behind another, or behind none."""
    return _speaks(question, ready).get(column, -_VAGUE) <= -_VAGUE


def _of_one(others: set[str], column: str) -> dict[str, float]:
    return {column: 0.0} | {one: -_SETTLED for one in (*others, NOTHING) if one != column}


def _speaks(question: Question, ready: Known) -> dict[str, float]:
    """How far each column is behind the one for which most speaks."""
    headers = ready.likely.by_header(called(question, ready))
    cells = ready.likely.by_cells(question)
    names = named(question, ready)
    unlike, least = min(headers.values(), default=0.0), min(cells.values(), default=0.0)
    found = {
        column: headers.get(column, unlike) + cells.get(column, least) + _by_name(names.get(column))
        for column, one in ready.columns.items()
        if bool(one.within) == question.repeated
        and not one.ticks
        and not ready.names.asks_for_another(question.texts, column)
        and not lacks_its_sign(question, column, ready)
    }
    nothing = headers.get(NOTHING, unlike) + cells.get(NOTHING, least) + _MOST
    found[NOTHING] = nothing + (_ASKED_NOTHING if is_nothing(question, ready) else 0.0)
    near = max(found.values()) - _CONSIDERED
    for column in [one for one, said in found.items() if one != NOTHING and said >= near]:
        said = fitted(question, column, ready)
        found[column] += _by_reading(said, column, ready)
        found[column] += _EXPLAINED if said.supports and said.read >= _SEVERAL and _is_explained(question) else 0.0
        found[column] += _FORBIDDEN if forbidden(question, column, ready) else 0.0
    first = max(found.values())
    return {column: one - first for column, one in sorted(found.items(), key=lambda one: -one[1])}


def _by_name(near: Near | None) -> float:
    if near is None:
        return _STRANGE
    if near.initials:
        return _INITIALS
    if not near.whole:
        return _NAMED_PARTLY * near.score
    return _NAMED_VAGUELY if near.vague else _NAMED_SHORTLY if near.cut else _NAMED


def _is_explained(question: Question) -> bool:
    return bool(question.choices) and not question.kind


def _by_reading(said: Fit, column: str, ready: Known) -> float:
    if said.supports:
        return _WORDS_KNOWN if isinstance(ready.columns[column].transform, Codes | Phones) else 0.0
    return _NOT_READ if said.contradicts else 0.0


__all__ = ["columns", "decided", "is_far_from"]
