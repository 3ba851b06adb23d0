"""The door to CommCare HQ: survivor cases and their referral cases in, what became of the referrals out."""

from collections.abc import Iterator, Sequence

from adapters.commcare import answers, application, check, listen, manifest, pull, push, refer
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Sample, Watermark, unheard


class CommCare:
    """hub.ports.Adapter, Completing, Listening and Sampling for one project space (a *domain*) of a CommCare HQ server."""

    manifest = manifest.MANIFEST
    completes = True

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        listen.listen(connection, ready, heard)

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return answers.pull(connection, since) if self.takes(connection) else pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def takes(self, connection: Connection) -> bool:
        return connection.settings.get("send") is True

    def refer(self, connection: Connection, referrals: Sequence[FollowUp]) -> None:
        refer.refer(connection, referrals)

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        return application.sample(connection, rows)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)


adapter = CommCare()
