"""To subscribers by mail: that there is news, and nothing more; and first a code, so that the mailbox is known to be theirs.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#email. One mail tells of all that happened before it was
written, and the next one goes out a minute later at the earliest. Consent is asked as for any notification.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.delivery.pauses import problem_of
from hub.delivery.subscribers import Subscribers
from hub.errors import Fatal, Retriable
from hub.exchange import Hub
from hub.exchange.notify import MayNotKnow
from hub.exchange.subscribe import HANDSHAKE
from hub.exchange.subscribed import asked_of, tell
from hub.ports import Dispatch, Parcel, Subscription
from hub.subscription.mails import Mail, confirmation, news

log = logging.getLogger("ihala.delivery")

NOBODY: Final = "outbound.mail-nobody"
BETWEEN: Final = timedelta(minutes=1)

Send = Callable[[str, Mail], None]
"""To a `mailto:` URL: it returns when the mail was taken, and raises Retriable or Fatal."""


@dataclass(frozen=True)
class Mailing:
    """`site`: where people sign in; `language`: of whom none is known."""

    hub: Hub
    subscribers: Subscribers
    send_mail: Send
    site: str
    language: str

    def pack(self, dispatch: Dispatch, one: Subscription) -> str | None:
        """None where nothing is to be sent: an earlier mail said it, or nobody has said yet that the mailbox is theirs."""
        if dispatch.action == HANDSHAKE:
            if one.code:
                self._wait(one)
            return HANDSHAKE
        event = self.hub.store.subscriptions.event(dispatch.id)
        if event is None or one.status != "active" or dispatch.at <= one.mailed:
            return None
        caller = self.subscribers.caller(one, event.reference)
        if caller is None:
            raise MayNotKnow
        self._wait(one)
        tell(event, "empty", caller, hub=self.hub)
        return event.id

    def _wait(self, one: Subscription) -> None:
        """Whoever has several subscriptions to one address is written to no more often."""
        same = (
            other.mailed
            for other in self.hub.store.subscriptions.of(one.caller.organization)
            if _box(other) == _box(one)
        )
        left = max(same) + BETWEEN - self.hub.clock.now()
        if left > timedelta():
            raise Retriable("outbound.mail-gathers", left.total_seconds())

    def send(self, one: Subscription, parcels: Sequence[Parcel]) -> None:
        shakes = any(parcel.content == HANDSHAKE for parcel in parcels)
        if shakes and not one.code:
            self.hub.store.subscriptions.stand(one, "active")
            return
        site, new_id, language = self.site, self.hub.ids.new(), asked_of(one).language or self.language
        mail = confirmation(new_id, one.code, site, language) if shakes else news(new_id, site, language)
        at = self.hub.clock.now()
        try:
            self.send_mail(_box(one), mail)
        except Fatal as problem:
            self._failed(one, problem)
        else:
            self.hub.store.subscriptions.mailed(one.id, at)

    def _failed(self, one: Subscription, problem: Fatal) -> None:
        """A mailbox that does not exist is the subscriber's to mend; all else may pass, and is tried again."""
        if problem.text != NOBODY:
            raise problem
        log.warning(
            "subscription.error", extra={"destination": f"subscription/{one.id}", "problem": problem_of(problem)}
        )
        self.hub.store.subscriptions.stand(one, "error", problem_of(problem))


def _box(one: Subscription) -> str:
    return str(one.resource["channel"]["endpoint"])
