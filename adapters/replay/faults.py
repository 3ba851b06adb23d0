"""What goes wrong to order: an answer in place of the right one, a connection that is cut, a server that is silent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True)
class Answer:
    """What a tool answers. A body of text or bytes is sent as it is, any other as JSON."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The right answer, of which `share` arrives before the connection ends."""

    share: float = 0.5


@dataclass(frozen=True)
class Hang:
    """Nothing for so long, then the end of the connection."""

    seconds: float = 30.0


Fault = Answer | Cut | Hang


def refusal(status: int, *, retry_after: int | str | None = None, body: object = None) -> Answer:
    """A status that says no, as a server in front of the tool would word it."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return Answer(status, {"detail": HTTPStatus(status).phrase} if body is None else body, headers)
