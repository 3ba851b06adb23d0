"""The door to KoboToolbox: submissions in, answers to follow-up questions out."""

from collections.abc import Iterator, Sequence

from adapters import http_listener
from adapters.kobo import check, form, manifest, pull, push
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Heard, Pulled, Ready, Sample, Watermark, unheard


class KoboToolbox:
    """hub.ports.Adapter and Listening for one project of a KoboToolbox server."""

    manifest = manifest.MANIFEST

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return pull.pull(connection, since)

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        push.push(connection, follow_ups)

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        http_listener.listen_for_hints(connection, ready, heard)

    def check(self, connection: Connection) -> Iterator[Issue]:
        return check.check(connection)

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        return form.sample(connection, rows)


adapter = KoboToolbox()
