"""Around each test of the kit: nothing is printed, nobody is named in a log or an error, and no socket leaves this machine."""

import logging
import socket
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from adapters.acceptance.case import Case
from hub import texts
from hub.errors import AdapterError

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
SECRET: Final = "a-secret-0123456789abcdef"  # noqa: S105 — of nobody
"""What the kit gives as credentials where they are to be refused."""


class Quiet:
    """Every class of the kit is one of these."""

    @pytest.fixture(autouse=True)
    def no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sockets reach loopback and nothing else; a door's tests run anywhere."""
        connect, resolve = socket.socket.connect, socket.getaddrinfo

        def near(self: socket.socket, address: Any) -> None:
            _require_near(address[0] if isinstance(address, tuple) else "localhost")
            connect(self, address)

        def resolved(host: Any, *rest: Any, **named: Any) -> Any:
            _require_near(host)
            return resolve(host, *rest, **named)

        monkeypatch.setattr(socket.socket, "connect", near)
        monkeypatch.setattr(socket, "getaddrinfo", resolved)

    @pytest.fixture(autouse=True)
    def silence(
        self, case: Case, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> Iterator[None]:
        """Whatever a test of the kit does: standard output, error, warnings and logs stay free of what a record says."""
        capfd.readouterr()
        with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield
        out, err = capfd.readouterr()
        assert (out, err) == ("", ""), "a door prints nothing"
        assert [str(one.message) for one in warned] == [], "a door warns in issues, not in warnings"
        assert unnamed(case, caplog.text), "a log names somebody"


def _require_near(host: object) -> None:
    if host not in LOOPBACK:
        pytest.fail(f"a test reaches for {host!r}: doors are tested without a network")


def unnamed(case: Case, text: str) -> bool:
    """Whether a text is free of everything that identifies somebody, and of secrets."""
    low = text.casefold()
    return not any(mark.casefold() in low for mark in (*case.marks, SECRET))


def failure(case: Case, act: Callable[[], object], kind: type[AdapterError] = AdapterError) -> AdapterError:
    """The error that an act ends with. It is of this kind, is a sentence in three languages, and names nobody, nor does
    what Python would print of it."""
    with pytest.raises(kind) as raised:
        act()
    printed = "".join(traceback.format_exception(raised.value))
    assert unnamed(case, f"{printed}{raised.value!r}{raised.value.params}"), "an error names somebody"
    assert_said(case, raised.value.text, raised.value.params)
    return raised.value


def assert_said(case: Case, key: str, params: dict[str, str]) -> None:
    """A key of the catalogue, whose blanks are filled with what identifies no one."""
    for language in texts.LANGUAGES:
        assert unnamed(case, texts.say(key, language, **params))
