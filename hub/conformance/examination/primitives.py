"""How primitive values are written in R4, told by the sentence that says how: None when a value is right.

https://hl7.org/fhir/R4/datatypes.html#primitive. As R4 has it, not narrower as at the entrance (`lexical.py`): any year, a
leap second. But a date has to exist, base64 to be whole, and no control character stands in what is not text either.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from hub.conformance import lexical
from hub.fhir.r4 import tables
from hub.fhir.writable import CONTROL

SENTENCES: Final = {
    "date": "date", "dateTime": "date-time", "instant": "instant", "time": "time", "boolean": "boolean", "id": "id",
    "string": "text", "markdown": "text", "xhtml": "text", "code": "code", "integer": "integer", "unsignedInt": "integer",
    "positiveInt": "integer", "decimal": "decimal", "uri": "uri", "url": "uri", "canonical": "uri", "oid": "uri",
    "uuid": "uri",
}  # fmt: skip
_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_BASE64: Final = re.compile(r"(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{2}==|[0-9A-Za-z+/]{3}=)?", re.ASCII)
_WHITE: Final = re.compile(r"\s+")
_WITH_DATE: Final = frozenset({"date", "dateTime", "instant"})


def wrongly_written(type_: str, value: Any) -> str | None:
    """The key of the sentence that says how a value of this type is written."""
    if _is_written(type_, value):
        return None
    if isinstance(value, str) and CONTROL.search(value):
        return "control"
    return "empty" if isinstance(value, str) and not value.strip() else SENTENCES.get(type_, "primitive")


def out_of_range(type_: str, value: Any) -> Mapping[str, Any] | None:
    """The limits of the type of number, where a value is beyond them."""
    rule = lexical.NUMBERS.get(type_, {})
    if "minimum" not in rule or rule["minimum"] <= value <= rule["maximum"]:
        return None
    return rule


def _is_written(type_: str, value: Any) -> bool:
    if type_ == "boolean":
        return isinstance(value, bool)
    if type_ in lexical.NUMBERS:
        whole = type_ != "decimal"
        return isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    return isinstance(value, str) and bool(value.strip()) and not CONTROL.search(value) and _rule(type_)(value)


@cache
def _rule(type_: str) -> Callable[[str], bool]:
    if type_ in lexical.TEXT:
        return lambda _: True
    if type_ == "base64Binary":
        return lambda value: bool(_BASE64.fullmatch(_WHITE.sub("", value)))
    if type_ in {"uri", "url", "canonical"}:
        return lambda value: not _WHITE.search(value)
    matches = re.compile(tables().primitives.get(type_) or r"[\s\S]*", re.ASCII if type_ in _WITH_DATE else 0).fullmatch
    if type_ in _WITH_DATE:
        return lambda value: bool(matches(value)) and _exists(value)
    return lambda value: bool(matches(value))


def _exists(written: str) -> bool:
    """Whether the calendar has this day, where one is named."""
    day = _DAY.match(written)
    try:
        return day is None or bool(date(int(day[1]), int(day[2]), int(day[3])))
    except ValueError:
        return False
