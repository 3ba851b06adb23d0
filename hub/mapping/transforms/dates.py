"""Dates as people write them in Moroccan registers → FHIR dates of the precision that was written.

https://hl7.org/fhir/R4/datatypes.html#date. The order of day and month is set by the mapping and never guessed. A date
of which only the year is known stays a year; `01/01/2001` is how a paper form says "2001" of a birth. A moment that names
its zone is of the day that it was in Morocco. Hijri dates are never converted: a person decides. Month names: CLDR ar_MA,
the names of the Mashriq, French and English.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from hub.fhir.folding import fold
from hub.fhir.instants import MOROCCO
from hub.mapping.model import Context, Reading, Trouble
from hub.mapping.transforms import hijri
from hub.mapping.transforms.whole import without_words

Order = Literal["dmy", "mdy", "ymd"]

_MONTHS_WRITTEN: Final = (
    "janvier janv jan january يناير كانون-الثاني",
    "février févr fév feb february فبراير شباط",
    "mars mar march مارس آذار",
    "avril avr apr april أبريل إبريل نيسان",
    "mai may ماي مايو أيار",
    "juin jun june يونيو يونيه حزيران",
    "juillet juil jul july يوليوز يوليو يوليه تموز",
    "août aug august غشت أغسطس آب",
    "septembre sept sep september شتنبر سبتمبر أيلول",
    "octobre oct october أكتوبر تشرين-الأول",
    "novembre nov november نونبر نوفمبر تشرين-الثاني",
    "décembre déc dec december دجنبر ديسمبر كانون-الأول",
)
MONTHS: Final[Mapping[str, int]] = {
    fold(name.replace("-", " ")): month for month, names in enumerate(_MONTHS_WRITTEN, 1) for name in names.split()
}
_HIJRI_MONTHS: Final = (
    *("محرم", "صفر", "ربيع الأول", "ربيع الآخر", "ربيع الثاني", "جمادى"),
    *("رجب", "شعبان", "رمضان", "شوال", "القعدة", "الحجة"),
)
_HIJRI: Final = re.compile(
    "|".join(fold(name) for name in _HIJRI_MONTHS) + r"|\b(?:هـ|هجري|هجريه)\b|(?<=\d)\s*ه\b|\b1[34]\d\d\b"
)
_ABOUT: Final = re.compile(
    r"^(?:~|≈|vers|environ|env\.?|circa|ca\.?|about|حوالي|نحو|تقريبا)\s*(?:le |l'|en |سنه |عام )?\s*"
)
_FILLER: Final = re.compile(
    r"^(?:le|du|en|annee|an|سنه|عام|في|يوم|بتاريخ)\s+"
    r"|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b|(?:الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعه|السبت|الاحد)"
)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d.*(?:z|[-+]\d\d(?::?\d\d)?)")
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ].*)?")
_NUMERIC: Final = re.compile(r"(\d{1,2})\s?[-/. ]\s?(\d{1,2})\s?[-/. ]\s?(\d{4}|\d{2})(?:\s+\d{1,2}[:h].*)?")
_MONTH_YEAR: Final = re.compile(r"(?:\D*[-/. ])?(\d{1,2})\s?[-/. ]\s?(\d{4})")
_YEAR_MONTH: Final = re.compile(r"(\d{4})[-/.](\d{1,2})")
_YEAR: Final = re.compile(r"[?x\-/. ]*(\d{4})")
_NAMED: Final = re.compile(r"(?:(\d{1,2})(?:er)?[\s\-./]+)?([^\W\d_]+(?: [^\W\d_]+)?)[\s\-./,]+(\d{4}|\d{2})")
_SERIAL: Final = re.compile(r"(\d{5})(?:\.\d+)?")
_FORMATS: Final[Mapping[str, str]] = {
    "dmy": "12/03/2026, 03/2026, 2026",
    "mdy": "03/12/2026, 03/2026, 2026",
    "ymd": "2026-03-12, 2026-03, 2026",
}
_ABOUT_WORD: Final = {"ar": "حوالي", "fr": "vers", "en": "about"}


class Moment(NamedTuple):
    """A FHIR date, and whether the source said that it is an estimate."""

    value: str
    estimated: bool = False


@dataclass(frozen=True)
class DateText:
    """`epoch` is that of the workbook's serial numbers; `birth` reads 1 January as "only the year is known"."""

    language: str = "en"
    order: Order = "dmy"
    epoch: int = 1900
    birth: bool = False
    precise: bool = False  # a month or a year alone will not do
    future: bool = False
    time: bool = False  # write the hour back too

    @property
    def recurs(self) -> bool:
        return True

    @property
    def steady(self) -> bool:
        return True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("", "estimated")

    def part(self, value: Moment, name: str) -> Any:
        return (value.estimated or None) if name else value.value

    def join(self, parts: Mapping[str, Any]) -> Moment | None:
        return Moment(parts[""], bool(parts.get("estimated"))) if parts.get("") else None

    def forward(self, text: str, context: Context) -> Reading:
        reading = _read(text, self.order, self.epoch, self.birth, context.today.year)
        if reading.value is None:
            return reading
        written = reading.value.value
        if not self.future and written > context.today.isoformat()[: len(written)]:
            return Reading(None, Trouble("mapping.date-future", value=text))
        if self.precise and len(written) < 10:
            return Reading(None, Trouble("mapping.date-partial", {"formats": _FORMATS[self.order].split(",")[0]}, text))
        return reading

    def back(self, value: Any) -> str:
        written, estimated = value if isinstance(value, Moment) else (str(value), False)
        about = f"{_ABOUT_WORD.get(self.language, 'about')} " if estimated else ""
        hour = ""
        if len(written) > 10:
            moment = datetime.fromisoformat(written)
            local = moment.astimezone(MOROCCO) if moment.tzinfo else moment
            written, hour = local.date().isoformat(), f" {local:%H:%M}" if self.time else ""
        pieces = written.split("-")
        if self.order == "ymd":
            return about + written + hour
        if self.order == "mdy" and len(pieces) == 3:
            pieces = [pieces[0], pieces[2], pieces[1]]
        return about + "/".join(reversed(pieces)) + hour


