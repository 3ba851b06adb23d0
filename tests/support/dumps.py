"""A copy of a whole database, as a backup holds it, searched for what must not be in it."""

import re
from collections.abc import Iterator
from typing import Any, Final

import bson
from pymongo.database import Database

from hub.fhir.folding import fold
from tests.support.leaks import Detector

LEAST: Final = 4
"""Letters: fewer are found anywhere by chance."""


def dump(database: Database[Any]) -> Iterator[tuple[str, bytes]]:
    """Every document of every collection, as the bytes that a backup would hold."""
    for name in database.list_collection_names():
        for document in database[name].find():
            yield f"{name} {document['_id']}", bson.encode(document)


def found_in(database: Database[Any], marks: tuple[str, ...]) -> set[tuple[str, str]]:
    spellings = {one for mark in marks for one in (mark, fold(mark), *words(mark), *words(fold(mark)))}
    detector = Detector(sorted(spellings))
    encoded = {spelled: spelled.encode() for spelled in spellings}
    found: set[tuple[str, str]] = set()
    for where, raw in dump(database):
        found |= {(where, spelled) for spelled, one in encoded.items() if one in raw or one.hex().encode() in raw}
        found |= {(leak.where, leak.mark) for leak in detector.in_text(where, raw.decode("utf-8", "replace"))}
    return found


def words(text: str) -> Iterator[str]:
    """Each word, and the beginning of a long one."""
    for word in re.findall(r"\w+", text):
        if len(word) >= LEAST:
            yield word
            yield word[: max(LEAST, len(word) - 2)]
