"""Hints: a tool says that something is new, and nothing that it says besides is kept."""

import socket
import ssl
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.http_listener import LARGEST
from hub.errors import Fatal
from hub.ports import Connection, Layout, Listening
from tests.adapters.test_hl7v2_reception import certificates  # noqa: F401 — a fixture
from tests.support.calling import CALLS, HINT, NAME, Call, basic, listening


def door(name: str) -> Any:
    return import_module(f"adapters.{name}").adapter


def connection(name: str, folder: Path, **settings: str) -> Connection:
    given = {"listen": "127.0.0.1:0", **settings}
    return Connection("c", "association", name, "form", given, folder, Layout({}), {"hint": HINT}.__getitem__)


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def http() -> Any:
    with httpx2.Client(trust_env=False) as found:
        yield found


every_tool = pytest.mark.parametrize(("name", "call"), CALLS.values(), ids=CALLS)


@every_tool
def test_a_hint_is_heard_as_its_tool_sends_it_and_nothing_of_it_is_kept(
    name: str, call: Call, tmp_path: Path, http: httpx2.Client, heard: list[str]
) -> None:
    with listening(door(name), connection(name, tmp_path), lambda: heard.append(name)) as url:
        answer = call(http, url, HINT)
    assert (answer.status_code, answer.content, heard) == (200, b"", [name])
    assert list(tmp_path.rglob("*")) == []


@every_tool
def test_with_a_wrong_secret_nothing_is_heard(
    name: str, call: Call, tmp_path: Path, http: httpx2.Client, heard: list[str]
) -> None:
    with listening(door(name), connection(name, tmp_path), lambda: heard.append(name)) as url:
        for secret in ("another word", HINT[:-1], f"{HINT}x", HINT.upper()):
            assert call(http, url, secret).status_code == 401
    assert heard == []


@pytest.mark.parametrize("said", ["", "Basic", "Basic !", "Bearer", "Digest x", f"Token {HINT}", basic("")])
def test_who_says_nothing_that_proves_anything_is_refused(
    said: str, tmp_path: Path, http: httpx2.Client, heard: list[str]
) -> None:
    with listening(door("kobo"), connection("kobo", tmp_path), lambda: heard.append("x")) as url:
        assert http.post(url, headers={"Authorization": said}).status_code == 401
    assert heard == []


def test_an_empty_secret_lets_nobody_in(tmp_path: Path, http: httpx2.Client, heard: list[str]) -> None:
    bare = connection("kobo", tmp_path)
    bare = Connection(**{**vars(bare), "secret": lambda _: ""})
    with listening(door("kobo"), bare, lambda: heard.append("x")) as url:
        for said in ("Bearer", basic(""), ""):
            assert http.post(url, headers={"Authorization": said, "X-API-Key": ""}).status_code == 401
    assert heard == []


def spoken(url: str, raw: bytes) -> bytes:
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), 10) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: wire.recv(4096), b""))


def test_a_secret_in_letters_of_no_header_is_refused_as_any_other(tmp_path: Path) -> None:
    with listening(door("kobo"), connection("kobo", tmp_path)) as url:
        for said in ("Bearer é", "Bearer \u0623", "Basic é"):
            raw = f"POST / HTTP/1.1\r\nHost: hub\r\nAuthorization: {said}\r\n\r\n".encode()
            assert spoken(url, raw).split(b" ")[1] == b"401"


HEAD = f"POST / HTTP/1.1\r\nHost: hub\r\nX-API-Key: {HINT}\r\n".encode()


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (f"Content-Length: {LARGEST + 1}\r\n\r\n".encode(), b"413"),
        (f"Content-Length: {'9' * 400}\r\n\r\n".encode(), b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\n", b"413"),
        (b"Content-Length: -1\r\n\r\n", b"400"),
        (b"Content-Length: many\r\n\r\n", b"400"),
        (b"Content-Length: 9\r\n\r\nshort", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"400"),
    ],
)
def test_a_body_that_is_too_large_or_is_none_is_refused_before_it_is_read(
    rest: bytes, status: bytes, tmp_path: Path, heard: list[str]
) -> None:
    with listening(door("primero"), connection("primero", tmp_path), lambda: heard.append("x")) as url:
        assert spoken(url, HEAD + rest).split(b" ")[1] == status
    assert heard == []


