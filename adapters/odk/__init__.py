"""The door to ODK Central: submissions in, comments and review states out."""

from collections.abc import Iterator, Sequence

from adapters.odk import check, form, manifest, pull, push
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Pulled, Sample, Watermark


class OdkCentral:
    """hub.ports.Adapter and Sampling for one form of an ODK Central server."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        return form.sample(connection, rows)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = OdkCentral()
