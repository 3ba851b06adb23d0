"""What is posted to an address that others named: where it goes, how long it may take, and what the answer means."""

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import texts
from hub.errors import AdapterError, Fatal, Retriable
from hub.outbound.allowed import Allowed
from hub.outbound.fetch import Fetcher
from hub.outbound.post import AT_ONCE, Poster, seconds
from hub.outbound.tls import trusted
from tests.support.key_servers import HOST, certified
from tests.support.patience import PATIENCE_S
from tests.support.receivers import HANGS_S, Receiver, receiving

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def trusting(receiver: Receiver, patience: float = 5.0) -> Poster:
    return Poster([Allowed.read(f"http://127.0.0.1:{receiver.port}")], patience=patience)


def post(poster: Poster, url: str) -> None:
    poster.post(url, b'{"a":1}', {"Content-Type": "application/fhir+json", "webhook-id": "a1"}, NOW)


def problem(poster: Poster, url: str) -> AdapterError:
    with pytest.raises(AdapterError) as failed:
        post(poster, url)
    for language in texts.LANGUAGES:
        assert texts.say(failed.value.text, language)
    return failed.value


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_is_taken_is_taken_as_it_was_sent(receiver: Receiver, status: int) -> None:
    receiver.status = status
    post(trusting(receiver), receiver.url)
    ((headers, body),) = receiver.got
    assert body == b'{"a":1}'
    assert (headers["content-type"], headers["webhook-id"]) == ("application/fhir+json", "a1")
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "python" not in headers["user-agent"]


def test_over_tls_the_name_is_checked_at_the_address_that_was(tmp_path: Path) -> None:
    tls = certified(tmp_path)
    with receiving(tls.server) as server:
        allowed = [Allowed.read(f"https://{HOST}:{server.port}")]
        poster = Poster(allowed, resolve=lambda *_: ["127.0.0.1"], tls=tls.client)
        post(poster, f"https://{HOST}:{server.port}/hook")
        ((headers, _),) = server.got
        assert headers["host"] == f"{HOST}:{server.port}"


def test_a_server_that_cannot_prove_its_name_is_sent_nothing(tmp_path: Path) -> None:
    tls = certified(tmp_path, "other.example")
    with receiving(tls.server) as server:
        poster = Poster(
            [Allowed.read(f"https://{HOST}:{server.port}")], resolve=lambda *_: ["127.0.0.1"], tls=tls.client
        )
        found = problem(poster, f"https://{HOST}:{server.port}/hook")
        assert (type(found), found.text) == (Retriable, "outbound.unreachable")
        assert server.got == []


def test_whom_the_machine_trusts_is_read_once_and_a_name_is_checked_all_the_same() -> None:
    found = {id(Poster([]).tls), id(Fetcher([]).tls), id(trusted())}
    assert len(found) == 1
    assert (trusted().verify_mode, trusted().check_hostname) == (ssl.CERT_REQUIRED, True)


# --- where it does not go -----------------------------------------------------------------------------------------------


def test_what_is_not_on_the_list_is_sent_nothing(receiver: Receiver) -> None:
    found = problem(Poster([Allowed.read(HOST)]), receiver.url)
    assert (type(found), found.text, receiver.got) == (Fatal, "outbound.not-allowed", [])


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_sent_nothing(address: str) -> None:
    found = problem(Poster([Allowed.read(HOST)], resolve=lambda *_: ["8.8.8.8", address]), f"https://{HOST}/hook")
    assert (type(found), found.text) == (Fatal, "outbound.not-public")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_follows_a_redirect(receiver: Receiver, status: int) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = status, {"Location": elsewhere.url}
        found = problem(trusting(receiver), receiver.url)
        assert (type(found), found.text) == (Fatal, "outbound.elsewhere")
        assert (len(receiver.got), elsewhere.got) == (1, [])


# --- what the answer means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (500, Retriable, "failed"), (502, Retriable, "failed"), (504, Retriable, "failed"), (599, Retriable, "failed"),
        (503, Retriable, "busy"), (429, Retriable, "busy"), (408, Retriable, "failed"), (425, Retriable, "failed"),
        (400, Fatal, "refused"), (401, Fatal, "refused"), (403, Fatal, "refused"), (404, Fatal, "refused"), (410, Fatal, "gone"),
        (413, Fatal, "refused"), (422, Fatal, "refused"),
    ],
)  # fmt: skip
def test_a_status_says_whether_it_is_worth_another_attempt(
    receiver: Receiver, status: int, kind: type[AdapterError], text: str
) -> None:
    receiver.status = status
    found = problem(trusting(receiver), receiver.url)
    assert (type(found), found.text) == (kind, f"outbound.{text}")


@pytest.mark.parametrize("status", [429, 503, 500])
def test_whoever_says_when_to_come_back_is_heard(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": "120"}
    found = problem(trusting(receiver), receiver.url)
    assert isinstance(found, Retriable) and found.after == 120


@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("120", 120), (" 5 ", 5), ("0", None), ("-1", None), ("1.5", None), ("", None), ("soon", None), ("٣", None),
        ("9" * 30, None), ("Mon, 01 Jun 2026 09:02:00 GMT", 120), ("Mon, 01 Jun 2026 08:00:00 GMT", None),
        ("Mon, 01 Jun 99999 08:00:00 GMT", None), ("Mon, 01 Jun 2026 09:02:00", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(written: str, after: float | None) -> None:
    assert seconds(written, NOW) == after


# --- receivers that misbehave -------------------------------------------------------------------------------------------


def test_a_receiver_that_cuts_after_reading_is_tried_again(receiver: Receiver) -> None:
    receiver.behaviour = "cut"
    found = problem(trusting(receiver), receiver.url)
    assert (type(found), found.text, len(receiver.got)) == (Retriable, "outbound.unreachable", 1)


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with receiving() as gone:
        poster, url = trusting(gone), gone.url
    assert problem(poster, url).text == "outbound.unreachable"


@pytest.mark.parametrize("behaviour", ["hang", "dribble"])
def test_a_receiver_that_does_not_come_to_an_end_is_left_and_cut(receiver: Receiver, behaviour: str) -> None:
    receiver.behaviour = behaviour
    began = time.monotonic()
    found = problem(trusting(receiver, patience=3), receiver.url)  # a busy machine must first get there
    assert (type(found), found.text) == (Retriable, "outbound.slow")
    assert time.monotonic() - began < HANGS_S / 2
    assert receiver.ended.wait(HANGS_S / 2), "it holds no connection of ours"


def test_receivers_that_hang_hold_up_no_later_post(receiver: Receiver) -> None:
    """More of them than are asked at once."""
    poster = Poster([Allowed.read(f"http://127.0.0.1:{receiver.port}")], patience=5)
    receiver.behaviour = "hang"
    hanging = [threading.Thread(target=problem, args=(poster, receiver.url)) for _ in range(AT_ONCE)]
    for one in hanging:
        one.start()
    for one in hanging:
        one.join()
    receiver.behaviour = ""
    post(poster, receiver.url)


def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.behaviour = "endless"
    began = time.monotonic()
    post(trusting(receiver, patience=PATIENCE_S), receiver.url)
    assert time.monotonic() - began < PATIENCE_S / 2
    assert receiver.ended.wait(PATIENCE_S)
