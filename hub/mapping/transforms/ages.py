"""Ages as they are told: exact, about, between, or only "a minor". And the age band, which is all that a notice carries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.fhir.folding import fold
from hub.mapping.model import Context, Reading, Trouble

OLDEST: Final = 120
BANDS: Final = (
    (0, 11, "0-11"),
    (12, 14, "12-14"),
    (15, 17, "15-17"),
    (18, 25, "18-25"),
    (26, 40, "26-40"),
    (41, 60, "41-60"),
    (61, OLDEST, "61-plus"),
)
MAJORITY: Final = 18

_ABOUT: Final = re.compile(
    r"^(?:~|≈|vers|environ|env\.?|presque|a peu pres|about|حوالي|نحو|تقريبا|قرابه)\s*|\s*(?:تقريبا|environ|env)$"
)
_UNIT: Final = r"(?:\s*(?:ans?|annees?|years?|y|سنه|سنوات|عاما|عام))?"
_EXACT: Final = re.compile(rf"(?:age\s*)?(\d{{1,3}})(?:[.,]0+)?{_UNIT}")
_BETWEEN: Final = re.compile(
    rf"(?:age\s*|entre\s*|de\s*|بين\s*|ما بين\s*|من\s*)?(\d{{1,3}}){_UNIT}\s*(?:-|–|/|a|et|to|الي|و)\s*(\d{{1,3}}){_UNIT}"
)
_FROM: Final = re.compile(
    rf"(?:\+\s*(\d{{1,3}})"
    rf"|(\d{{1,3}}){_UNIT}\s*(?:\+|et plus|& older|and older|فما فوق|فاكثر)"
    rf"|(?:plus de|اكثر من|فوق)\s*(\d{{1,3}})){_UNIT}"
)
_MONTHS: Final = re.compile(r"(\d{1,2})\s*(?:mois|months?|شهر|شهرا|اشهر|شهور)")
_WORDS: Final[Mapping[str, str]] = {
    fold(word): band
    for band, words in (
        (
            "minor",
            ("mineure", "mineur", "minor", "قاصر", "قاصرة", "طفلة", "moins de 18 ans", "أقل من 18 سنة", "-18", "<18"),
        ),
        ("adult", ("majeure", "majeur", "adulte", "adult", "راشدة", "راشد", "بالغة", "بالغ")),
        ("unknown", ("inconnu", "inconnue", "unknown", "غير معروف", "غير محدد")),
    )
    for word in words
}
_LABELS: Final = {
    "fr": {"minor": "mineure", "adult": "majeure", "unknown": "inconnu"},
    "ar": {"minor": "قاصر", "adult": "راشدة", "unknown": "غير معروف"},
    "en": {"minor": "minor", "adult": "adult", "unknown": "unknown"},
}


class Age(NamedTuple):
    """`age` when one number was told, else `low` and `high`, else only the band."""

    age: int | None = None
    low: int | None = None
    high: int | None = None
    estimated: bool = False
    band: str = "unknown"


def band(low: int, high: int) -> str:
    """The age band that holds the whole range; `adult`, `minor` or `unknown` when it spans several."""
    for first, last, name in BANDS:
        if first <= low and high <= last:
            return name
    return "adult" if low >= MAJORITY else "minor" if high < MAJORITY else "unknown"


@dataclass(frozen=True)
class AgeText:
    """Its parts go to the reported-age extension and to the age band."""

    language: str = "en"

    @property
    def recurs(self) -> bool:
        return True

    @property
    def steady(self) -> bool:
        return True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("age", "low", "high", "estimated", "band")

    def part(self, value: Age, name: str) -> Any:
        told = getattr(value, name)
        return None if told is False else told

    def join(self, parts: Mapping[str, Any]) -> Age | None:
        age, low, high = parts.get("age"), parts.get("low"), parts.get("high")
        if age is not None or low is not None:
            return _age(age, low, high, bool(parts.get("estimated")))
        return Age(band=parts["band"]) if parts.get("band") in {"minor", "adult", "unknown"} else None

    def forward(self, text: str, context: Context) -> Reading:
        return _read(text)

    def back(self, value: Age) -> str:
        about = "~" if value.estimated else ""
        if value.age is not None:
            return f"{about}{value.age}"
        if value.low is not None:
            return f"{about}{value.low}+" if value.high is None else f"{about}{value.low}-{value.high}"
        return _LABELS.get(self.language, _LABELS["en"])[value.band]


def _age(age: int | None, low: int | None, high: int | None, estimated: bool) -> Age:
    if age is not None:
        return Age(age, None, None, estimated, band(age, age))
    low = low or 0
    return Age(None, low, high, estimated, band(low, OLDEST if high is None else high))


@lru_cache(maxsize=4096)
def _read(text: str) -> Reading:
    plain = fold(text)
    if plain in _WORDS:
        return Reading(Age(band=_WORDS[plain]))
    told, about = _ABOUT.subn("", plain)
    if found := _EXACT.fullmatch(told):
        return _within(text, _age(int(found[1]), None, None, bool(about)))
    if found := _BETWEEN.fullmatch(told):
        return _within(text, _age(None, int(found[1]), int(found[2]), bool(about)))
    if found := _FROM.fullmatch(told):
        return _within(text, _age(None, int(found[1] or found[2] or found[3]), None, bool(about)))
    if found := _MONTHS.fullmatch(told):
        return Reading(_age(int(found[1]) // 12, None, None, bool(about)))
    return Reading(None, Trouble("mapping.age-unreadable", value=text))


def _within(text: str, told: Age) -> Reading:
    numbers = [number for number in (told.age, told.low, told.high) if number is not None]
    if max(numbers) > OLDEST or numbers != sorted(numbers):
        return Reading(None, Trouble("mapping.age-impossible", value=text))
    return Reading(told)
