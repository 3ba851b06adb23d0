"""What data forwarding sends: a case as JSON, or a form (as JSON, or its stub), which says only which cases it touched.

https://github.com/dimagi/commcare-hq/blob/master/docs/. A form holds a part of a case: the cases themselves are asked for.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.commcare.cases import Case, NotACase, case

MOST: Final = 1000  # cases of one form
DEEPEST: Final = 30


@dataclass(frozen=True, repr=False)
class Forwarded:
    """A case, or the ids of cases that changed."""

    case: Case | None = None
    ids: tuple[str, ...] = ()


def forwarded(body: bytes) -> Forwarded:
    """Raises NotACase for what is none of the three."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise NotACase from None
    if not isinstance(said, Mapping):
        raise NotACase
    if "case_id" in said:
        return Forwarded(case(said))
    if isinstance(said.get("case_ids"), list):
        return Forwarded(ids=_ids(said["case_ids"]))
    if isinstance(said.get("form"), Mapping):
        return Forwarded(ids=_ids(list(_touched(said["form"], 0))))
    raise NotACase


def _ids(said: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(one, str) and one.isascii() and one.isprintable() and 0 < len(one) <= 255 for one in said):
        raise NotACase
    if len(said) > MOST:
        raise NotACase
    return tuple(dict.fromkeys(said))


def _touched(form: Any, depth: int) -> Iterator[Any]:
    """`@case_id` of every case block, wherever it stands: a form that makes referrals has one in each repeat."""
    if depth > DEEPEST:
        return
    if isinstance(form, Mapping):
        if "@case_id" in form:
            yield form["@case_id"]
        form = list(form.values())
    if isinstance(form, list):
        for one in form:
            yield from _touched(one, depth + 1)
