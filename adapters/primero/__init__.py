"""The door to Primero v2 and GBVIMS+: cases in, what became of referrals out."""

from collections.abc import Iterator, Sequence

from adapters.primero import check, manifest, pull, push
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Pulled, Watermark


class Primero:
    """hub.ports.Adapter for the cases that one account of a Primero server may see."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = Primero()
