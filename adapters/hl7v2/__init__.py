"""The door to hospital systems that speak HL7 v2: referrals and answers, in and out, over MLLP."""

from collections.abc import Iterator, Sequence

from adapters.hl7v2 import check, listen, manifest, pull, push
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Watermark, unheard


class Hl7V2:
    """hub.ports.Adapter, Completing and Listening for one hospital."""

    manifest = manifest.MANIFEST
    completes = True

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        listen.listen(connection, ready, heard)

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def takes(self, connection: Connection) -> bool:
        return bool(connection.settings.get("send"))

    def refer(self, connection: Connection, referrals: Sequence[FollowUp]) -> None:
        push.refer(connection, referrals)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = Hl7V2()