def test_nothing_but_a_call_is_answered(tmp_path: Path, http: httpx2.Client, heard: list[str]) -> None:
    with listening(door("fhir"), connection("fhir", tmp_path), lambda: heard.append("x")) as url:
        for method in ("GET", "DELETE", "OPTIONS"):
            assert http.request(method, url, headers={"X-API-Key": HINT}).status_code == 501
        assert spoken(url, b"\x16\x03\x01 nonsense\r\n\r\n")[:20].find(b"200") == -1
    assert heard == []


def test_many_callers_at_once_are_all_answered(tmp_path: Path, heard: list[str]) -> None:
    with listening(door("kobo"), connection("kobo", tmp_path), lambda: heard.append("x")) as url:
        idle = [socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1].rstrip("/")))) for _ in range(40)]
        assert b" 200 " in spoken(url, HEAD + b"Content-Length: 0\r\n\r\n").split(b"\r\n")[0]
        for one in idle:
            one.close()
    assert heard == ["x"]


def test_nothing_of_a_hint_is_printed(tmp_path: Path, http: httpx2.Client, capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise RuntimeError(NAME)

    with listening(door("primero"), connection("primero", tmp_path), broken) as url:
        with pytest.raises(httpx2.HTTPError):
            CALLS["Primero, api_key"][1](http, url, HINT)
        spoken(url, HEAD + b"Content-Length: 99\r\n\r\n" + NAME.encode())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["kobo", "primero", "fhir", "commcare"])
def test_hints_pass_in_tls_and_who_does_not_speak_it_is_not_heard(name: str, certificates: Path) -> None:  # noqa: F811
    settings = {"listen_certificate": "known.pem", "listen_key": "known.key"}
    to = connection(name, certificates, **settings)
    if name == "commcare":
        asked = {**to.settings, "url": "https://hq.example", "domain": "anwar", "user": "u"}
        to = Connection(**{**vars(to), "settings": asked, "secret": lambda _: HINT})
    with listening(door(name), to) as url:
        context = ssl.create_default_context(cafile=certificates / "known.pem")
        with httpx2.Client(trust_env=False, verify=context) as known:
            answer = known.post(url.replace("http:", "https:"), headers={"X-API-Key": HINT}, content=b"{}")
            assert answer.status_code == (400 if name == "commcare" else 200)  # that is no case
        with httpx2.Client(trust_env=False) as stranger:
            with pytest.raises(httpx2.HTTPError):
                stranger.post(url.replace("http:", "https:"), headers={"X-API-Key": HINT})
            with pytest.raises(httpx2.HTTPError):
                stranger.post(url, headers={"X-API-Key": HINT})


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"listen": ""}, "adapters.no-listen"),
        ({"listen": "8443"}, "adapters.listen-settings"),
        ({"listen": "127.0.0.1:99999"}, "adapters.listen-settings"),
        ({"listen": "0.0.0.0:0"}, "adapters.listen-insecure"),
        ({"listen": "0.0.0.0:0", "listen_certificate": "none", "listen_key": "none"}, "adapters.listen-certificate"),
    ],
)
def test_what_cannot_work_or_could_be_overheard_is_said(settings: dict[str, str], text: str, tmp_path: Path) -> None:
    adapter = door("kobo")
    with pytest.raises(Fatal) as refused:
        adapter.listen(connection("kobo", tmp_path, **settings), lambda *_: None)
    assert refused.value.text == text


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Fatal) as refused:
            door("kobo").listen(
                connection("kobo", tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}"), lambda *_: None
            )
    assert refused.value.text == "adapters.listen-port"


@pytest.mark.parametrize("name", ["kobo", "primero", "fhir", "commcare", "hl7v2"])
def test_who_can_be_called_says_so_in_its_manifest(name: str) -> None:
    assert isinstance(door(name), Listening)
    assert "hook" in door(name).manifest.capabilities
    assert "listen" in door(name).manifest.settings
