"""The XML of a workbook's parts as it passes by: no tree is built of it, and nothing of it stays.

So what is held does not grow with the part. What would let it grow all the same is refused: tags within tags without end, names
that are new again and again, a tag or a text longer than a record may be, and a DTD, which no workbook has.

https://docs.python.org/3/library/pyexpat.html
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Final
from xml.parsers import expat

from hub.errors import Fatal

Attributes = dict[str, str]

CHUNK: Final = 1 << 16
MAX_TEXT: Final = 1_000_000
"""Characters of one cell; spreadsheet programs take 32,767: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3"""
MAX_TAG: Final = 4_000_000
MAX_NAMES: Final = 5_000
MAX_DEPTH: Final = 100

_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
SPACE: Final = " \t\r\n"


class Passing:
    """One part, and who listens to it. `text`: what was written since the listener last emptied it, while it `hears`.
    `is_over`: the listener has heard enough.

    Names come without the prefix of their namespace: a part of a workbook has one namespace that matters. `bounded`: the listener
    itself refuses tags within tags without end, and is called directly: it is for what runs for every cell.
    """

    def __init__(
        self,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] = lambda _: None,
        *,
        bounded: bool = False,
    ) -> None:
        self.text: list[str] = []
        self._start, self._end = start, end
        self._from, self._trims = 0, False
        self.is_over = False
        self._depth = 0
        self._bounded = bounded
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._opens, self._closes
        parser.StartDoctypeDeclHandler = _refuse

    def hear(self, attributes: Attributes | None = None) -> None:
        """What is written from here on. With the attributes of a text: spaces around it count where they say so."""
        self._parser.CharacterDataHandler = self.text.append
        self._from = len(self.text)
        self._trims = attributes is not None and attributes.get("xml:space") != "preserve"

    def close_ears(self) -> None:
        self._parser.CharacterDataHandler = None
        if self._trims:
            self.text[self._from :] = ["".join(self.text[self._from :]).strip(SPACE)]

    def take(self) -> str:
        """What was heard, and not yet taken."""
        text = "".join(self.text)
        self.text.clear()
        return unescaped(text)

    def over(self, part: IO[bytes]) -> Iterator[None]:
        """The part, piece by piece. Raises Fatal where it is damaged, or made to take the memory of who reads it."""
        parser, fed = self._parser, 0
        while chunk := _next(part):
            self._parse(chunk)
            if self.is_over:
                yield
                return
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TAG or len(parser.intern) > MAX_NAMES:
                raise Fatal("adapters.file-too-large")
            if sum(map(len, self.text)) > MAX_TEXT:
                raise Fatal("adapters.file-too-large")
            yield
        self._parse(b"", end=True)
        yield

    def _parse(self, chunk: bytes, *, end: bool = False) -> None:
        try:
            self._parser.Parse(chunk, end)
        except (expat.ExpatError, ValueError, LookupError, TypeError):  # the latter: of an encoding that is none
            raise Fatal("adapters.file-unreadable") from None

    def _opens(self, name: str, attributes: Attributes) -> None:
        if self._bounded and self._depth == 0 and ":" not in name:
            self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fatal("adapters.file-too-large")
        self._start(name if ":" not in name else name.rpartition(":")[2], attributes)

    def _closes(self, name: str) -> None:
        self._depth -= 1
        self._end(name if ":" not in name else name.rpartition(":")[2])


def plain(name: str) -> str:
    """The name of a part as it should be written; some programs write `xl\\SharedStrings.xml`."""
    return name.replace("\\", "/").lower()


def _next(part: IO[bytes]) -> bytes:
    try:
        return part.read(CHUNK)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError):
        raise Fatal("adapters.file-unreadable") from None


def unescaped(text: str) -> str:
    """With the characters that XML cannot write and workbooks spell: `_x000D_`. ECMA-376 part 1, 22.4.2.4 (ST_Xstring)."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(escaped: re.Match[str]) -> str:
    """Half a character stays as it is spelled."""
    number = int(escaped[1], 16)
    return escaped[0] if 0xD800 <= number < 0xE000 or number == 0 else chr(number)


def _refuse(*_: object) -> None:
    raise Fatal("adapters.file-unreadable")
