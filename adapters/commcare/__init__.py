"""The door to CommCare HQ: survivor cases and their referral cases in, what became of the referrals out."""

from collections.abc import Iterator, Sequence

from adapters.commcare import application, check, listen, manifest, pull, push
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Sample, Watermark, unheard


class CommCare:
    """hub.ports.Adapter, Listening and Sampling for one project space (a *domain*) of a CommCare HQ server."""

    manifest = manifest.MANIFEST

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        listen.listen(connection, ready, heard)

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        return application.sample(connection, rows)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = CommCare()
