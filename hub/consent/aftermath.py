"""What a consent that ends leaves to be done: recipients who could see data are told to keep and pass on nothing, and what is
queued for them is void.

IHE PCF: a revocation takes effect at once, https://profiles.ihe.net/ITI/PCF. Obligations: DELAU (delete after use) and
NORDSCLCD (no redisclosure without a consent), http://terminology.hl7.org/CodeSystem/v3-ActCode.
Pure: read from the disclosure keys that were open and from what the survivor's consents permit now.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from hub import texts
from hub.consent.actors import organization_of
from hub.consent.keys import Granted, own
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, profile
from hub.fhir.instants import instant
from hub.fhir.references import reference
from hub.ports import FOREVER, Key, Stored

A_MOMENT: Final = timedelta(milliseconds=1)
OBLIGATIONS: Final = ("DELAU", "NORDSCLCD")
LANGUAGES: Final = ("ar", "fr", "en")


@dataclass(frozen=True)
class Lost:
    """`recipient` could see something that `custodian` keeps, and the survivor's consents do not permit it any more.

    `referrals`: those by which it could.
    """

    custodian: str
    recipient: str
    referrals: tuple[Resource, ...]


def lost(
    documents: Iterable[Stored],
    permitted: Mapping[str, Granted],
    excepted: frozenset[str],
    since: datetime,
    now: datetime,
) -> Iterator[Lost]:
    """Who could see something at some moment from `since` to `now` that no consent permits at `now`: a kind of data, or what
    stands in one record alone. `excepted`: grants that no consent gave."""
    documents = list(documents)
    could: dict[tuple[str, str], set[str]] = {}
    referrals: dict[tuple[str, str], list[Resource]] = {}
    narrowed: set[tuple[str, str]] = set()
    opened: dict[tuple[int, str | None], dict[tuple[str, str], set[str]]] = {}  # many documents have the very same keys
    for document in documents:
        alike = id(document.keys), document.custodian
        if alike not in opened:
            keys = [key for key in _of_others(document) if key.since <= now and key.until > since]
            pairs = opened.setdefault(alike, {})
            for key in keys:
                pairs.setdefault((document.custodian or "", recipient_of(key)), set()).add(key.grant)
            for pair, grants in pairs.items():
                could.setdefault(pair, set()).update(grants)
        here = permitted.get(document.custodian or "")
        if here and here.compiled.asks_documents:
            narrowed |= {
                pair
                for pair, grants in opened[alike].items()
                if grants - excepted - _now(here.to_one(pair[1], document.content), now)
            }
        if document.type == "Task":
            for pair in opened[alike]:
                referrals.setdefault(pair, []).append(document.content)
    for (custodian, recipient), grants in sorted(could.items()):
        told_of = {task["id"]: task for task in referrals.get((custodian, recipient), ())}
        is_closed = grants - excepted - _open(permitted.get(custodian), recipient, now)
        if told_of and (is_closed or (custodian, recipient) in narrowed):
            yield Lost(custodian, recipient, tuple(told_of.values()))


def closed(document: Stored, keys: Iterable[Key], now: datetime) -> frozenset[str]:
    """The recipients that held a key of this document before, and hold none that is open with these."""
    still = {recipient_of(key) for key in keys if key.since <= now < key.until}
    return frozenset(recipient_of(key) for key in _of_others(document)) - still


def recipient_of(key: Key) -> str:
    """The organisation, also where a key is for one of its people alone."""
    return _named_in(key.grant)


@lru_cache(maxsize=65_536)
def _named_in(grant: str) -> str:
    return organization_of(grant.partition("|")[0])


@lru_cache(maxsize=65_536)
def _is_of_its_own(grant: str) -> bool:
    return grant == own(_named_in(grant))


def next_change(permitted: Mapping[str, Granted], now: datetime) -> datetime:
    """The next instant at which something opens or closes by itself; FOREVER where nothing does."""
    bounds = {bound for granted in permitted.values() for bound in granted.compiled.bounds}
    return min((bound for bound in bounds if bound > now), default=FOREVER)


def just_before(due: datetime | None, now: datetime) -> datetime:
    """The last moment at which the keys of a person were surely looked after: what has ended by itself since counts too."""
    return min(due - A_MOMENT, now) if due else now


def notice(of: Lost, id_: str, now: datetime) -> Resource:
    """The notice to a recipient. It names the referrals and says nothing of the survivor."""
    return {
        "resourceType": "Communication",
        "id": id_,
        "meta": {
            "profile": [profile("withdrawal-notice")],
            "security": [{"system": f"{TERMINOLOGY}/v3-ActCode", "code": code} for code in OBLIGATIONS],
        },
        "status": "completed",
        "category": [_concept("message-category", "consent-change")],
        "about": [_by_number(task) for task in of.referrals],
        "sent": instant(now),
        "recipient": [{"reference": f"Organization/{of.recipient}"}],
        "sender": {"reference": f"Organization/{of.custodian}"},
        "reasonCode": [_concept("referral-status-reason", "consent-withdrawn")],
        "payload": [{"contentString": texts.say("consent.told-to-recipient", language)} for language in LANGUAGES],
    }


def _by_number(task: Resource) -> Resource:
    numbers = [{"system": one["system"], "value": one["value"]} for one in task.get("identifier", ())[:1]]
    return {"reference": reference(task), **({"identifier": numbers[0]} if numbers else {})}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


def _of_others(document: Stored) -> Iterator[Key]:
    """Its keys but for those of whose own it is: its custodian's, and of a notice its recipient's, of a message its sender's."""
    return (key for key in document.keys if not _is_of_its_own(key.grant))


def _open(permitted: Granted | None, recipient: str, now: datetime) -> frozenset[str]:
    """Of any of her documents."""
    return _now(permitted.to(recipient), now) if permitted else frozenset()


def _now(keys: Iterable[Key], now: datetime) -> frozenset[str]:
    return frozenset(key.grant for key in keys if key.since <= now < key.until)
