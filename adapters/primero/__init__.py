"""The door to Primero v2 and GBVIMS+: cases in, what became of referrals out."""

from collections.abc import Iterator, Sequence

from adapters import http_listener
from adapters.primero import check, manifest, pull, push
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Watermark, unheard


class Primero:
    """hub.ports.Adapter and Listening for the cases that one account of a Primero server may see."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        http_listener.listen_for_hints(connection, ready, heard)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = Primero()
