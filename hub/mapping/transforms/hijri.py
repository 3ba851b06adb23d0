"""About which day of the common calendar a Hijri date means: for the person who decides, and never as data.

The civil (tabular) calendar; months that begin when the moon is seen may lie a day or two beside it.
https://en.wikipedia.org/wiki/Tabular_Islamic_calendar
"""

import re
from datetime import date
from typing import Final

from hub.fhir.folding import fold

_NAMES: Final = (
    "محرم",
    "صفر",
    "ربيع الأول",
    "ربيع الآخر|ربيع الثاني",
    "جمادى الأولى",
    "جمادى الآخرة|جمادى الثانية",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذو القعدة|ذي القعدة|القعدة",
    "ذو الحجة|ذي الحجة|الحجة",
)
_MONTHS: Final = {fold(name): month for month, names in enumerate(_NAMES, 1) for name in names.split("|")}
_NUMBERS: Final = re.compile(r"(\d{1,2})\s?[-/. ]\s?(\d{1,2})\s?[-/. ]\s?(1[34]\d\d)\b")
_NAMED: Final = re.compile(rf"(\d{{1,2}})\s+({'|'.join(sorted(_MONTHS, key=len, reverse=True))})\s+(1[34]\d\d)\b")
_EPOCH: Final = 227_014
"""The day before the first of the first year, as Python counts days."""


def about(plain: str) -> date | None:
    """The day that a folded text means, day first; None where it names no whole date."""
    if found := _NUMBERS.search(plain):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    elif found := _NAMED.search(plain):
        day, month, year = int(found[1]), _MONTHS[found[2]], int(found[3])
    else:
        return None
    if not (1 <= day <= 30 and 1 <= month <= 12):
        return None
    return date.fromordinal(day + (59 * (month - 1) + 1) // 2 + (year - 1) * 354 + (3 + 11 * year) // 30 + _EPOCH)
