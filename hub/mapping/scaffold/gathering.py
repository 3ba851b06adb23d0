"""A list of who came to a training or a talk: it lies beside registers, and is none; who is on it is not a case.

What such lists are called, and what never stands in one, is data (`gatherings` of `mappings/lexicon.yaml`). Two signs of
different kinds are needed, and nothing that speaks of a case: a register that says little is a register.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.scaffold.sentences import pattern, spaced
from hub.mapping.scaffold.table import Question

ENOUGH: Final = 2
SEARCHED: Final = 20


def is_list_of_participants(
    questions: Sequence[Question], rows: Sequence[Sequence[str]], said: Mapping[str, Any]
) -> bool:
    """`rows`: of the sheet, the titles above its header among them. `said`: the section of the lexicon."""
    told = [spaced(fold(text)) for text in (*_headers(questions), *_titles(questions, rows))]
    if any(pattern(str(case), ()).is_met(text) for case in said.get("cases", ()) for text in told):
        return False
    signs = (kind for kind, words in said.get("signs", {}).items() if _is_met(words, told))
    return len(list(signs)) >= ENOUGH


def _headers(questions: Iterable[Question]) -> Iterator[str]:
    for one in questions:
        yield from (*one.texts, one.group)


def _titles(questions: Iterable[Question], rows: Sequence[Sequence[str]]) -> list[str]:
    """What stands above the header; nothing of a sheet that has another one."""
    headers, above = {one.header.strip() for one in questions}, list[str]()
    for row in rows[:SEARCHED]:
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(headers.intersection(cells)) >= min(ENOUGH, len(headers)):
            return above
        above += cells
    return []


def _is_met(words: Iterable[object], told: Sequence[str]) -> bool:
    return any(pattern(str(word), ()).is_met(text) for word in words for text in told)
