"""What is asked of the history: which versions, and who may see them."""

from dataclasses import dataclass
from datetime import datetime

from hub.ports.records import Visible


@dataclass(frozen=True)
class Past:
    """One type's part. `visible` is asked of the present documents; `keeper`: whose deleted ones count too ("": nobody's)."""

    type: str
    visible: Visible
    keeper: str = ""


@dataclass(frozen=True)
class Versions:
    """Of the resource `id`, of `ids`, or of all; `version`: this one alone. `since` is inclusive; `at`: those that were current
    at some moment of [from, to). `count` and `after` as in a query."""

    id: str = ""
    version: int | None = None
    since: datetime | None = None
    at: tuple[datetime, datetime] | None = None
    count: int | None = None
    after: str | None = None
    ids: tuple[str, ...] = ()
