"""What the interactions share: the ports behind them, the addresses in front of them, and one caller's request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from flask import Request
from werkzeug.urls import iri_to_uri

from hub.exchange import Hub
from hub.exchange.upload import Door
from hub.oauth import vault
from hub.oauth.bindings import binder
from hub.oauth.endpoints import Endpoints
from hub.oauth.people import People
from hub.oauth.server import REGISTERED, Server
from hub.oauth.witness import Witness
from hub.ports import Caller, KeySource, Registry
from hub.texts import choose_language
from hub.web.access import audited_id
from hub.web.paging import Pages


class Addresses(Protocol):
    """The part of the settings that this room needs."""

    @property
    def base_url(self) -> str:
        """The FHIR base as callers see it: `https://hub.example/fhir`."""

    @property
    def proxies(self) -> int:
        """How many reverse proxies of our own stand in front."""

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins of web pages that may read the answers."""


@dataclass(frozen=True)
class Service:
    hub: Hub
    registry: Registry
    base: str
    proxies: int = 0
    keys: KeySource = REGISTERED
    people: People | None = None  # where they sign in
    doors: Mapping[str, Door] = field(default_factory=dict)  # by the names of their connections

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.base)

    @cached_property
    def address(self) -> str:
        """The base as it is written in a header, in letters that any header takes."""
        return iri_to_uri(self.base)

    @cached_property
    def pages(self) -> Pages:
        """The same key in every process of a deployment, and no other use of it."""
        return Pages(self._secret("hub.web.paging"))

    @cached_property
    def counting(self) -> bytes:
        """What keys the counts of `hub.oauth.limits`."""
        return self._secret("hub.oauth.limits")

    @cached_property
    def witness(self) -> Witness:
        return Witness(self.hub, self.registry, self._secret("hub.oauth.witness"), audited_id)

    @cached_property
    def server(self) -> Server:
        bind = binder(self.hub, self.endpoints)
        return Server(self.registry, self.endpoints, self.keys, bind, self.witness, self.people)

    def _secret(self, use: str) -> bytes:
        return vault.key(self.hub.pepper, use)


@dataclass(frozen=True)
class Call:
    """A request that may be answered: the caller is known, and its scopes allow this interaction on this type."""

    request: Request
    type: str
    id: str
    caller: Caller
    media: str  # of the answer
    pretty: bool = False  # where a form asks for it; in a URL it can be seen

    @property
    def language(self) -> str:
        return choose_language(self.request.headers.get("Accept-Language"))
