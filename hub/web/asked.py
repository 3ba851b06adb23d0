"""What the parameters of a request ask: without those that ask nothing, and without what a later one takes back.

https://hl7.org/fhir/R4/search.html: a parameter without a value is left out; what one means that stands twice, where it can mean
one thing alone, is left open there.
"""

from collections.abc import Iterable
from typing import Final

from hub.web.paging import Pairs

ONCE: Final = frozenset({"_count", "_summary", "_total", "_contained"})
"""Of these the last holds, where one stands twice: https://hl7.org/fhir/R4/search.html#modifyingresults."""


def holding(pairs: Iterable[tuple[str, str]]) -> Pairs:
    said = [(name, value) for name, value in pairs if value]
    last = {name: number for number, (name, _) in enumerate(said)}
    return [pair for number, pair in enumerate(said) if pair[0] not in ONCE or last[pair[0]] == number]
