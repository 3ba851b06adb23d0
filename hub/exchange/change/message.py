"""Message: what one party of a referral writes to the other, and what becomes of it afterwards: read, or said in error.

`profiles/structure-definitions/message.json` · https://hl7.org/fhir/R4/communication.html. It is kept with the referral, so a
consent that ends closes both at once; its sender keeps what it wrote. Nothing is sent that the other party could not see, and
reading it changes nothing: its recipient says that it has received it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub
from hub.exchange.change.conforming import fresh, require_valid, without
from hub.exchange.change.draft import Draft
from hub.exchange.change.refer import seen_referral
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.messages import MESSAGE, documents, is_message, recipients, referral_of, sender
from hub.fhir.references import reference
from hub.fhir.serial import written_alike
from hub.fhir.tasks import party
from hub.ports import Caller
from hub.referral.machine import business_status
from hub.referral.steps import moved

DURING: Final = frozenset({"requested", "received", "accepted", "in-progress", "on-hold", "completed"})
"""States of a referral in which its parties may write; whether the other may read is the consent's to say."""

SENT: Final = "in-progress"
STEPS: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    (SENT, "completed"): ("recipient", "message.read"),
    (SENT, "entered-in-error"): ("sender", "message.void"),
    ("completed", "entered-in-error"): ("sender", "message.void"),
}
"""Status before and after → who says so, and its verb."""
_SAID: Final = frozenset({"status", "received"})


def written_message(resource: Resource, hub: Hub, id_: str = "") -> Resource:
    """The message under an id of its own. What the hub knows may be left out."""
    meta = resource.get("meta", {})
    named = isinstance(meta, dict) and meta.get("profile")
    understood = {} if named or not isinstance(meta, dict) else {"meta": {**meta, "profile": [MESSAGE]}}
    return fresh({**resource, **understood}, hub, id_)


def write(made: Resource, draft: Draft) -> str:
    """The act that puts a new message into a draft. Raises HubError."""
    about = _about(made)
    if not about:
        require_valid(made)
    person, referral = seen_referral(about, "Communication.about", draft)
    me = f"Organization/{draft.caller.organization}"
    other = party(referral, "owner" if party(referral, "requester") == me else "requester")
    unsaid = {"status": SENT, "subject": referral["for"], "sender": {"reference": me}}
    unsaid |= {"recipient": [{"reference": other}]} if other else {}
    whole = unsaid | without(made, {"received"}) | {"sent": instant(draft.now)}
    require_valid(whole)
    _require_between(whole, referral, me, other)
    if referral["status"] not in DURING or business_status(referral) == "consent-withdrawn":
        raise HubError(errors.OUT_OF_TURN, path="Communication.about")
    if referral["status"] == "requested" and party(referral, "owner") == me:  # who writes about it has read it
        draft.put(person, moved(referral, "received", draft.now), "referral.receive", "update")
    key = draft.put(person, whole, "message.send", "create", person.custodian(about) or "")
    _require_shown(whole, person, draft)
    return key


def _require_between(whole: Resource, referral: Resource, me: str, other: str) -> None:
    """It goes from one party of the referral to the other, about the same survivor and need."""
    if me not in {party(referral, "requester"), party(referral, "owner")} or whole["sender"]["reference"] != me:
        raise HubError(errors.NOT_YOURS, path="Communication.sender")
    asked: dict[str, tuple[list[Resource], str]] = {
        "about": (whole["about"], reference(referral)),
        "recipient": (whole["recipient"], other),
        "subject": ([whole["subject"]], referral["for"]["reference"]),
        "basedOn": (whole.get("basedOn", []), referral["focus"]["reference"]),
    }
    for name, (said, expected) in asked.items():
        if any(one["reference"] != expected for one in said) or len(said) > 1:
            raise HubError(errors.UNKNOWN_REFERENCE, path=f"Communication.{name}")
    if whole["status"] != SENT:
        raise HubError(errors.ILLEGAL_TRANSITION, path="Communication.status", status="-", allowed=SENT)


def _require_shown(message: Resource, person: Person, draft: Draft) -> None:
    """All of it, and each document that it points to, is open to the other party now, and what it names to the sender."""
    me, (other,) = draft.caller.organization, recipients(message)
    for path, one in _named(message):
        if person.get(one) is None or not person.shows(one, me, draft.now):
            raise HubError(errors.UNKNOWN_REFERENCE, path=path)
    if any(
        not _is_about_the_same(person.get(one["reference"]) or {}, message) for one in message.get("inResponseTo", ())
    ):
        raise HubError(errors.UNKNOWN_REFERENCE, path="Communication.inResponseTo")
    if not person.shows(reference(message), other, draft.now):
        raise HubError(errors.OUT_OF_TURN, path="Communication.recipient", text="messages.closed")
    if any(not person.shows(one, other, draft.now) for one in documents(message)):
        raise HubError(errors.OUT_OF_TURN, path="Communication.payload", text="messages.document-closed")


def _named(message: Resource) -> Iterator[tuple[str, str]]:
    yield from (("Communication.inResponseTo", one["reference"]) for one in message.get("inResponseTo", ()))
    yield from (("Communication.payload", one) for one in documents(message))


def _is_about_the_same(one: Resource, other: Resource) -> bool:
    return is_message(one) and referral_of(one) == referral_of(other)


def is_between(message: Resource, caller: Caller) -> bool:
    """Whether the caller wrote it, or is whom it is addressed to."""
    return is_message(message) and caller.organization in {sender(message), *recipients(message)}


def is_told_already(stored: Resource, sent: Resource) -> bool:
    """The same change sent again by who got no answer: all but when it was received stands there already."""
    return written_alike(without(stored, {"received"}), without(sent, {"received"}))


def told(before: Resource, after: Resource, caller: Caller, now: datetime) -> tuple[Resource, str]:
    """What is to be stored of a change, and its verb: what was sent stays as it was sent. Raises HubError."""
    for name in sorted((before.keys() | after.keys()) - _SAID):
        if name not in before or name not in after or not written_alike({"_": before[name]}, {"_": after[name]}):
            raise HubError(errors.IMMUTABLE, path=f"Communication.{name}", element=name, text="messages.as-sent")
    who, verb = STEPS.get((before["status"], after["status"]), ("", ""))
    if not verb:
        allowed = ", ".join(sorted(to for start, to in STEPS if start == before["status"]))
        raise HubError(errors.ILLEGAL_TRANSITION, path="Communication.status", status=before["status"], allowed=allowed)
    mine = {sender(before)} if who == "sender" else recipients(before)
    if caller.organization not in mine:
        raise HubError(errors.NOT_YOURS, path="Communication.status")
    return {**before, "status": after["status"]} | ({"received": instant(now)} if who == "recipient" else {}), verb


def _about(sent: Resource) -> str:
    """What is sent can have any shape until it was judged."""
    try:
        return str(sent["about"][0]["reference"])
    except (KeyError, IndexError, TypeError):
        return ""
