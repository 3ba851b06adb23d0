"""The door to DHIS2: the monthly figures of an organisation out, and events that are about nobody; never a record."""

from collections.abc import Iterator, Sequence

from adapters.dhis2 import check, manifest, pull, push, report
from hub.fhir.issues import Issue
from hub.ports import Connection, Figure, FollowUp, Pulled, Reported, Return, Row, Watermark


class Dhis2:
    """hub.ports.Adapter, Reporting and Coded for one data set and organisation unit of a DHIS2 server."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def report(self, connection: Connection, figures: Return, *, dry_run: bool = False) -> Reported:
        return report.report(connection, figures, dry_run=dry_run)

    def codes(self, connection: Connection, cells: Sequence[Figure], rows: Sequence[Row] = ()) -> Iterator[Issue]:
        return check.codes(connection, cells, rows)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = Dhis2()
