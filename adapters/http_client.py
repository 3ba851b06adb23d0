"""A tool over HTTP: one host, one credential, and every failure as what the runner must do about it.

https://www.rfc-editor.org/rfc/rfc9110. How a tool pages, signs in and spells its paths is its door's; what is the same for all
of them stands here. Neither a body nor a secret reaches a message: httpx2's own errors are replaced, and what caused them is not
carried along.
"""

import json
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2

from hub.errors import AdapterError, Fatal, Retriable
from hub.ports import Connection

TIMEOUT = 60.0
"""Seconds of silence."""
LONGEST: Final = 600.0
"""Seconds of an answer that comes in drops."""
LARGEST: Final = 256 * 2**20
"""Bytes of an answer, unpacked: the largest page of any tool is a tenth of it."""
LONGEST_WAIT: Final = 86_400.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, repr=False)
class Answer:
    """What a tool said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _nothing_more(_: Answer) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Problems:
    """What a door calls what goes wrong: a key of the text catalogue is the prefix and one word. `statuses`: which word a status
    has that means something of its own to this tool, and is for a person. `more`: what else the sentence of a refusal says."""

    prefix: str
    statuses: Mapping[int, str] = field(default_factory=dict)
    more: Callable[[Answer], Mapping[str, str]] = _nothing_more

    def fatal(self, word: str, **blanks: str) -> Fatal:
        return Fatal(self.prefix + word, **blanks)

    def later(self, word: str, after: float | None = None, **blanks: str) -> Retriable:
        return Retriable(self.prefix + word, after=after, **blanks)

    @property
    def not_understood(self) -> Retriable:
        return self.later("not-understood")

    def of(self, answer: Answer) -> AdapterError | None:
        """None where the tool has done what it was asked."""
        status, told = answer.status, {"status": str(answer.status)}
        if status < 300:
            return None
        if word := self.statuses.get(status):
            return self.fatal(word, **told)
        if status == 429 or status >= 500:
            after = seconds(answer.headers.get("Retry-After"))
            return self.later("busy" if status == 429 else "down", after=after, **told)
        if status in {401, 403}:
            return self.fatal("credentials", **told)
        return self.fatal("refused" if status >= 400 else "redirect", **told, **self.more(answer))


class Http:
    """One host, asked in the name of one connection."""

    def __init__(self, client: httpx2.Client, problems: Problems) -> None:
        self._client = client
        self.problems = problems

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
    ) -> Answer:
        """What the tool answers where it has done what it was asked, or with one of the statuses in `also`."""
        asked: dict[str, Any] = {"params": dict(params) if params else None, "json": body, "data": form}
        try:
            with self._client.stream(method, path, headers=dict(headers or {}), **asked) as response:
                answer = Answer(response.status_code, response.headers, self._read(response))
        except httpx2.TimeoutException:
            raise self.problems.later("slow") from None
        except (httpx2.HTTPError, httpx2.InvalidURL):
            raise self.problems.later("unreachable") from None
        problem = self.problems.of(answer)
        if problem is not None and answer.status not in also:
            raise problem
        return answer

    def json(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self.problems.not_understood from None

    def table(self, answer: Answer) -> dict[str, Any]:
        told = self.json(answer)
        if not isinstance(told, dict):
            raise self.problems.not_understood
        return told

    def following(self, link: object) -> dict[str, str] | None:
        """Where a link to the next page points, as parameters. The credential goes to the configured host only."""
        if not link:
            return None
        try:
            parts = urlsplit(str(link))
            host = parts.hostname
        except ValueError:
            raise self.problems.not_understood from None
        if host and host.lower() != self._client.base_url.host.lower():
            raise self.problems.fatal("other-host")
        return dict(parse_qsl(parts.query, keep_blank_values=True))

    def authorize(self, header: str) -> None:
        """With each request from now on; "" takes it away."""
        self._client.headers.pop("Authorization", None)
        if header:
            self._client.headers["Authorization"] = _printable(header, self.problems)

    def cookie(self, name: str) -> str:
        return str(self._client.cookies.get(name) or "")

    def _read(self, response: httpx2.Response) -> bytes:
        ends, body = time.monotonic() + LONGEST, bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise Fatal("adapters.answer-too-large", largest=str(LARGEST // 2**20))
            if time.monotonic() > ends:
                raise self.problems.later("slow")
        return bytes(body)


@contextmanager
def opened(
    url: str, problems: Problems, *, authorization: str = "", basic: tuple[str, str] | None = None,
    accept: str = "application/json",
) -> Iterator[Http]:  # fmt: skip
    """A client of an `address`, which is not asked anything yet. Raises Fatal for a secret that no header can hold."""
    from_env = urlsplit(url).hostname not in LOOPBACK
    with httpx2.Client(
        base_url=url,
        headers={"Accept": accept},
        auth=httpx2.BasicAuth(*basic) if basic else None,
        timeout=TIMEOUT,
        follow_redirects=False,
        verify=_trusted(from_env),
        trust_env=from_env,
    ) as client:
        http = Http(client, problems)
        http.authorize(authorization)
        yield http


def address(told: object, problems: Problems) -> str:
    """The address of a tool, with a slash at its end. Raises Fatal for one that cannot work, or would show the secret."""
    url = str(told or "")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise problems.fatal("settings") from None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        raise problems.fatal("settings")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise problems.fatal("insecure")
    return url.rstrip("/") + "/"


def page_size(connection: Connection, usual: int, largest: int, problems: Problems) -> int:
    """How many records to ask for at a time. Raises Fatal for what is none."""
    size = connection.settings.get("page_size", usual)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= largest:
        raise problems.fatal("page-size", largest=str(largest))
    return size


def seconds(header: str | None) -> float | None:
    """`Retry-After`, in seconds or as a date, and no more than a day: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"""
    if header and header.strip().isdecimal():
        return min(float(header), LONGEST_WAIT)
    until = moment(header)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), LONGEST_WAIT) if until else None


def moment(header: str | None) -> datetime | None:
    """A date as HTTP writes it."""
    try:
        found = parsedate_to_datetime(header) if header else None
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


@cache
def _trusted(from_env: bool) -> ssl.SSLContext:
    """Whom this machine trusts, read once a process: it takes twenty milliseconds, and each pull opens a client."""
    return httpx2.create_ssl_context(trust_env=from_env)


def _printable(header: str, problems: Problems) -> str:
    """The error of one who tried to send another one would show it."""
    if not (header.isascii() and header.isprintable()):
        raise problems.fatal("credentials")
    return header
