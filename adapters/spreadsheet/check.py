"""What would stop a pull, found before one is run: settings, files, headers. A few rows are read, and none is kept."""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

from adapters.spreadsheet.files import is_handed_over, register_path, sources
from adapters.spreadsheet.manifest import MANIFEST
from adapters.spreadsheet.ours import is_ours, is_source
from adapters.spreadsheet.pull import read
from adapters.spreadsheet.push import ALLOWED
from adapters.spreadsheet.register import LANGUAGES
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.met import Met
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings

TRIED = 5


def check(connection: Connection) -> Iterator[Issue]:
    """Findings, worst first where they depend on each other; none when a pull can run."""
    yield from _settings(connection)
    if is_handed_over(connection):
        return
    try:
        paths = sources(connection)
    except AdapterError as problem:
        yield stops(problem)
        return
    for path in paths:
        try:
            with Met() as met, closing(read(connection, path, met)) as records:
                tried = list(islice(records, TRIED))
        except AdapterError as problem:
            yield stops(problem)
            continue
        if not tried:
            yield Issue("warning", "not-found", "adapters.no-rows")


def _settings(connection: Connection) -> Iterator[Issue]:
    yield from unknown_settings(connection, MANIFEST)
    if str(connection.settings.get("language", "fr")) not in LANGUAGES:
        yield Issue("error", "value", "adapters.unknown-language", params={"languages": ", ".join(LANGUAGES)})
    for name, known in ALLOWED.items():
        if str(connection.settings.get(name) or known[0]) not in known:
            params = {"setting": name, "known": " ".join(known)}
            yield Issue("error", "value", "adapters.register-setting", params=params)
    if not connection.layout.key:
        yield Issue("warning", "incomplete", "adapters.layout-without-key")
    yield from _register(connection)


def _register(connection: Connection) -> Iterator[Issue]:
    """What would keep the follow-up register from being written."""
    path = register_path(connection)
    language = str(connection.settings.get("language") or "fr")
    if is_source(path, connection) or (path.exists() and not is_ours(path, connection, language)):
        yield Issue("error", "security", "adapters.register-unreadable")
    folder = next(parent for parent in register_path(connection).parents if parent.exists())
    if not os.access(folder, os.W_OK):
        yield Issue("error", "security", "adapters.register-not-writable")
