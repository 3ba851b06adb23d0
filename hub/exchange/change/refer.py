"""Refer: a Task that a party writes itself: a referral of a need of its own, or a request about a referral that it has a part in.

`profiles/structure-definitions/{referral-task,cancellation-request-task,information-request-task}.json`. The hub opens the
referral of a need with a recipient by itself; who wants to say when, or to leave open who takes it on, writes the Task. Of each
need and recipient one referral is open at a time.
"""

from typing import Final

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, disclose
from hub.exchange.change.conforming import fresh, require_valid, without
from hub.exchange.change.consequences import carry
from hub.exchange.change.draft import Draft
from hub.exchange.change.referral import VERBS, actor_of, require_consent
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.instants import instant
from hub.fhir.references import reference, split
from hub.fhir.tasks import CANCELLATION, INFORMATION, REFERRAL, asked_of, is_unclaimed, kind, party
from hub.referral.deadlines import deadline
from hub.referral.machine import business_status
from hub.referral.passed_on import is_passed_on, parent_of
from hub.referral.requests import ASKED, PENDING
from hub.referral.steps import moved
from hub.referral.transitions import TERMINAL
from hub.referral.writing import notice, numbered

_PROFILES: Final = {
    REFERRAL: profile("referral-task"),
    CANCELLATION: profile("cancellation-request-task"),
    INFORMATION: profile("information-request-task"),
}
_ENDED: Final = frozenset({"revoked", "completed", "entered-in-error"})


def written_task(resource: Resource, hub: Hub, id_: str = "") -> Resource:
    """The Task under an id of its own. Where it names no profile, it is understood by what it asks for."""
    named = isinstance(resource.get("meta"), dict) and resource["meta"].get("profile")
    understood = {} if named else {"meta": {**_meta(resource), "profile": [_PROFILES.get(_kind(resource), "")]}}
    return fresh({**resource, **(understood if _kind(resource) else {})}, hub, id_)


def refer(made: Resource, draft: Draft) -> str:
    """The act that puts a new Task into a draft. Raises HubError."""
    if _kind(made) in ASKED:
        return _ask(made, draft)
    return _refer(made, draft)


def _refer(made: Resource, draft: Draft) -> str:
    person, need = _need_of(made, draft)
    keeper, others = person.custodian(reference(need)) or "", person.referrals_of(reference(need))
    part_of = parent_of(need, person.tasks())
    whole = _completed(made, need, person, draft)
    require_valid(whole)
    _require_mine(whole, need, draft)
    if need["status"] in _ENDED or part_of is None:
        raise HubError(errors.OUT_OF_TURN, path="Task.focus")
    if whole["status"] not in {"draft", "requested"}:
        raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status="-", allowed="draft, requested")
    if any(one["status"] not in TERMINAL and one.get("owner") == whole.get("owner") for one in others):
        raise HubError(errors.ASKED_ALREADY, path="Task.focus")
    if part_of:
        whole["partOf"] = [{"reference": part_of}]
    if whole["status"] == "requested":
        require_consent(person, whole, keeper, draft.now)
    draft.put(person, carry(whole, need), "need.update", "update")
    return draft.put(person, whole, VERBS[REFERRAL][whole["status"]], "create", keeper)


def _need_of(made: Resource, draft: Draft) -> tuple[Person, Resource]:
    """The need that it carries, of those that the caller wrote. Raises UNKNOWN_REFERENCE, be it hidden or not there."""
    name = _reference(made, "focus")
    person = draft.holding(name) if name.startswith("ServiceRequest/") else None
    need = person.get(name) if person else None
    if person is None or need is None or party(need, "requester") != f"Organization/{draft.caller.organization}":
        raise HubError(errors.UNKNOWN_REFERENCE, path="Task.focus")
    return person, need


def _completed(made: Resource, need: Resource, person: Person, draft: Draft) -> Resource:
    """With what the hub knows: the common reference, the times, and, where nothing is said, urgency, deadline and notice."""
    now = instant(draft.now)
    priority = made.get("priority", need.get("priority", "routine"))
    due = deadline(priority if isinstance(priority, str) else "", draft.now)
    unsaid: Resource = {
        "intent": "order",
        "priority": priority,
        "for": need["subject"],
        "requester": need["requester"],
        "restriction": {"period": {"end": instant(due)}},
        "input": list(notice(need, person.get(f"Patient/{person.id}"))),
    }
    given = {"identifier": [numbered(made["id"])], "authoredOn": now, "lastModified": now}
    return unsaid | without(made, {"partOf"}) | given


