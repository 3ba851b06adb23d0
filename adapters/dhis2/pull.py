"""Nothing: a data set holds figures, and figures are about nobody. Lists of codes are read when a report is sent."""

from collections.abc import Iterator

from adapters.dhis2.client import settled
from hub.ports import Connection, Pulled, Watermark


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """No record, ever. Raises Fatal for settings that cannot work, as every door does."""
    settled(connection)
    yield from ()
