"""What became of a register, or would: numbers, and of each thing that was not understood in which rows it stands.

One word that no list knows stands in a hundred rows: it is said once, with the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from hub import texts
from hub.console import pages
from hub.exchange.findings import Finding, findings, sentence
from hub.exchange.receipt import ALL_LEFT_OUT, Receipt
from hub.fhir.issues import Issue

MOST: Final = 60
MOST_PLACES: Final = 8
ALWAYS: Final = frozenset({"read", "created"})


@dataclass(frozen=True)
class Said:
    """`more`: at how many places beside those that are named."""

    why: str
    where: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class Told:
    """`numbers`: by the names that a receipt gives them. `unnamed`: how many sentences more there would be.
    `alarm`: what speaks against the whole."""

    numbers: tuple[tuple[str, int], ...]
    aside: tuple[Said, ...]
    doubtful: tuple[Said, ...]
    unnamed: int
    alarm: str = ""


def told(receipt: Receipt) -> Told:
    found = list(findings(receipt, pages.language(), _filled))
    aside = _said(one for one in found if one.aside)
    alarm = "".join(one.why for one in found if one.issue.text == ALL_LEFT_OUT)
    doubtful = _said(one for one in found if not one.aside and one.issue.text != ALL_LEFT_OUT)
    shown = aside[:MOST], doubtful[:MOST]
    numbers = tuple((name, number) for name, number in receipt.numbers.items() if number or name in ALWAYS)
    return Told(numbers, *shown, len(aside) + len(doubtful) - sum(map(len, shown)), alarm)


def would_change(receipt: Receipt) -> bool:
    """Whether anything would be other than it was, if this were taken in."""
    kept = receipt.numbers
    return any(kept[name] for name in ("created", "updated", "quarantined", "withdrawn"))


def all_tests(receipt: Receipt) -> bool:
    """Whether there is nothing in it but records that are left out as tests."""
    return 0 < receipt.numbers["read"] == receipt.numbers["left_out"]


def why(issue: Issue) -> str:
    """In words of these pages where they have some: whoever keeps a register keeps neither lists of words nor the directory."""
    own = f"why-{issue.text}"
    spoken = replace(issue, text=f"console.{own}") if own in texts.catalogue("console") else issue
    return sentence(spoken, pages.language(), _filled)


def _filled(issue: Issue, blank: str) -> str:
    """Whoever keeps a register knows its columns: what FHIR calls them, in brackets after them, tells her nothing."""
    beside = blank == "element" and issue.text.startswith("mapping.")
    return "" if beside else pages.isolate(issue.params[blank])


def _said(found: Iterable[Finding]) -> tuple[Said, ...]:
    places: dict[str, dict[str, None]] = {}
    unnamed: dict[str, int] = {}
    for one in found:
        said = why(one.issue)
        places.setdefault(said, {}).update({one.where: None} if one.where else {})
        unnamed[said] = unnamed.get(said, 0) + one.unnamed
    return tuple(
        Said(said, tuple(where)[:MOST_PLACES], max(len(where) - MOST_PLACES, 0) + unnamed[said])
        for said, where in places.items()
    )
