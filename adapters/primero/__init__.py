"""The door to Primero v2 and GBVIMS+: cases in, what became of referrals out."""

from collections.abc import Iterator, Sequence

from adapters import http_listener
from adapters.primero import check, manifest, pull, push, refer, sample
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Sample, Watermark, unheard


class Primero:
    """hub.ports.Adapter, Completing, Listening and Sampling for the cases that one account of a Primero server may see."""

    manifest = manifest.MANIFEST
    completes = True

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def takes(self, connection: Connection) -> bool:
        return connection.settings.get("send") is True

    def refer(self, connection: Connection, referrals: Sequence[FollowUp]) -> None:
        refer.refer(connection, referrals)

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        http_listener.listen_for_hints(connection, ready, heard)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        return sample.sample(connection, rows)


adapter = Primero()
