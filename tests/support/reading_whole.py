"""What is read whole of people: how much an act asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.store import MongoStore


@contextmanager
def read_whole(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[set[str]]]:
    """The persons that are read whole, one set for each time."""
    read: list[set[str]] = []
    whole = store._read_compartments
    with monkeypatch.context() as patched:
        patched.setattr(store, "_read_compartments", lambda persons: read.append(set(persons)) or whole(persons))
        yield read
