"""One client for all doors: limits, links, waits and secrets, against servers that are not friendly."""

import gzip
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import http_client
from adapters.http_client import Http, Problems
from adapters.replay import Answer, Asked, Served, StandIn, route
from hub.errors import Fatal, Retriable
from hub.ports import Connection, Layout

PROBLEMS = Problems("tool.", {404: "no-such-thing"})
SECRET = "a secret of a test"


class Tool(StandIn):
    """Answers as it is told to, and remembers what it was sent."""

    says = Answer(200, {"it": "is"})

    @route("GET", "/base/thing")
    def thing(self, asked: Asked) -> Answer:
        return self.says


@pytest.fixture
def tool() -> Tool:
    return Tool()


@pytest.fixture
def http(tool: Tool) -> Iterator[Http]:
    with Served(tool).running() as served:
        url = http_client.address(f"{served.url}/base", PROBLEMS)
        with http_client.opened(url, PROBLEMS, authorization=f"Token {SECRET}") as found:
            yield found


def failure(http: Http, kind: type[Exception]) -> Any:
    with pytest.raises(kind) as raised:
        http.table(http.ask("GET", "thing"))
    assert SECRET not in repr(raised.value) and raised.value.__suppress_context__ | (raised.value.__context__ is None)
    return raised.value


def test_the_credential_goes_with_each_request_and_the_answer_is_read(http: Http, tool: Tool) -> None:
    assert http.table(http.ask("GET", "thing")) == {"it": "is"}
    assert tool.asked[0].headers["authorization"] == f"Token {SECRET}"


def test_an_answer_without_end_is_not_read_to_its_end(http: Http, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "LARGEST", 2**20)
    tool.says = Answer(200, "x" * (2**20 + 1))
    assert failure(http, Fatal).text == "adapters.answer-too-large"


def test_what_is_small_when_packed_is_counted_unpacked(http: Http, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "LARGEST", 2**20)
    packed = gzip.compress(b"[" + b" " * 2**24 + b"]")
    assert len(packed) < 2**16
    tool.says = Answer(200, packed, {"Content-Encoding": "gzip"})
    assert failure(http, Fatal).text == "adapters.answer-too-large"


def test_what_says_that_it_is_packed_and_is_not_is_asked_for_again(http: Http, tool: Tool) -> None:
    tool.says = Answer(200, "plain", {"Content-Encoding": "gzip"})
    assert failure(http, Retriable).text == "tool.unreachable"


def test_an_answer_in_drops_comes_to_an_end(http: Http, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "LONGEST", -1.0)
    assert failure(http, Retriable).text == "tool.slow"


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (301, Fatal, "redirect"), (304, Fatal, "redirect"), (400, Fatal, "refused"), (401, Fatal, "credentials"),
        (403, Fatal, "credentials"), (404, Fatal, "no-such-thing"), (409, Fatal, "refused"), (429, Retriable, "busy"),
        (500, Retriable, "down"), (501, Retriable, "down"), (503, Retriable, "down"),
    ],
)  # fmt: skip
def test_a_status_says_whether_to_wait_or_to_call_a_person(
    http: Http, tool: Tool, status: int, kind: type[Exception], word: str
) -> None:
    tool.says = Answer(status, "", {"Location": "http://elsewhere.example/"})
    problem = failure(http, kind)
    assert (problem.text, problem.params["status"]) == (f"tool.{word}", str(status))
    assert http.ask("GET", "thing", also={status}).status == status
    assert len(tool.asked) == 2


@pytest.mark.parametrize(
    ("said", "at_least", "at_most"),
    [
        ("7", 7, 7), (" 7 ", 7, 7), ("999999999999", 86_400, 86_400), ("9" * 400, 86_400, 86_400),
        (timedelta(hours=2), 7_000, 7_200), (timedelta(days=9), 86_400, 86_400), (timedelta(hours=-2), 0, 0),
        ("Thu, 26 Nov 2020 15:00:00 -0000", 0, 0),
    ],
)  # fmt: skip
def test_a_wait_is_as_long_as_asked_and_never_longer_than_a_day(
    said: str | timedelta, at_least: float, at_most: float
) -> None:
    """A moment is told as seen from now."""
    said = said if isinstance(said, str) else format_datetime(datetime.now(UTC) + said, usegmt=True)
    assert at_least <= (http_client.seconds(said) or 0) <= at_most


@pytest.mark.parametrize(
    "said", [None, "", "soon", "-5", "\u00b2", "1.5", "Thu, 99 Nov 2020", "Thu, 1 Jan 99999 00:00:00 GMT"]
)
def test_a_strange_wait_is_left_out(said: str | None) -> None:
    assert http_client.seconds(said) is None


def test_a_link_to_the_next_page_is_followed_on_its_own_host_alone(http: Http) -> None:
    assert http.following(None) is None
    assert http.following("http://127.0.0.1/other?cursor=a%20b&empty=") == {"cursor": "a b", "empty": ""}
    assert http.following("?cursor=1") == {"cursor": "1"}
    for link in ("http://elsewhere.example/?cursor=1", "//elsewhere.example/?cursor=1"):
        with pytest.raises(Fatal, match="other-host"):
            http.following(link)
    with pytest.raises(Retriable, match="not-understood"):
        http.following("http://[/?cursor=1")


@pytest.mark.parametrize("secret", ["\u0631\u0645\u0632", "two\nlines", "caf\u00e9", "\x00"])
def test_a_secret_that_no_header_can_hold_is_refused_and_not_shown(secret: str) -> None:
    opening = http_client.opened("http://127.0.0.1:9/", PROBLEMS, authorization=f"Token {secret}")
    with pytest.raises(Fatal) as raised, opening:
        raise AssertionError
    assert raised.value.text == "tool.credentials"
    assert secret not in repr(raised.value)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "settings"), (None, "settings"), ("ftp://tool.example", "settings"), ("https://", "settings"),
        ("https://[", "settings"), ("https://tool.example:port", "settings"), ("https://me:pass@tool.example", "settings"),
        ("https://tool.example/?token=1", "settings"), ("http://tool.example", "insecure"),
        ("http://127.0.0.1.tool.example", "insecure"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_work_or_would_show_the_secret_is_refused(url: object, word: str) -> None:
    with pytest.raises(Fatal) as raised:
        http_client.address(url, PROBLEMS)
    assert raised.value.text == f"tool.{word}"


@pytest.mark.parametrize("size", [0, 101, -1, True, "20", 2.0, None])
def test_a_page_has_a_size_that_the_tool_can_give(size: object) -> None:
    asked = Connection("c", "a", "tool", "form", {"page_size": size}, Path(), Layout({}), str)
    with pytest.raises(Fatal, match="page-size"):
        http_client.page_size(asked, 50, 100, PROBLEMS)


def test_whom_the_machine_trusts_is_read_once_and_a_server_is_checked_all_the_same() -> None:
    clients = [http_client._trusted(from_env) for from_env in (True, False, True, False)]
    assert clients[:2] == clients[2:]
    assert all((one.verify_mode, one.check_hostname) == (ssl.CERT_REQUIRED, True) for one in clients)
