"""What a receipt found that a person should look at: where it stands, and why, in her language.

A word that was not understood stays in the register: what is told of a file travels to places that are no place for its cells.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from hub.exchange.receipt import Receipt
from hub.fhir.issues import Issue
from hub.texts import say

WITHHELD: Final = "…"
_PLACE: Final = re.compile(r"(sheet|row|record) (\S+)")


@dataclass(frozen=True)
class Finding:
    """`aside`: its record is set aside; else it is taken in all the same. `where` is "" for what stands at no place, and
    for what is only counted: `unnamed` places."""

    issue: Issue
    where: str
    why: str
    aside: bool
    unnamed: int = 0


def findings(receipt: Receipt, language: str, mark: Callable[[str], str] = str) -> Iterator[Finding]:
    """What sets records aside comes first. `mark`: how what fills the blanks of a sentence is marked off from it."""
    for one in receipt.rejected:
        yield from (_finding(one.place, issue, language, mark, aside=True) for issue in one.issues)
    yield from _unnamed(receipt, language, mark, aside=True)
    yield from (_finding(place, issue, language, mark, aside=False) for place, issue in receipt.doubts)
    yield from _unnamed(receipt, language, mark, aside=False)


def _unnamed(receipt: Receipt, language: str, mark: Callable[[str], str], *, aside: bool) -> Iterator[Finding]:
    for one in receipt.unnamed:
        if one.issue.blocks == aside:
            yield replace(_finding("", one.issue, language, mark, aside=aside), unnamed=one.places)


def _finding(place: str, issue: Issue, language: str, mark: Callable[[str], str], *, aside: bool) -> Finding:
    blanks = {name: WITHHELD if name == "value" else mark(blank) for name, blank in issue.params.items()}
    where = (say(f"receive.place-{kind}", language, value=number) for kind, number in _PLACE.findall(place))
    return Finding(issue, ", ".join(where), say(issue.text, language, **blanks), aside)
