"""What would stop a report, found before one is sent: settings, token, organisation unit, data set, event
programme, and the codes of the mapping. Nothing is written."""

from collections.abc import Iterator, Sequence

from adapters.dhis2.client import Dhis2, opened
from adapters.dhis2.manifest import MANIFEST
from adapters.dhis2.programme import Programme, fetch_programme, is_named, stopping
from adapters.dhis2.report import unknown
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.ports import Connection, Figure, Row
from hub.ports.checking import stops, unknown_settings


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a report can be sent."""
    yield from unknown_settings(connection, MANIFEST)
    try:
        with opened(connection) as dhis2:
            missing = _missing(connection, dhis2)
            named = fetch_programme(connection, dhis2) if is_named(connection) else None
            yield from (*missing, *(one for one in stopping(named, ()) if one not in missing))
    except AdapterError as problem:
        yield stops(problem)


def codes(connection: Connection, cells: Sequence[Figure], rows: Sequence[Row] = ()) -> Iterator[Issue]:
    """Each data element, category option combination and option that the mapping names and the instance does not have."""
    with opened(connection) as dhis2:
        yield from unknown(cells, dhis2)
        if is_named(connection):
            programme = fetch_programme(connection, dhis2)
            yield from stopping(programme, rows)
            yield from _warnings(programme, rows)


def _warnings(programme: Programme | tuple[Issue, ...], rows: Sequence[Row] = ()) -> Iterator[Issue]:
    if not rows:
        yield Issue("warning", "incomplete", "dhis2.no-rows")
    if isinstance(programme, Programme) and programme.expires:
        yield Issue("warning", "business-rule", "dhis2.expires")


def _missing(connection: Connection, dhis2: Dhis2) -> list[Issue]:
    places = (("organisationUnits", "org_unit"), ("dataSets", "data_set"))
    return [
        Issue("error", "not-found", "dhis2.no-such-code", params={"list": list_, "code": code})
        for list_, setting in places
        if (code := str(connection.settings[setting])) not in dhis2.listed(list_, [code], "code")
    ]