def _require_mine(task: Resource, need: Resource, draft: Draft) -> None:
    """It is sent by who wrote the need, about the same survivor, to somebody who is known, or to whoever takes it on."""
    if task["requester"] != need["requester"]:
        raise HubError(errors.NOT_YOURS, path="Task.requester")
    if task["for"].get("reference") != need["subject"]["reference"]:
        raise HubError(errors.UNKNOWN_REFERENCE, path="Task.for")
    if is_passed_on(need) and party(task, "owner") == party(task, "requester"):
        raise HubError(errors.TO_ONESELF, path="Task.owner")
    type_, id_ = split(party(task, "owner"))
    known = type_ == "Organization" and draft.hub.directory.organization(id_) is not None
    if not known and not is_unclaimed(task):
        raise HubError(errors.UNKNOWN_REFERENCE, path="Task.owner")
    if business_status(task) or "output" in task or "statusReason" in task:
        raise HubError(errors.NOT_YOURS, path="Task.businessStatus")


def _ask(made: Resource, draft: Draft) -> str:
    about = asked_of(made) if _is_shaped(made) else ""
    path = "Task.focus" if _kind(made) == CANCELLATION else "Task.partOf"
    person, referral = seen_referral(about, path, draft)
    asking, asked = ASKED[_kind(made)], kind(made)
    unsaid = {"intent": "order", "for": referral["for"], "requester": {"reference": _me(draft)},
              "owner": referral.get(asking.answers)}  # fmt: skip
    now = instant(draft.now)
    whole = {name: value for name, value in unsaid.items() if value} | made | {"authoredOn": now, "lastModified": now}
    require_valid(whole)
    if actor_of(referral, draft.caller) != asking.asks or party(whole, "requester") != _me(draft):
        raise HubError(errors.NOT_YOURS, path="Task.requester")
    if whole["owner"] != referral.get(asking.answers) or whole["for"] != referral["for"]:
        raise HubError(errors.UNKNOWN_REFERENCE, path="Task.owner")
    if whole["status"] != "requested":
        raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status="-", allowed="requested")
    if referral["status"] not in asking.during or business_status(referral) == "consent-withdrawn":
        raise HubError(errors.OUT_OF_TURN, path=path)
    before = (one for one in person.tasks() if kind(one) == asked and asked_of(one) == about)
    if any(one["status"] in PENDING for one in before):
        raise HubError(errors.ASKED_ALREADY, path=path)
    if referral["status"] == "requested":  # who asks about it has read it
        draft.put(person, moved(referral, "received", draft.now), "referral.receive", "update")
    return draft.put(person, whole, VERBS[asked]["requested"], "create", person.custodian(about) or "")


def seen_referral(about: str, path: str, draft: Draft) -> tuple[Person, Resource]:
    """The referral, as it stands, of those that the caller may see."""
    type_, id_ = split(about)
    try:
        if type_ != "Task":
            raise HubError(errors.NOT_FOUND)
        disclose.read(type_, id_, draft.caller, hub=draft.hub)
    except HubError as problem:
        raise HubError(errors.UNKNOWN_REFERENCE, path=path) from problem
    person = draft.holding(about)
    referral = person.get(about) if person else None
    if person is None or referral is None or kind(referral) != REFERRAL:
        raise HubError(errors.UNKNOWN_REFERENCE, path=path)
    return person, referral


def _me(draft: Draft) -> str:
    return f"Organization/{draft.caller.organization}"


# What is sent can have any shape until it was judged.


def _kind(sent: Resource) -> str:
    try:
        return kind(sent)
    except (AttributeError, TypeError):
        return ""


def _is_shaped(sent: Resource) -> bool:
    try:
        return bool(asked_of(sent))
    except (AttributeError, TypeError):
        return False


def _meta(sent: Resource) -> Resource:
    meta = sent.get("meta")
    return meta if isinstance(meta, dict) else {}


def _reference(sent: Resource, element: str) -> str:
    node = sent.get(element)
    found = node.get("reference") if isinstance(node, dict) else None
    return found if isinstance(found, str) else ""
