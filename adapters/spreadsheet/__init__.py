"""The door to registers in spreadsheets: XLSX, XLS, ODS and CSV in, a follow-up register out."""

from collections.abc import Iterator, Sequence

from adapters.spreadsheet import check, manifest, pull, push, sample
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Pulled, Sample, Watermark


class Spreadsheet:
    """hub.ports.Adapter for files that people keep."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)

    def take(self, connection: Connection, content: bytes) -> Iterator[Pulled]:
        return pull.take(connection, content)

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        return sample.sample(connection, rows)


adapter = Spreadsheet()
