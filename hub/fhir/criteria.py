"""Criteria of `where(…)` that are more than a comparison, by fhirpathpy: https://hl7.org/fhir/R4/fhirpath.html.

Whoever sends a patch writes them, so only functions are read that take no longer than what they are given is long: no pattern,
no repetition, nothing that looks beyond the element.
"""

import re
from functools import lru_cache
from typing import Any, Final

from fhirpathpy import evaluate
from fhirpathpy.models import models

_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_CALL: Final = re.compile(r"([A-Za-z]+)\s*\(")
_READ: Final = frozenset(
    {
        "exists",
        "empty",
        "not",
        "count",
        "first",
        "last",
        "startsWith",
        "endsWith",
        "contains",
        "lower",
        "upper",
        "length",
    }
    | {"where", "all", "is", "ofType", "extension", "hasValue"}
)
_KEYWORDS: Final = frozenset({"and", "or", "xor", "implies", "in", "contains"})


class NotRead(ValueError):  # noqa: N818 — the field's word
    """The text is no criterion of the kinds that are read here."""


def holds(value: Any, type_: str, criteria: str) -> bool:
    """Whether an element meets the criteria; `type_`: its type, or the path of a backbone element. Raises NotRead."""
    if not _is_read(criteria):
        raise NotRead
    try:
        found = evaluate(value, {"base": type_, "expression": criteria}, {}, models["r4"])
    except Exception:  # an engine of others, on anybody's text: nothing that it raises may go through
        failed = True
    else:
        failed = False
    if failed or not all(isinstance(one, bool) for one in found):
        raise NotRead
    return found == [True]


@lru_cache(maxsize=256)
def _is_read(criteria: str) -> bool:
    bare = _TEXT.sub("''", criteria)
    return not set(_CALL.findall(bare)) - _READ - _KEYWORDS and not set(bare) & set("%$`{}")
