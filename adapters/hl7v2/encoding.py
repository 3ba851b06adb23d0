"""The letters of HL7 v2: character sets, the five delimiters that each message names itself, and escapes.

HL7 v2.5.1 chapter 2: 2.5 (delimiters), 2.7 (escapes), 2.14.9.18 (MSH-18, table 0211). https://www.hl7.org/implement/standards/product_brief.cfm?product_id=144
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

CHARSETS: Final = {
    "": "utf-8",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "8859/1": "iso8859-1",
    "8859/6": "iso8859-6",
    "8859/15": "iso8859-15",
    "WINDOWS-1256": "cp1256",
    "WINDOWS-1252": "cp1252",
}
"""Table 0211, the names that are met beside it, and what a message without MSH-18 is taken for."""

BOM: Final = b"\xef\xbb\xbf"
_HEX: Final = re.compile(r"X(?:[0-9A-Fa-f]{2})+")


class Unreadable(Exception):  # noqa: N818 — what is sent back says what was wrong
    """The bytes are no message in the character set that they name. `segment`, `field`: where; nothing of the content."""

    def __init__(self, code: str, location: str = "MSH^1") -> None:
        super().__init__(code)
        self.code, self.location = code, location


@dataclass(frozen=True)
class Delimiters:
    """MSH-1 and MSH-2. A message may leave out the last ones: then they do not occur in it."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        return self.component + self.repetition + self.escape + self.subcomponent


USUAL: Final = Delimiters()


@lru_cache(maxsize=64)
def delimiters(header: str) -> Delimiters:
    """Of the first nine characters of a message. Raises Unreadable."""
    if not header.startswith("MSH") or len(header) < 5:
        raise Unreadable("100")
    field = header[3]
    encoding = header[4:].partition(field)[0]
    padded = encoding[:4] + "\0\0\0\0"[len(encoding) :]
    named = [field, *encoding[:4]]
    if len(set(named)) != len(named) or not encoding or any(one.isalnum() or one in ' \r\n"' for one in named):
        raise Unreadable("102", "MSH^1^2")
    return Delimiters(field, *padded)


def decode(raw: bytes, preferred: str = "") -> tuple[str, str]:
    """The text and the charset that it was written in. `preferred`: for messages that name none.

    MSH-18 may repeat: the first is the one that all is written in, the others are switched to by escapes that nobody here sends.
    """
    raw = raw.removeprefix(BOM)
    header = raw.split(b"\r", 1)[0].split(b"\n", 1)[0].decode("latin-1")
    marks = delimiters(header[:9])
    fields = header.split(marks.field)
    name = fields[17].split(marks.repetition)[0].strip().upper() if len(fields) > 17 else ""
    codec = CHARSETS.get(name or preferred.upper())
    if codec is None:
        raise Unreadable("103", "MSH^1^18")
    try:
        return raw.decode(codec), codec
    except UnicodeDecodeError:
        raise Unreadable("102", "MSH^1^18") from None


def unescape(text: str, marks: Delimiters, codec: str = "utf-8") -> str:
    """What is meant by a value. Escapes that only dress text (highlighting, indents) are dropped; a lone escape stays."""
    if marks.escape not in text or marks.escape == "\0":
        return text
    pieces = text.split(marks.escape)
    told = [pieces[0]]
    position = 1
    while position < len(pieces):
        inside = pieces[position]
        meant = _meant(inside, marks, codec) if position + 1 < len(pieces) else None
        if meant is None:
            told.append(marks.escape + inside)
            position += 1
        else:
            told.append(meant + pieces[position + 1])
            position += 2
    return "".join(told)


_LINE: Final = frozenset({".br", ".sp", ".ce"})
_DRESS: Final = re.compile(r"[HN]|\.(?:fi|nf|in[+-]?\d*|ti[+-]?\d*|sk\d*)|[CM][0-9A-Fa-f]+|Z.*", re.DOTALL)


def _meant(inside: str, marks: Delimiters, codec: str) -> str | None:
    single = {"F": marks.field, "S": marks.component, "T": marks.subcomponent, "R": marks.repetition, "E": marks.escape}
    if inside in single:
        return single[inside]
    if inside in _LINE or re.fullmatch(r"\.sp\d*", inside):
        return "\n"
    if _HEX.fullmatch(inside):
        return bytes.fromhex(inside[1:]).decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n")
    return "" if inside and _DRESS.fullmatch(inside) else None


def escape(text: str, marks: Delimiters = USUAL) -> str:
    """A value as it may stand in a message: no delimiter, no line end and no control character of it is left bare."""
    swaps = {
        marks.escape: "E", marks.field: "F", marks.component: "S", marks.subcomponent: "T", marks.repetition: "R",
    }  # fmt: skip
    told = []
    for letter in text.replace("\r\n", "\n").replace("\r", "\n"):
        if letter in swaps:
            told.append(f"{marks.escape}{swaps[letter]}{marks.escape}")
        elif letter in "\n\v\f\x1c\x1d\x1e\x85\u2028\u2029":
            told.append(f"{marks.escape}.br{marks.escape}")
        elif letter >= " " and letter != "\x7f":
            told.append(letter)
    return "".join(told)
