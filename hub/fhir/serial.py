"""JSON text ↔ resource: the one place where it is decided how a resource is written. Every number stays as it was written."""

import json
import re
from typing import Any, Final

import orjson

from hub.fhir import Resource
from hub.fhir.decimals import fragment, real, whole

_DELICATE: Final = re.compile(r"(?:[0-9](?:[.eE][0-9+-]|[0-9]{18})[0-9eE+.-]*|-0)\s*(?:[,}\]]|\Z)", re.ASCII)
"""A number with a fraction, an exponent, many digits, or minus nothing. A text may look like one, which only costs time."""


def dumps(resource: Resource) -> str:
    """Compact JSON, in the order of the resource's elements."""
    return orjson.dumps(resource, default=fragment).decode()


def dumps_indented(content: Any) -> bytes:
    """For people: two spaces a level, and a line break at the end."""
    return orjson.dumps(content, default=fragment, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def written_alike(one: Any, other: Any) -> bool:
    """Whether two documents say the same, in whatever order. To Python `1`, `1.0`, `1.00` and `true` are equal, in FHIR not."""
    return one == other and _sorted(one) == _sorted(other)


def _sorted(content: Any) -> bytes:
    return orjson.dumps(content, default=fragment, option=orjson.OPT_SORT_KEYS)


def loads(text: str | bytes) -> Any:
    """Raises ValueError when `text` is not JSON. What would be written again as it stands, as nearly all that we have written
    ourselves, needs no more than orjson."""
    parsed = orjson.loads(text)
    encoded = text.encode() if isinstance(text, str) else text
    if orjson.dumps(parsed) == encoded or not _DELICATE.search(encoded.decode()):
        return parsed
    return json.loads(encoded, parse_float=real, parse_int=whole)
