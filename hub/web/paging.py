"""Page links from which nothing can be read: the whole query is sealed in `_page`, so that no identifier stands in a URL.

A link is good only for the client that got it and for the address it was made for, as long as the deployment keeps its secret:
it holds a question and a place, no answer, and each page is answered as of when it is asked. AES-256-GCM, as in NIST SP 800-38D.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import BAD_PARAMETER, HubError

Pairs = Sequence[tuple[str, str]]
_NONCE = 12


class Pages:
    """Seals and opens page links."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, pairs: Pairs, after: str, *, type_: str, client: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, orjson.dumps([list(pairs), after]), _owner(type_, client))
        return urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, link: str, *, type_: str, client: str) -> list[tuple[str, str]]:
        """The parameters of the page, with the store's own position as `_page` (of the first page none). Raises BAD_PARAMETER."""
        try:
            raw = urlsafe_b64decode(link.encode("ascii") + b"=" * (-len(link) % 4))
            pairs, after = orjson.loads(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _owner(type_, client)))
        except (ValueError, InvalidTag):
            raise no_such_page() from None
        return [*((name, value) for name, value in pairs), *([("_page", after)] if after else [])]

    def follow(self, given: Pairs, *, type_: str, client: str) -> list[tuple[str, str]]:
        """The same, of a request that says nothing beside its link but what the link says too. Raises BAD_PARAMETER."""
        opened = self.open(dict(given)["_page"], type_=type_, client=client)
        if not {pair for pair in given if pair[0] != "_page"} <= set(opened):
            raise no_such_page()
        return opened


def no_such_page() -> HubError:
    """Of a link that is not this client's, not of this address or question, changed, or of before the secret was."""
    return HubError(
        BAD_PARAMETER, path="http._page", parameter="_page", expected="link[relation=next]", text="web.page-link"
    )


def _owner(type_: str, client: str) -> bytes:
    return f"{type_}|{client}".encode()