@lru_cache(maxsize=8192)
def _read(text: str, order: Order, epoch: int, birth: bool, this_year: int) -> Reading:
    plain = fold(text).strip("()[] ,،")
    about = _ABOUT.match(plain)
    if about:
        plain = plain[about.end() :]
    if _HIJRI.search(plain):
        return Reading(None, Trouble("mapping.date-hijri", value=_both(text, plain)))
    try:
        written = _parse(_FILLER.sub("", plain).strip(" ,،"), order, epoch, this_year)
    except ValueError:
        return Reading(None, Trouble("mapping.date-impossible", value=text))
    if not written:
        return Reading(None, Trouble("mapping.date-unreadable", {"formats": _FORMATS[order]}, without_words(text)))
    if birth and written.endswith("-01-01"):
        written = written[:4]
    return Reading(Moment(written, bool(about)))


def _both(text: str, plain: str) -> str:
    """A Hijri date as it was written, and about which day it means."""
    day = hijri.about(plain)
    return f"{text.strip()} ≈ {day:%d/%m/%Y}" if day else text


def _parse(plain: str, order: Order, epoch: int, this_year: int) -> str:  # noqa: PLR0911 — one return for each way to write
    """A FHIR date; empty when the text is not a date; ValueError when it is one that does not exist."""
    if _INSTANT.fullmatch(plain) and (day := _day(plain)):
        return _date(day.year, day.month, day.day)
    if found := _ISO.fullmatch(plain):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMERIC.fullmatch(plain):
        return _numeric(found, order, this_year)
    if found := _SERIAL.fullmatch(plain):
        return _serial(int(found[1]), epoch)
    if found := _YEAR_MONTH.fullmatch(plain):
        return _date(int(found[1]), int(found[2]))
    if found := _YEAR.fullmatch(plain):
        return _date(int(found[1]))
    if found := _MONTH_YEAR.fullmatch(plain):
        return _date(int(found[2]), int(found[1]))
    if (found := _NAMED.fullmatch(plain)) and (month := MONTHS.get(found[2])):
        return _date(_year(found[3], this_year), month, int(found[1]) if found[1] else 0)
    return ""


def _day(plain: str) -> date | None:
    """On which day it was where the work is done: tools tell in UTC, in which an evening can still be the day before."""
    try:
        return datetime.fromisoformat(plain.upper()).astimezone(MOROCCO).date()
    except (ValueError, OverflowError):
        return None


def _numeric(found: re.Match[str], order: Order, this_year: int) -> str:
    first, second, third = found[1], found[2], found[3]
    if order == "ymd" and len(third) == 2:
        return _date(_year(first, this_year), int(second), int(third))
    day, month = (second, first) if order == "mdy" else (first, second)
    return _date(_year(third, this_year), int(month), int(day))


def _year(digits: str, this_year: int) -> int:
    if len(digits) == 4:
        return int(digits)
    century = this_year - this_year % 100
    year = century + int(digits)
    return year if year <= this_year else year - 100


def _serial(number: int, epoch: int) -> str:
    """Days since 1899-12-30 (which absorbs the workbook's 29 February 1900) or since 1904-01-01."""
    start = date(1904, 1, 1) if epoch == 1904 else date(1899, 12, 30)
    return (start + timedelta(days=number)).isoformat()


def _date(year: int, month: int = 0, day: int = 0) -> str:
    if not 1900 <= year <= 2100:
        raise ValueError(year)
    if day:
        return date(year, month, day).isoformat()
    if month:
        return date(year, month, 1).isoformat()[:7]
    return str(year)
