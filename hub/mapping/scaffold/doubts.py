"""What takes from a name that it is beyond doubt: what stands in the cells and beside the column, its name in another language,
and what others have called so. It stays what it is called, and somebody is asked."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from hub.mapping.scaffold.apart import NAMES, Claim
from hub.mapping.scaffold.claims import FREE, agree
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.none import NUMBERS
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.values import counts
from hub.mapping.scaffold.whole import columns
from hub.mapping.transforms.answers import Answer

_UNLIKE: Final = -2.0  # so much speaks against a column in its cells
_CELLS: Final = 0.3  # of what neighbours say
_DOUBT: Final = 1.0  # so much less speaks for it than for another
_OWN: Final = 0.9  # share of columns that are called as a tool calls them
_FEWEST: Final = 5  # columns of a table whose neighbours say something


def doubted(
    called: Mapping[int, Claim], asked: Mapping[int, Question], no_columns: AbstractSet[int], ready: Known
) -> dict[int, Claim]:
    """`called`: what is called so, now with all that speaks against it; what is not `asked` nobody doubts."""
    inside = {at: near.column for at, (_, near, _) in called.items() if at in asked}
    beside = _beside(asked, inside | dict.fromkeys(no_columns, NOTHING), ready)
    behind = {at for at, (doubt, _) in beside.items() if doubt > _DOUBT} - no_columns
    unlikely = behind.union(_behind_another(asked, inside, ready), _elsewhere(asked, inside, ready))
    found = {*inside.values()}
    unlikely |= {at for at, column in inside.items() if ready.names.unless.get(column, column) not in found}
    return {
        at: (
            score,
            near._replace(
                unlikely=near.unlikely or at in unlikely,
                doubted=near.doubted or (at in asked and _holds_another_thing(near.column, asked[at], ready)),
            ),
            said,
        )
        for at, (score, near, said) in called.items()
    }


def names_alone(asked: Mapping[int, Question], given: Mapping[int, str], ready: Known) -> set[int]:
    """`given`: what each column is, the whole table known. Where something else is likelier, or no column's is, by all but the
    name. Where nearly all of the table, or of the ready mapping, is called as that itself calls its columns, it is of that
    tool."""
    if ready.names_itself(asked.values()) >= _OWN * min(len(asked), len(ready.columns)):
        return set()
    inside = {at: given.get(at, NOTHING) for at in asked}
    beside = _beside(asked, inside, ready)
    return {at for at, (doubt, is_nothing) in beside.items() if doubt > 0 or is_nothing}


def _holds_another_thing(column: str, question: Question, ready: Known) -> bool:
    """What no such column holds: a number that is asked for is no yes or no, and 1, 2, 3 may be the lines. Or its name in another
    language is not even like that."""
    return (
        (not question.kind and ready.likely.by_cells(question).get(column, 0.0) < _UNLIKE)
        or (column in NUMBERS and counts(question.values))
        or (question.kind in FREE and isinstance(ready.columns[column].transform, Answer))
        or not agree(question, column, ready)
    )


def _elsewhere(asked: Mapping[int, Question], called: Mapping[int, str], ready: Known) -> Iterator[int]:
    """What people have called other columns, too."""
    for at, column in called.items():
        if ready.likely.is_another_elsewhere(asked[at].labels or (asked[at].header,), column):
            yield at


def _behind_another(asked: Mapping[int, Question], called: Mapping[int, str], ready: Known) -> Iterator[int]:
    """What could be said of anybody ("sex") and stands behind a column about somebody else ("first name of the baby")."""
    another = False
    for at, question in asked.items():
        if at in called:
            another &= ready.names.is_hers(called[at])
            if another:
                yield at
        else:
            another = ready.names.speaks_of_another(question.texts)


def _beside(asked: Mapping[int, Question], settled: Mapping[int, str], ready: Known) -> dict[int, tuple[float, bool]]:
    """What stands beside a column and in it says of it, its own name unheard ("Sexe" among what is hers): how much more speaks
    for something else, and whether what is no column's stands likelier there."""
    if len(asked) < _FEWEST:
        return {}
    beside = dict(zip(asked, ready.likely.beside(columns(asked, settled, ready)), strict=True))
    return {
        at: (_doubt(column, beside[at], asked[at], ready), beside[at].get(column, 0.0) < beside[at].get(NOTHING, 0.0))
        for at, column in settled.items()
        if beside[at]
    }


def _doubt(column: str, beside: Mapping[str, float], question: Question, ready: Known) -> float:
    cells = ready.likely.by_cells(question)
    least = min(cells.values(), default=0.0)
    says = {
        one: told + _CELLS * cells.get(one, least)
        for one, told in beside.items()
        if one == column or not _are_alike(one, column, ready)
    }
    return max(says.values(), default=0.0) - says.get(column, 0.0)


def _are_alike(one: str, other: str, ready: Known) -> bool:
    """Whether neither cells nor neighbours can tell them apart: parts of a name, and answers of yes or no."""
    if one in NAMES and other in NAMES:
        return True
    pair = [ready.columns[column].transform for column in (one, other) if column in ready.columns]
    return len(pair) > 1 and all(isinstance(transform, Answer) for transform in pair)


__all__ = ["doubted", "names_alone"]
