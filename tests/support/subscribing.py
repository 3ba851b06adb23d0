"""Systems that subscribe: what they send to the hub, and what arrives at a receiver of theirs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from hub.delivery.mailing import Mailing
from hub.delivery.pauses import Patience
from hub.delivery.subscribers import Subscribers
from hub.delivery.subscriptions import subscribed
from hub.delivery.tending import tend
from hub.delivery.worker import deliver
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.outbound.allowed import Allowed
from hub.outbound.mail import Mailer, MailServer
from hub.outbound.post import Posting
from hub.ports import Registry, Way
from hub.subscription import extensions as named
from tests.support.parties import BASE, Party
from tests.support.receivers import Receiver

TOPIC: Final = "https://ihala.example/fhir/SubscriptionTopic/referral-task"
REQUESTS: Final = "https://ihala.example/fhir/SubscriptionTopic/service-request"
WITHDRAWALS: Final = "https://ihala.example/fhir/SubscriptionTopic/consent-withdrawn"
SITE: Final = "https://hub.example/"
BEARER: Final = "a word that only the receiver knows"


def subscription(endpoint: str, *filters: str, content: str = "id-only", **channel: Any) -> Resource:
    """As a client writes it. `channel`: what else stands there, an extension instead of another."""
    beside = {"_criteria": {"extension": [{"url": named.FILTER, "valueString": one} for one in filters]}}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "To open the referrals that come in.",
        "criteria": TOPIC,
        **(beside if filters else {}),
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": named.CONTENT, "valueCode": content}]},
            **channel,
        },
    }


def mailed(endpoint: str, *, language: str = "", **channel: Any) -> Resource:
    """One that is told by mail. `channel`: what else stands there, or instead."""
    asked = subscription(endpoint, **{"type": "email", "payload": "text/plain", "content": "empty"} | channel)
    return asked | ({"language": language} if language else {})


def parameters(status: Resource) -> dict[str, Any]:
    """The simple parameters of a status by name, and its events: number → reference, or None."""
    found: dict[str, Any] = {"events": {}}
    for one in status["parameter"]:
        if one["name"] == "notification-event":
            parts = {part["name"]: part for part in one["part"]}
            focus = parts.get("focus", {}).get("valueReference", {}).get("reference")
            found["events"][int(parts["event-number"]["valueString"])] = focus
        else:
            found[one["name"]] = next(value for name, value in one.items() if name != "name")
    return found


@dataclass
class Sending:
    """The hub's deliveries to `receiver`, made when they are told to."""

    hub: Hub
    registry: Registry
    patience: Patience = field(default_factory=Patience)
    mail: MailServer | None = None

    def way(self, allowed: str) -> Way:
        posting = Posting([Allowed.read(allowed)], self.hub.clock.now)
        subscribers = Subscribers(self.registry)
        mailing = Mailing(self.hub, subscribers, Mailer(self.mail, self.hub.clock.now).send, SITE, "fr")
        return subscribed(subscribers, posting.post, mailing, BASE, hub=self.hub)

    def deliver(self) -> int:
        """What goes by mail."""
        tend(hub=self.hub)
        return deliver([self.way("http://127.0.0.1:9")], hub=self.hub, patience=self.patience)

    def run(self, receiver: Receiver) -> int:
        return self.run_among([self.way(f"http://127.0.0.1:{receiver.port}")])

    def run_among(self, ways: Iterable[Way]) -> int:
        tend(hub=self.hub)
        return deliver(ways, hub=self.hub, patience=self.patience)


def bundles(receiver: Receiver) -> list[Resource]:
    return [loads(body.decode()) for _, body in receiver.got]


def told(receiver: Receiver, kind: str = "event-notification") -> list[dict[str, Any]]:
    """The statuses of one kind that arrived."""
    found = [parameters(bundle["entry"][0]["resource"]) for bundle in bundles(receiver)]
    return [one for one in found if one["type"] == kind]


def numbers(receiver: Receiver) -> list[int]:
    return [number for one in told(receiver) for number in one["events"]]


def written(party: Party, resource: Resource) -> Resource:
    answer = party.send("POST", "/fhir/Subscription", resource)
    assert answer.status_code == 201, answer.text
    found: Resource = answer.json or {}
    return found
