"""Subscriptions as they are asked for: made, looked for, and what was told to them."""

from tests.support.asked import Ask
from tests.support.asking_base import Base
from tests.support.subscribing import REQUESTS, TOPIC, WITHDRAWALS, mailed, subscription

FILTERS = ("Task?status=accepted", "Task?owner=Organization/chu", "Task?requester=Organization/amal", "Task?patient=x")
TOPICS = (TOPIC, TOPIC, REQUESTS, WITHDRAWALS)


def created(asking: Base) -> Ask:
    """At an address that is allowed, mostly; with a filter that the topic knows, mostly."""
    endpoint = asking.chance.choice(["http://127.0.0.1:9/hook", "http://127.0.0.1:9/hook", "https://elsewhere.example"])
    filters = asking.chance.sample(FILTERS, asking.chance.randrange(3))
    content = asking.chance.choice(["empty", "id-only", "full-resource", "everything"])
    body = subscription(endpoint, *filters, content=content) | {"criteria": asking.chance.choice(TOPICS)}
    if asking.chance.random() < 0.2:
        body = mailed("mailto:desk@hospital.example") | {"criteria": body["criteria"]}
    return Ask("POST", "/fhir/Subscription", body, covers=frozenset({"Subscription create"}))


def subscriptions(asking: Base, name: str, covers: frozenset[str]) -> Ask:
    """`$status` of all and of one, `$events` of one, a code for one; and the search for all."""
    id_ = asking.id("Subscription")
    if name == "confirm":
        said = [{"name": "code", "valueString": asking.chance.choice(["0000-0000-0000", "x", "000000000000"])}]
        body = {"resourceType": "Parameters", "parameter": said}
        return Ask("POST", f"/fhir/Subscription/{id_}/$confirm", body, covers=covers)
    if asking.chance.random() < 0.3:
        query = asking.chance.choice(["", "?status=active", "?_id=x", "?criteria=x"])
        return Ask("GET", f"/fhir/Subscription{query}", covers=frozenset({"Subscription search-type"}))
    if name == "status":
        path = asking.chance.choice(["$status", "$status?status=active", f"{id_}/$status"])
    else:
        path = f"{id_}/$events" + asking.chance.choice(["", "?eventsSinceNumber=1", "?eventsUntilNumber=x"])
    return Ask("GET", f"/fhir/Subscription/{path}", covers=covers)
