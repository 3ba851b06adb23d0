"""Several columns of one meaning: which question adds to another, and how sure that is (docs/adr/0083)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, Literal

from hub.mapping.scaffold.apart import Claim
from hub.mapping.scaffold.claims import claims, fitted
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.likely import Chosen
from hub.mapping.scaffold.none import Reason, firsts
from hub.mapping.scaffold.table import Question

Confidence = Literal["high", "medium", "low", "none"]
Added = tuple[str, str, Confidence]
"""The column to which a question adds, what that is called, and how sure that is."""

SURE: Final = 0.9


def called_again(
    asked: Mapping[int, Question], settled: Mapping[int, str], no_columns: AbstractSet[int], ready: Known
) -> dict[int, str]:
    """What is called as a column that another is already, where there may be several: that it adds to it is a question."""
    found: dict[int, str] = {}
    for at in asked.keys() - settled.keys() - no_columns:
        best = max(claims(asked[at], ready), key=lambda one: one[0], default=None)
        if best and best[1].whole and best[1].column in ready.names.several & {*settled.values()}:
            found[at] = best[1].column
    return found


def is_added_to(question: Question, one: Chosen, ready: Known) -> Confidence:
    """It is a question, unless it is called as the column that it adds to."""
    called = any(
        near.column == one.column and near.whole and not near.vague for near in ready.names.near(question.header)
    )
    return "medium" if called and one.sure >= SURE and not fitted(question, one.column, ready).contradicts else "low"


def numbered(
    asked: Mapping[int, Question], taken: Mapping[int, Claim], no_columns: Mapping[int, Reason], ready: Known
) -> dict[int, Added]:
    """What is told apart from the first of its name by a number alone adds to that, where one such cell may hold several."""
    return {
        at: (taken[first][1].column, asked[first].header, "medium")
        for at, first in firsts(asked).items()
        if at in no_columns and first in taken and taken[first][1].column in ready.names.several
    }


def with_more(
    claim: Claim, question: Question, added: Mapping[int, Added], questions: Sequence[Question], ready: Known
) -> Claim:
    """With the words of the columns that add to this one."""
    score, near, _ = claim
    more = [value for at, one in added.items() if one[0] == near.column for value in questions[at].values]
    return (
        (score, near, fitted(replace(question, values=(*question.values, *more)), near.column, ready))
        if more
        else claim
    )


__all__ = ["SURE", "Added", "Confidence", "called_again", "is_added_to", "numbered", "with_more"]
