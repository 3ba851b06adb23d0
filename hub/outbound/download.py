"""One guarded GET of a file from an address that a person at the command line names: a form, or the top of a register.

Read piece by piece: what is too large, or comes too slowly, is left. No redirect is followed: where it leads was not checked.
"""

from typing import Final

from hub.outbound.allowed import Allowed, Target
from hub.outbound.guard import Guard, Line, NotFetched

__all__ = ["LARGEST", "NotFetched", "download"]

LARGEST: Final = 5 * 1024 * 1024
PATIENCE_S: Final = 30.0
HTTPS: Final = "https"


def download(url: str, named: tuple[Allowed, ...] = ()) -> bytes:
    """Raises NotFetched. Over HTTPS from public addresses; from others where their server is `named`."""
    return Guard([*_at_public_addresses(url), *named], patience=PATIENCE_S).ask(url, _body)


def _at_public_addresses(url: str) -> list[Allowed]:
    try:
        target = Target.of(url)
    except ValueError:
        return []
    return [Allowed(target, anywhere=False)] if target.scheme == HTTPS else []


def _body(line: Line) -> bytes:
    with line.request("GET", {"Accept": "*/*"}) as answer:
        if answer.status_code != 200 or answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NotFetched("status")
        body = bytearray()
        for piece in answer.iter_raw():
            body += piece
            if len(body) > LARGEST:
                raise NotFetched("too-large")
        return bytes(body)
