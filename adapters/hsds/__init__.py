"""The door to service directories that speak Open Referral HSDS 3: services in, and the hub's own directory out."""

from collections.abc import Iterable, Iterator, Sequence

from adapters.hsds import check, manifest, publish, pull, push
from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Pulled, Watermark


class ServiceDirectory:
    """hub.ports.Adapter and Publishing for one HSDS API."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def publish(self, connection: Connection, entries: Iterable[Resource]) -> int:
        return publish.publish(connection, entries)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = ServiceDirectory()
