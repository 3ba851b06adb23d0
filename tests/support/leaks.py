"""Looks for marked values wherever they could have got to, however they are spelled on the way."""

import html
import io
import re
import unicodedata
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_plus

SHORTEST_ENCODED: Final = 5  # fewer characters of base64 are found anywhere by chance
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_WRITTEN_APART: Final = re.compile(r"(?<=\d)[\s.\-_/]+(?=\d)")


@dataclass(frozen=True)
class Leak:
    """`where` it was found, and which mark. What stands around it is not repeated: it would be one more leak."""

    where: str
    mark: str


class Detector:
    """Finds marks in text, in bytes, in files (and inside zipped ones, as workbooks are), and in the names of files."""

    def __init__(self, marks: Sequence[str]) -> None:
        self._marks = {mark: _plain(mark) for mark in marks}
        self._encoded = {mark: list(_in_base64(mark)) for mark in marks}

    def in_text(self, where: str, text: str) -> Iterator[Leak]:
        spellings = {_plain(spelled) for spelled in _spellings(text)}
        for mark, plain in self._marks.items():
            if any(plain in spelled for spelled in spellings) or any(code in text for code in self._encoded[mark]):
                yield Leak(where, mark)

    def in_bytes(self, where: str, content: bytes) -> Iterator[Leak]:
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield from self.in_text(f"{where}: name of a part", name)
                    yield from self.in_bytes(f"{where}: {name}", archive.read(name))
            return
        wide = content.count(b"\x00") * 3 > len(content)
        yield from self.in_text(where, content.decode("utf-16-le" if wide else "utf-8", "replace"))

    def in_file(self, path: Path, root: Path) -> Iterator[Leak]:
        yield from self.in_bytes(str(path.relative_to(root)), path.read_bytes())

    def in_names(self, paths: Iterable[Path], root: Path) -> Iterator[Leak]:
        for path in paths:
            yield from self.in_text(f"the name of a file in {path.parent.relative_to(root)}", path.name)


def _plain(text: str) -> str:
    """One spelling of letters and digits: case, Arabic digits, and the gaps in a phone number make no difference."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    digits = "".join(str(unicodedata.decimal(letter, letter)) for letter in folded)
    return _WRITTEN_APART.sub("", digits)


def _spellings(text: str) -> Iterator[str]:
    yield text
    yield unquote_plus(unquote_plus(text))
    yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    yield html.unescape(text)


def _in_base64(mark: str) -> Iterator[str]:
    """The characters that stand for the mark and nothing else, wherever in the encoded text it begins."""
    for spelled in {mark, mark.lower()}:
        for before in range(3):
            encoded = b64encode(b"\0" * before + spelled.encode()).decode().rstrip("=")
            certain = encoded[-(-before * 8 // 6) : (before + len(spelled.encode())) * 8 // 6]
            if len(certain) >= SHORTEST_ENCODED:
                yield certain
                yield certain.replace("+", "-").replace("/", "_")
