"""The door to FHIR R4 servers: referrals in and out as Tasks, and what becomes of them."""

from collections.abc import Iterator, Sequence

from adapters import http_listener
from adapters.fhir import check, manifest, pull, push, refer
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Watermark, unheard


class FhirServer:
    """hub.ports.Adapter, Completing and Listening for one FHIR server of one organisation."""

    manifest = manifest.MANIFEST
    completes = True

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def takes(self, connection: Connection) -> bool:
        return connection.settings.get("send") is True

    def refer(self, connection: Connection, referrals: Sequence[FollowUp]) -> frozenset[str]:
        return refer.refer(connection, referrals)

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        http_listener.listen_for_hints(connection, ready, heard)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = FhirServer()
