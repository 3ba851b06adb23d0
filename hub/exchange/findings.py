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
Fill = Callable[[Issue, str], str]
"""How a blank is filled: the issue and the name of the blank → what is written there. Empty brackets are left out."""
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


def as_it_is(issue: Issue, blank: str) -> str:
    return issue.params[blank]


def findings(receipt: Receipt, language: str, fill: Fill = as_it_is) -> Iterator[Finding]:
    """What sets records aside comes first."""
    for one in receipt.rejected:
        yield from (_finding(one.place, issue, language, fill, aside=True) for issue in one.issues)
    yield from _unnamed(receipt, language, fill, aside=True)
    yield from (_finding(place, issue, language, fill, aside=False) for place, issue in receipt.doubts)
    yield from _unnamed(receipt, language, fill, aside=False)


def _unnamed(receipt: Receipt, language: str, fill: Fill, *, aside: bool) -> Iterator[Finding]:
    for one in receipt.unnamed:
        if one.aside == aside:
            yield replace(_finding("", one.issue, language, fill, aside=aside), unnamed=one.places)


def _finding(place: str, issue: Issue, language: str, fill: Fill, *, aside: bool) -> Finding:
    return Finding(issue, where(place, language), sentence(issue, language, fill), aside)


def where(place: str, language: str) -> str:
    """A place in words."""
    parts = (say(f"receive.place-{kind}", language, value=number) for kind, number in _PLACE.findall(place))
    return say("receive.place-separator", language).join(parts)


def sentence(issue: Issue, language: str, fill: Fill = as_it_is) -> str:
    """What is said of an issue, without the value of a cell."""
    blanks = {name: WITHHELD if name == "value" else fill(issue, name) for name in issue.params}
    return say(issue.text, language, **blanks).replace(" ()", "")
