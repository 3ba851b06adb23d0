"""What becomes of requests to the authorization server, and of those that its tokens do not open, told to the audit trail.

A token that is given or given back is told in its own transaction. Refusals come in any number and from anybody, and a chain of
events only grows: of those of one client for one reason, in a quarter of an hour, the first is told, the tenth and the
hundredth, each as a graver failure, and no others. Who claims a name that nobody is registered by shares one such account
with all the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from authlib.oauth2.rfc6749.errors import OAuth2Error

from hub.audit.requests import refused_entity
from hub.audit.token_events import MAJOR, MINOR, SERIOUS, Who, token_event
from hub.consent.keys import own
from hub.exchange import Hub
from hub.fhir import Resource
from hub.oauth.vault import keyed
from hub.ports import Caller, Changes, Client, Key, Registry, Save, Token

WINDOW_S: Final = 900
TOLD: Final[Mapping[int, str]] = {1: MINOR, 10: SERIOUS, 100: MAJOR}
"""The how-manieth refusal of a window is told, and as how grave a failure."""

REASONS: Final = {
    "invalid_client": "oauth.not-proven",
    "invalid_scope": "oauth.scope",
    "invalid_grant": "oauth.consent",
    "invalid_request": "oauth.purpose",
}
"""Error of RFC 6749 → the key of the catalogue that says why, where the error does not say it itself (`because`)."""
GRANT, REUSED = "oauth.grant", "oauth.reused"
NO_TOKEN, ENDED, LACKING, NOT_ITS_OWN, OF_ITSELF = (
    "oauth.token", "oauth.ended", "oauth.lacking", "oauth.not-its-own", "oauth.of-itself",
)  # fmt: skip
"""Why a request was refused at the door of the API."""
_MOST: Final = 1000


@dataclass(frozen=True)
class Witness:
    """`request`: the id of the request that is being answered. `_over`: accounts of which this window tells nothing more."""

    hub: Hub
    registry: Registry
    secret: bytes = field(repr=False)  # keys the counts
    request: Callable[[], str] = str
    _over: set[str] = field(default_factory=set, repr=False)

    def issued(self, token: Token) -> Save:
        return self._event("token.issue", token.since, holder(token), about=_consents(token))

    def revoked(self, who: Who, now: datetime) -> Save:
        return self._event("token.revoke", now, who)

    def reused(self, who: Who, now: datetime) -> Save:
        """A code or a refresh token came a second time, and all that grew from its sign-in ends."""
        return self._event("token.revoke", now, who, refusal=(REUSED, SERIOUS))

    def introspected(self, token: Token, by: Client, now: datetime) -> None:
        """Told once for each token and who asks: a resource server asks at every request that it answers."""
        if self.registry.count(self._key("introspected", by.id, token.hash), token.until) == 1:
            about = [f"Organization/{token.organization}"]
            self._save(self._event("token.introspect", now, Who(by.id, by.organization, token=token.hash), about=about))

    def refused(self, error: OAuth2Error, claimed: str, now: datetime) -> None:
        """Of a request that nothing was tried with (malformed, of no client) there is nothing to tell."""
        proven: Client | None = getattr(error, "proven", None)
        if (proven is None and error.error != "invalid_client") or error.error not in REASONS:
            return
        client = proven or (self.registry.client(claimed) if claimed else None)
        because = getattr(error, "because", REASONS[error.error])
        if outcome := TOLD.get(self._how_manieth(client, because, now)):
            who = Who(client.id, client.organization) if client else None
            self._save(self._event("token.refuse", now, who, refusal=(because, outcome)))

    def asking(self, caller: Caller) -> Who:
        return Who(caller.client, caller.organization, caller.purpose, caller.token, caller.practitioner)

    def turned_away(self, because: str, who: Who | None, route: str, now: datetime, *, lacking: str = "") -> None:
        """Of a client each route has an account of its own; who shows a token of nobody's shares one with all others.
        `lacking`: the scope that would have allowed it."""
        times = self._counted(now, because, who.client if who else "", route if who else "")
        if outcome := TOLD.get(times):
            about = refused_entity(route, lacking, times)
            self._save(self._event("request.refuse", now, who, refusal=(because, outcome), entity=about))

    def is_worth_telling(self, now: datetime, *account: str) -> bool:
        """Whether this refusal is one of those that are told, where somebody else tells of it."""
        return self._counted(now, *account) in TOLD

    def _how_manieth(self, client: Client | None, because: str, now: datetime) -> int:
        return self._counted(now, because, client.id if client else "")

    def _counted(self, now: datetime, *account: str) -> int:
        """The how-manieth of its window, over all processes; 0 of those that come after all that is told."""
        window = int(now.timestamp()) // WINDOW_S
        key = self._key(*account[:1], str(window), *account[1:])
        if key in self._over:
            return 0
        times = self.registry.count(key, datetime.fromtimestamp((window + 1) * WINDOW_S, UTC))
        if times > max(TOLD):
            if len(self._over) >= _MOST:
                self._over.clear()
            self._over.add(key)
        return times

    def _event(
        self,
        verb: str,
        at: datetime,
        who: Who | None,
        *,
        about: list[str] | None = None,
        refusal: tuple[str, str] = ("", "0"),
        entity: Resource | None = None,
    ) -> Save:
        """For the client's organisation to see; of nobody's, for nobody but the trail."""
        because, outcome = refusal
        event = token_event(
            self.hub.ids.new(), verb, at, who,
            about=about or (), because=because, outcome=outcome, request=self.request(), entity=entity,
        )  # fmt: skip
        keys = (Key(own(who.organization)),) if who else ()
        return Save(event, None, who.organization if who else None, keys)

    def _save(self, event: Save) -> None:
        self.hub.store.commit(Changes(saves=[event]))

    def _key(self, *of: str) -> str:
        return keyed(self.secret, "hub.oauth.witness", *of)


def holder(token: Token) -> Who:
    return Who(token.client, token.organization, token.purpose, token.hash, token.practitioner)


def _consents(token: Token) -> list[str]:
    return [f"Consent/{id_}" for id_, _ in token.binding.consents] if token.binding else []
