"""What stands in a column, as evidence for what the column is: each transform of a ready mapping is tried on it.

A transform that reads everything (text) says nothing, but where dates or bare numbers stand in the cells. One that reads only
what it knows (dates, telephones, the words of a code list) speaks for the column where it reads most cells, and against it where
it reads few.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from hub.fhir.folding import ascii_digits, fold
from hub.mapping.model import Context, Transform
from hub.mapping.plan import Column
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import MONTHS, DateText
from hub.mapping.transforms.organizations import OrganizationName
from hub.mapping.transforms.texts import Digits, Text

TRIED: Final = 200
ENOUGH: Final = 2  # cells from which a column speaks
SPEAKS: Final = 0.8
CONTRADICTS: Final = 0.4
_DATE: Final = re.compile(r"^(\d{1,2}[/.\-]\d{1,2}[/.\-](\d{4}|\d{2})|\d{4}-\d{2}-\d{2})\b")
_ANSWER: Final = re.compile(r"^(oui|non|yes|no|true|false|[onyx]|نعم|لا)$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"^\d{1,2}$")
_CODE: Final = re.compile(r"^(\w{1,3}|[\w\-]{1,8}\.)$")
MOST_CODES: Final = 15
_SEVERAL: Final = re.compile(r"\s*[+,;/]\s*")
_DAY_AND_MONTH: Final = re.compile(r"(?:\D+ )?\d{1,2}(?:er)?\s*[/.\- ]\s*(\d{1,2}|[^\W\d_]+)\.?")
_DAY_FIRST: Final = re.compile(r"^\D*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}")


@dataclass(frozen=True)
class Fit:
    """How many cells the column's own transform reads. `unknown`: words that a code list does not know; they may be shown only
    where the column is beyond doubt and identifies nobody."""

    read: int = 0
    tried: int = 0
    unknown: tuple[str, ...] = ()

    def and_(self, other: "Fit") -> "Fit":
        return Fit(self.read + other.read, self.tried + other.tried, self.unknown + other.unknown)

    @property
    def share(self) -> float | None:
        """None: too few cells, or a transform that reads everything."""
        return self.read / self.tried if self.tried >= ENOUGH else None

    @property
    def supports(self) -> bool:
        return self.share is not None and self.share >= SPEAKS

    @property
    def contradicts(self) -> bool:
        return self.share is not None and self.share < CONTRADICTS


def fit(column: Column, values: Sequence[str], blank: frozenset[str], today: date) -> Fit:
    transform = column.transform
    if transform is None or isinstance(transform, Text | OrganizationName) or _takes_all(transform):
        return (
            Fit(0, len(values)) if _something_else(transform, [ascii_digits(one.strip()) for one in values]) else Fit()
        )
    if isinstance(transform, DateText) and date_order(values) == "mdy":
        transform = replace(transform, order="mdy")
    context = Context("organization", lambda _: None, today)
    tried = [value for value in values[:TRIED] if value.strip() and value.strip().casefold() not in blank]
    if isinstance(transform, DateText):  # days of a year that stands nowhere speak for no other column
        tried = [value for value in tried if not _is_without_year(value)]
    unknown: dict[str, None] = {}
    read = 0
    for value in tried:
        if isinstance(transform, Codes):
            strange = transform.known(value).unknown
            read += not strange
            unknown |= dict.fromkeys(strange)
        else:
            reading = transform.forward(value, context)
            read += reading.trouble is None and reading.value is not None
            if reading.trouble is not None and isinstance(transform, Answer):
                unknown[value.strip()] = None
    return Fit(read, len(tried), tuple(unknown))


def _something_else(transform: Transform | None, values: Sequence[str]) -> bool:
    """Dates and answers are no names, addresses or numbers of a file; and bare numbers are codes that somebody must explain."""
    said = [value for value in values if value]
    answers = () if transform is None else (_ANSWER,)
    kinds = (_DATE, *answers, _NUMBER) if isinstance(transform, Text | OrganizationName) else (_DATE, *answers)
    if isinstance(transform, Digits) and sum(any(map(str.isdecimal, one)) for one in said) < CONTRADICTS * len(said):
        return len(said) >= ENOUGH and len({*said}) > 1  # of words without a digit nothing is kept
    return len(said) >= ENOUGH and any(
        sum(bool(kind.match(one)) for one in said) >= SPEAKS * len(said) for kind in kinds
    )


def _is_without_year(value: str) -> bool:
    found = _DAY_AND_MONTH.fullmatch(fold(value))
    return found is not None and (found[1] in MONTHS or found[1].isdecimal())


def are_answers(values: Sequence[str]) -> bool:
    """Whether yes and no stand in the cells."""
    said = [value.strip() for value in values if value.strip()]
    return len(said) >= ENOUGH and sum(bool(_ANSWER.match(one)) for one in said) >= SPEAKS * len(said)


def are_codes(values: Sequence[str], blank: frozenset[str]) -> bool:
    """Whether few short signs stand in the cells, which a legend explains or nobody."""
    said = {ascii_digits(value.strip()) for value in values if value.strip() and value.strip().casefold() not in blank}
    signs = {one for value in said for one in _SEVERAL.split(value) if one}
    return 1 < len(signs) <= MOST_CODES and 2 * sum(bool(_CODE.match(one)) for one in signs) > len(signs)


def counts(values: Sequence[str]) -> bool:
    """Whether the cells number the lines: 1, 2, 3 … with a total here and there."""
    said = [ascii_digits(value.strip()) for value in values if value.strip()]
    numbers = [value for value in said if value.isdecimal()]
    return len(numbers) >= max(ENOUGH, SPEAKS * len(said)) and numbers == [str(at) for at, _ in enumerate(numbers, 1)]


def _takes_all(transform: Transform) -> bool:
    """`digits` without a pattern is any text."""
    return isinstance(transform, Digits) and not transform.expect


def date_order(cells: Sequence[str]) -> str:
    """The order of day and month where the cells prove one; "" where nothing does, "?" where they contradict each other."""
    pairs = [(int(found[1]), int(found[2])) for cell in cells if (found := _DAY_FIRST.match(cell))]
    day_first = any(first > 12 >= second for first, second in pairs)
    month_first = any(second > 12 >= first for first, second in pairs)
    if day_first and month_first:
        return "?"
    return "dmy" if day_first else "mdy" if month_first else ""
