"""Plural forms within a sentence: `{count:# ligne|# lignes}`, where `#` stands for the number.

French and English have two forms, Arabic five: one, two, few, many, and what hundreds are counted with.
https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html
"""

from string import Formatter
from typing import Any, Final

FORMS: Final = {"ar": 5, "fr": 2, "en": 2}
"""How many a sentence writes, one after the other, in each language."""


class Sentences(Formatter):
    """Fills the blanks of the sentences of a language, and chooses among the forms of what it counts."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        forms = format_spec.split("|")
        return forms[which(int(value), self._language)].replace("#", str(value))


def which(count: int, language: str) -> int:
    """The place of the form that goes with this number."""
    if language == "ar":
        return _in_arabic(count)
    return int(count > 1 if language == "fr" else count != 1)


def _in_arabic(count: int) -> int:
    if count in {1, 2}:
        return count - 1
    if count % 100 < 3:  # 0, 100 and 102 are counted by the noun alone
        return 4
    return 2 if count % 100 <= 10 else 3
