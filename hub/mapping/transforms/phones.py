"""Telephone numbers as Moroccan registers hold them → E.164.

What a Moroccan number is comes from libphonenumber's metadata. The emergency and help lines (8350, 19, 177…) are no
numbers in that sense and stay as they are. A number that Excel turned into `2.12613E+11` is lost: the cell is left out.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from hub.fhir.folding import ascii_digits, fold
from hub.mapping.model import NOTHING, Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole

SHORT: Final = frozenset({"8350", "2511", "190", "177", "19", "15"})
_NONE: Final = frozenset(
    fold(word)
    for word in ("aucun", "aucune", "non", "sans", "néant", "pas de téléphone", "لا يوجد", "لا", "بدون", "ليس لها هاتف")
)
_BETWEEN: Final = re.compile(r"[/,;،؛|\n]+|\s+(?:ou|et|او|أو)\s+|\s+و\s*(?=[\d+])", re.IGNORECASE)
_DRESSING: Final = re.compile(r"[\s.\-()\u00a0\u202f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_MOROCCAN: Final = re.compile(r"(?:(?:\+|00)?212|0|)0?([5-8]\d{8})")
_USUAL: Final = re.compile(r"0?([5-8][0-9]{8})")
_SEVERAL: Final = re.compile(r"(?:(?:\+|00)212|0)0?[5-8]\d{8}")
_LOST: Final = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)


def _valid_national() -> re.Pattern[str]:
    region = PhoneMetadata.metadata_for_region("MA")
    assert region is not None
    kinds = (region.fixed_line, region.mobile, region.toll_free, region.premium_rate, region.voip, region.uan)
    return re.compile("|".join(kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern))


_VALID: Final = _valid_national()


@dataclass(frozen=True)
class Phones(Whole):
    """All the numbers of a cell, as a tuple of E.164 strings."""

    @property
    def recurs(self) -> bool:
        return False

    def forward(self, text: str, context: Context) -> Reading:
        usual = _USUAL.fullmatch(text)
        if usual and _VALID.fullmatch(usual[1]):
            return Reading((f"+212{usual[1]}",))
        return _read(text)

    def back(self, value: Any) -> str:
        return " / ".join(_national(number) for number in ((value,) if isinstance(value, str) else value))


@lru_cache(maxsize=4096)
def _read(text: str) -> Reading:
    plain = ascii_digits(text).strip()
    if _LOST.fullmatch(_DRESSING.sub("", plain).replace("+", "", 1)) or _LOST.fullmatch(plain):
        return Reading(None, Trouble("mapping.phone-lost", warns=True))
    if fold(text) in _NONE:
        return NOTHING
    numbers: list[str] = []
    unread = False
    for piece in _BETWEEN.split(plain):
        if piece.strip():
            found = _numbers(piece)
            unread = unread or not found
            numbers += [number for number in found if number not in numbers]
    trouble = Trouble("mapping.phone-unreadable") if unread else None
    return Reading(tuple(numbers) or None, trouble)


def _numbers(piece: str) -> tuple[str, ...]:
    bare = _DRESSING.sub("", piece)
    if bare in SHORT:
        return (bare,)
    found = _MOROCCAN.fullmatch(bare)
    if found:
        return (f"+212{found[1]}",) if _VALID.fullmatch(found[1]) else ()
    if any(c.isalpha() for c in bare):
        return ()  # a remark beside the number, as "her sister's": not a number to call
    several = _SEVERAL.findall(bare)
    if len(several) > 1 and "".join(several) == bare:
        return tuple(number for one in several for number in _numbers(one))
    return _foreign(bare)


def _foreign(bare: str) -> tuple[str, ...]:
    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", bare), "MA")
    except phonenumbers.NumberParseException:
        return ()
    if not phonenumbers.is_valid_number(number):
        return ()
    return (phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),)


def _national(number: str) -> str:
    return f"0{number[4:]}" if number.startswith("+212") else number
