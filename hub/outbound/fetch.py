"""One guarded GET of JSON from an address that somebody else named."""

import time
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import orjson

from hub.outbound.guard import Guard, Line, NotFetched

__all__ = ["Fetched", "Fetcher", "NotFetched"]

LARGEST: Final = 64 * 1024
JSON: Final = frozenset({"application/json", "application/jwk-set+json"})


@dataclass(frozen=True, repr=False)
class Fetched:
    content: dict[str, Any]
    cache_control: str  # as it was sent; "" where it was not
    age: str


class Fetcher(Guard):
    """Threads may share it."""

    def fetch_json(self, url: str) -> Fetched:
        """Raises NotFetched. It takes no longer than its patience, whatever the other side does."""
        return self.ask(url, _fetched)


def _fetched(line: Line) -> Fetched:
    with line.request("GET", {"Accept": "application/json"}) as answer:
        _require_json(answer)
        content = _parsed(_body(answer, line.ends))
        return Fetched(content, answer.headers.get("Cache-Control", ""), answer.headers.get("Age", ""))


def _require_json(answer: httpx2.Response) -> None:
    media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.status_code != 200:
        raise NotFetched("status")
    if media not in JSON or answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotFetched("not-json")


def _body(answer: httpx2.Response, ends: float) -> bytes:
    """Read piece by piece: a body without end, or one that comes a byte at a time, is left."""
    body = b""
    for piece in answer.iter_raw():
        body += piece
        if len(body) > LARGEST:
            raise NotFetched("too-large")
        if time.monotonic() > ends:
            raise NotFetched("slow")
    return body


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotFetched("not-json") from None
    if not isinstance(content, dict):
        raise NotFetched("not-json")
    return content
