"""`_summary` and `_elements`: how much of each resource a client wants. Read here, and cut off after disclosure.

https://hl7.org/fhir/R4/search.html#summary · https://hl7.org/fhir/R4/search.html#elements
"""

from collections.abc import Iterable
from typing import Final, cast

from flask import Request

from hub.errors import BAD_PARAMETER, HubError
from hub.fhir.summary import SUMMARIES, Summary, Wanted

PARAMETERS: Final = frozenset({"_summary", "_elements"})
_COUNT: Final = "count"  # of a search: the total alone


def wanted(pairs: Iterable[tuple[str, str]], *, counted: bool = False) -> Wanted:
    """Raises BAD_PARAMETER. `counted`: whether `_summary=count` has a meaning here."""
    given = [(name, value) for name, value in pairs if name in PARAMETERS and value]
    summaries = [value for name, value in given if name == "_summary"] or ["false"]
    if not {*summaries} <= {*SUMMARIES, *((_COUNT,) if counted else ())}:
        expected = ", ".join((*SUMMARIES, *((_COUNT,) if counted else ())))
        raise HubError(BAD_PARAMETER, path="http._summary", parameter="_summary", expected=expected)
    names = [one.strip() for name, value in given if name == "_elements" for one in value.split(",")]
    summary = "false" if summaries[-1] == _COUNT else summaries[-1]  # the last holds
    return Wanted(cast(Summary, summary), frozenset(one.rpartition(".")[2] for one in names if one))


def of(request: Request) -> Wanted:
    return wanted(request.args.items(multi=True))
