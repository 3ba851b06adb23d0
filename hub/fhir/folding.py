"""How text is folded for *comparison*: headers, codes, search strings. What is stored and shown is never folded.

Arabic: tatweel, harakat and direction marks go; the forms of alif, ya, ta marbuta and hamza carriers meet. Latin: case
and accents go. All digits become ASCII; spaces collapse; `? : *` at the ends go.
"""

import re
import unicodedata
from functools import lru_cache

_DROP = dict.fromkeys(
    [
        0x0640, 0x0670, *range(0x064B, 0x0653), 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]
)  # fmt: skip
_LETTERS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي"} | dict.fromkeys("’‘ʼ", "'")
)
_SPACES = re.compile(r"[\s\u00a0\u202f_]+")


def ascii_digits(text: str) -> str:
    """Arabic-Indic, extended and full-width digits as ASCII; every other character as it was."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if not c.isascii() and c.isdecimal() else c for c in text)


@lru_cache(maxsize=8192)  # of headers and words; the keys of a register pass through, each of them new
def fold(text: str) -> str:
    """The form in which two spellings of the same label are equal. Never show it, never store it as data."""
    text = unicodedata.normalize("NFKC", text).translate(_DROP).translate(_LETTERS)
    text = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return _SPACES.sub(" ", ascii_digits(text)).strip(" ?:*؟.")
