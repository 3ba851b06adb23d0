"""The guard around what the hub asks of addresses that others name. The servers are real; only names are made up."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub.outbound.addresses import is_public
from hub.outbound.allowed import Allowed
from hub.outbound.fetch import LARGEST, Fetcher, NotFetched
from tests.support.key_servers import HOST, KeyServer, certified, serving
from tests.support.patience import PATIENCE_S


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving() as made:
        yield made


def trusting(server: KeyServer, patience: float = 3.0) -> Fetcher:
    return Fetcher([Allowed.read(f"http://127.0.0.1:{server.port}")], patience=patience)


def why(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(NotFetched) as refused:
        fetcher.fetch_json(url)
    return refused.value.why


# --- where it goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::a00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001:0:4136:e378::1", "2001:db8::1", "3fff::1", "2130706433", "0x7f.1", "", "localhost",
    ],
)  # fmt: skip
def test_an_address_of_somebodys_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "193.110.157.151", "2a00:1450:4007:80e::200e", "2606:4700::1"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]]
)
def test_a_listed_host_whose_name_leads_inside_is_not_asked(addresses: Sequence[str]) -> None:
    fetcher = Fetcher([Allowed.read(HOST)], resolve=lambda *_: addresses)
    assert why(fetcher, f"https://{HOST}/jwks.json") == "not-public"


def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    """A name that changes its mind is asked once; TLS is checked against the name, and Host says it."""
    tls, answers = certified(tmp_path), iter([["127.0.0.1"]])
    with serving(tls.server) as server:
        fetcher = Fetcher(
            [Allowed.read(f"https://{HOST}:{server.port}")], resolve=lambda *_: next(answers), tls=tls.client
        )
        assert fetcher.fetch_json(f"https://{HOST}:{server.port}/jwks.json").content == {"keys": []}
        assert server.asked == [f"{HOST}:{server.port}/jwks.json"]


def test_a_server_that_cannot_prove_its_name_is_not_believed(tmp_path: Path) -> None:
    tls = certified(tmp_path, "other.example")
    with serving(tls.server) as server:
        allowed = [Allowed.read(f"https://{HOST}:{server.port}")]
        fetcher = Fetcher(allowed, resolve=lambda *_: ["127.0.0.1"], tls=tls.client)
        assert why(fetcher, f"https://{HOST}:{server.port}/jwks.json") == "unreachable"
        assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/jwks.json", f"http://{HOST}/jwks.json", f"https://{HOST}:8443/jwks.json",
        f"https://user@{HOST}/jwks.json", f"https://{HOST}@other.example/", f"https://{HOST}/#fragment", f"https://{HOST}./",
        f"https://{HOST}\\@other.example/", "ftp://keys.hospital.example/", "file:///etc/passwd", "gopher://127.0.0.1", "", "//",
        f"https://{HOST}:0x1bb/", "https://[::1", "https://127.0.0.1/", "https://2130706433/", f"https://{HOST}%00.other.example/",
    ],
)  # fmt: skip
def test_what_is_not_on_the_list_is_never_asked(url: str) -> None:
    def resolve(*_: object) -> list[str]:
        raise AssertionError("it was looked up")

    assert why(Fetcher([Allowed.read(HOST)], resolve=resolve), url) == "not-allowed"


@pytest.mark.parametrize(
    "text", ["http://keys.hospital.example", "http://10.0.0.1", "keys.example/path", "a@b.example", "*", "", "*.example", "x:y"]
)  # fmt: skip
def test_a_line_of_the_list_that_allows_more_than_a_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Allowed.read(text)


def test_an_empty_list_allows_nothing(server: KeyServer) -> None:
    assert why(Fetcher([]), server.url) == "not-allowed"


# --- what comes back --------------------------------------------------------------------------------------------------


def test_json_comes_back_with_what_is_said_about_keeping_it(server: KeyServer) -> None:
    server.publish({"kid": "1"}, Cache_Control="max-age=60", Age="7")
    fetched = trusting(server).fetch_json(server.url)
    assert (fetched.content, fetched.cache_control, fetched.age) == ({"keys": [{"kid": "1"}]}, "max-age=60", "7")


def test_a_redirect_is_not_followed(server: KeyServer) -> None:
    server.status, server.headers = 302, {"Location": f"http://127.0.0.1:{server.port}/elsewhere"}
    assert why(trusting(server), server.url) == "status"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html"}, b'{"keys":[]}'),
        ({}, b'{"keys":[]}'),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b'{"keys":[]}'),
        ({"Content-Type": "application/json"}, b"[]"),
        ({"Content-Type": "application/json"}, b"{"),
        ({"Content-Type": "application/json"}, b"[" * 60_000),
    ],
)
def test_what_is_no_json_object_is_refused(server: KeyServer, headers: dict[str, str], body: bytes) -> None:
    server.headers, server.body = headers, body
    assert why(trusting(server), server.url) == "not-json"


def test_a_long_body_is_not_read_to_its_end(server: KeyServer) -> None:
    server.body = b" " * (LARGEST + 1)
    assert why(trusting(server), server.url) == "too-large"


@pytest.mark.parametrize("headers", [True, False])
def test_a_server_that_sends_a_byte_at_a_time_is_left(server: KeyServer, headers: bool) -> None:
    server.dribble_s, server.dribble_headers = 0.02, headers
    began = time.monotonic()
    assert why(trusting(server, patience=0.3), server.url) == "slow"
    assert time.monotonic() - began < PATIENCE_S / 2


def test_a_server_that_is_not_there_is_unreachable(server: KeyServer) -> None:
    with serving() as gone:
        fetcher, url = trusting(gone), gone.url
    assert why(fetcher, url) == "unreachable"


def test_an_address_that_lets_nobody_in_is_passed_over(tmp_path: Path) -> None:
    tls = certified(tmp_path)
    with serving(tls.server) as server:
        allowed = [Allowed.read(f"https://{HOST}:{server.port}")]
        fetcher = Fetcher(allowed, resolve=lambda *_: ["127.0.0.2", "127.0.0.1"], tls=tls.client)
        assert fetcher.fetch_json(f"https://{HOST}:{server.port}/jwks.json").content == {"keys": []}


def test_a_name_without_addresses_is_unreachable() -> None:
    assert why(Fetcher([Allowed.read(HOST)], resolve=lambda *_: []), f"https://{HOST}/") == "unreachable"


def test_no_proxy_of_the_environment_is_used(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert trusting(server).fetch_json(server.url).content == {"keys": []}
        assert proxy.asked == []
