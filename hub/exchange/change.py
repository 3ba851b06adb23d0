"""Change: create, update and patch through the API. Each act is computed from one revision of one person's compartment and
committed with its version, audit, keys and outbox, or refused whole.

A party changes what it keeps itself; a referral (Task) is moved by its requester and its owner along the state machine.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from hub import errors
from hub.audit import events
from hub.conformance import validate
from hub.consent.keys import is_referral, own
from hub.errors import Conflict, HubError
from hub.exchange import Hub, Invalid, View, disclose
from hub.exchange.aftermath import told as told_of
from hub.exchange.person import Person
from hub.exchange.recording import require_recorded
from hub.exchange.supersede import end_superseded, replacement, require_same, superseded
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import instant
from hub.fhir.issues import Issue
from hub.fhir.json_patch import apply
from hub.fhir.numbered import is_numbered
from hub.fhir.references import reference, split
from hub.fhir.serial import written_alike
from hub.ports import Caller, Changes, Due, Key, Save, Stored
from hub.referral.transitions import HUB_ALONE, Actor, business_status, check, targets

ATTEMPTS = 5
INVARIANT = "invariant"
PERSON_ELEMENT = {
    "Patient": None, "EpisodeOfCare": "patient", "Observation": "subject", "ServiceRequest": "subject", "Consent": "patient",
}  # fmt: skip
"""Types that an organisation may create, and the element that says whose they are."""

VERBS = {
    "received": "referral.receive", "accepted": "referral.accept", "rejected": "referral.reject",
    "in-progress": "referral.start", "on-hold": "referral.hold", "completed": "referral.complete", "failed": "referral.fail",
    "cancelled": "referral.cancel", "requested": "referral.send", "entered-in-error": "referral.void",
}  # fmt: skip


def create(resource: Resource, caller: Caller, *, hub: Hub) -> View:
    """Store a new resource of the caller's own. The id, version and instant that it carries are ignored."""
    type_ = resource["resourceType"]
    if type_ not in PERSON_ELEMENT:
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    fresh = _fresh(resource, hub)

    def act(now: datetime) -> tuple[Person, Resource, str]:
        _require_valid(fresh)
        person = _person_for(fresh, caller, hub)
        _require_custodian(fresh, caller)
        require_recorded(fresh, None, caller)
        _require_known(fresh, hub)
        if type_ == "Consent":
            end_superseded(fresh, person, caller.organization)
        return person, fresh, f"{_noun(fresh)}.create"

    return _commit(act, caller, "create", hub)


def update(type_: str, id_: str, resource: Resource, caller: Caller, *, expected: int | None, hub: Hub) -> View:
    """Replace a resource by its next version. The same content again is the same version."""
    body = {"resourceType": type_, "id": id_, **_without(resource, {"resourceType", "id"})}
    return _revise(type_, id_, lambda _: body, caller, expected=expected, interaction="update", hub=hub)


def foresee_create(resource: Resource, caller: Caller, *, hub: Hub, unsigned: bool = False) -> None:
    """What would speak against storing this, as far as no record has to be read to know it. Raises HubError.

    `unsigned`: a consent that is not given yet, so that nothing can tell who gave it.
    """
    type_ = resource["resourceType"]
    if type_ not in PERSON_ELEMENT:
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    fresh = _fresh(resource, hub)
    _require_valid(fresh)
    _require_custodian(fresh, caller)
    if not unsigned:
        require_recorded(fresh, None, caller)
    _require_known(fresh, hub)


def foresee_update(type_: str, id_: str, resource: Resource, caller: Caller, *, hub: Hub) -> None:
    """What would speak against this update now; the look at what is stored is recorded. Raises HubError."""
    if type_ not in PERSON_ELEMENT and type_ != "Task":
        disclose.read(type_, id_, caller, hub=hub)
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    body = {"resourceType": type_, "id": id_, **_without(resource, {"resourceType", "id"})}
    _revision(type_, id_, lambda _: body, caller, expected=None, hub=hub)(hub.clock.now())


def patch(type_: str, id_: str, steps: list[Resource], caller: Caller, *, expected: int | None, hub: Hub) -> View:
    """Change a resource by JSON Patch (RFC 6902); the result is judged like an update."""
    return _revise(
        type_, id_, lambda stored: apply(stored, steps), caller, expected=expected, interaction="patch", hub=hub
    )


def close_unseen(id_: str, close: Callable[[Resource], Resource], caller: Caller, *, hub: Hub) -> str:
    """The status of a referral that its owner closes although consent was withdrawn and it sees nothing of it any more."""

    def act(now: datetime) -> tuple[Person, Resource, str]:
        person, before = _held_for_withdrawal(id_, caller, hub)
        after = close(before)
        action = _judge(before, after, caller)
        after = _stamp(before, after, now)
        _require_none(_findings(after))
        return person, after, action

    _commit(act, caller, "update", hub)
    stored = hub.store.read("Task", id_, None)
    assert stored is not None
    return str(stored.resource()["status"])


def _revise(
    type_: str,
    id_: str,
    revise: Callable[[Resource], Resource],
    caller: Caller,
    *,
    expected: int | None,
    interaction: str,
    hub: Hub,
) -> View:
    act = _revision(type_, id_, revise, caller, expected=expected, hub=hub)
    return _commit(act, caller, interaction, hub)


def _revision(
    type_: str, id_: str, revise: Callable[[Resource], Resource], caller: Caller, *, expected: int | None, hub: Hub
) -> Callable[[datetime], tuple[Person, Resource, str]]:
    """The act that revises a resource, with everything that may speak against it; it commits nothing."""
    key = f"{type_}/{id_}"

    def act(now: datetime) -> tuple[Person, Resource, str]:
        person, stored = _owned(type_, id_, caller, hub, now)
        if (
            type_ != "Task" and stored.custodian != caller.organization
        ):  # before anything is read: a patch must not probe
            raise HubError(errors.NOT_YOURS)
        if expected is not None and expected != stored.version:
            raise HubError(errors.STALE)
        before = stored.resource()
        if type_ == "Task" and not is_referral(before):  # the states of a referral are not those of other tasks
            raise HubError(errors.NOT_SUPPORTED, type=type_)
        after = _keep_meta(before, revise(before))
        if (after.get("resourceType"), after.get("id")) != (type_, id_):
            raise HubError(errors.WRONG_ID, path=f"{type_}.id")
        action = f"{_noun(before)}.update"
        if written_alike(after, before):
            return person, before, action
        issues = _findings(after)
        _require_none(issue for issue in issues if issue.code != INVARIANT)
        if type_ == "Task":  # the state machine says more exactly than an invariant what is missing
            action = _judge(before, after, caller)
            if action == "referral.send":
                _require_consent(person, after, stored.custodian or "", now, hub)
            after = _stamp(before, after, now)
            issues = _findings(after)  # times are the hub's, whatever was sent
        else:
            _require_same_person(before, after)
            _require_custodian(after, caller)
            _require_known(after, hub)
        _require_none(issues)
        require_recorded(after, before, caller)
        require_same(after, before)
        if type_ == "Consent" and before["status"] == "active" and after["status"] != "active":
            action = "consent.withdraw"
        assert person.get(key) is not None
        return person, after, action

    return act


def _commit(
    act: Callable[[datetime], tuple[Person, Resource, str]], caller: Caller, interaction: str, hub: Hub
) -> View:
    """Compute the act from the present state and commit it; when somebody was faster, compute it again."""
    for _ in range(ATTEMPTS):
        now = hub.clock.now()
        person, resource, action = act(now)
        key = reference(resource)
        if person.put(resource, person.custodian(key) or caller.organization):
            try:
                hub.store.commit(_changes(person, resource, action, interaction, caller, now=now, hub=hub))
            except Conflict:
                continue
        stored = hub.store.read(*split(key), None)
        assert stored is not None
        return disclose.view(stored, caller, now, hub=hub)
    raise Conflict


def _changes(
    person: Person, resource: Resource, action: str, interaction: str, caller: Caller, *, now: datetime, hub: Hub
) -> Changes:
    key = reference(resource)
    settled = person.settle(now, hub.ids.new)
    told = [(action, key, caller), *((step.action, reference(step.task), None) for step in settled.steps)]
    audits = [_audit(person, about, verb, by=by, interaction=interaction, now=now, hub=hub) for verb, about, by in told]
    if interaction == "create":
        audits += _replacements(person, resource, caller, now, hub)
    outbox = [Due(action, "", key)] if resource["resourceType"] == "Task" else []
    return settled.changes(person, [*audits, *told_of(person, settled, now, hub=hub)], outbox)


def _replacements(person: Person, resource: Resource, caller: Caller, now: datetime, hub: Hub) -> Iterator[Save]:
    """What is told of the consents that a new one took the place of."""
    for old in superseded(resource):
        yield _audit(person, old, "consent.supersede", by=caller, interaction="update", now=now, hub=hub)
    for provenance in replacement(resource, now, hub.ids.new(), caller):
        yield Save(provenance, person.id, caller.organization, (Key(own(caller.organization)),))


def _audit(
    person: Person, about: str, verb: str, *, by: Caller | None, interaction: str, now: datetime, hub: Hub
) -> Save:
    """Kept with the keeper of what it is about: what followed among another's records is not for who set it off."""
    keeper = person.custodian(about) or ""
    event = events.event(
        hub.ids.new(), verb, now, interaction=interaction, caller=by, person=person.id, entities=[about]
    )
    return Save(event, person.id, keeper, (Key(own(keeper)),))


# --- whose it is -----------------------------------------------------------------------------------------------------


def _owned(type_: str, id_: str, caller: Caller, hub: Hub, now: datetime) -> tuple[Person, Stored]:
    """The person and the stored resource that the caller may see: what is hidden cannot be changed either."""
    disclose.read(type_, id_, caller, hub=hub, reach="update")
    seen = hub.store.read(type_, id_, None)
    if seen is None or seen.person is None:
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    compartment = hub.store.compartments([seen.person])[seen.person]
    stored = next((s for s in compartment.documents if (s.type, s.id) == (type_, id_)), None)
    if stored is None:
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    return Person.of(compartment, hub.rules), stored


def _held_for_withdrawal(id_: str, caller: Caller, hub: Hub) -> tuple[Person, Resource]:
    """Only its owner's, and only while it is on hold for that reason; whatever else the caller does not see is absent."""
    stored = hub.store.read("Task", id_, None)
    task = stored.resource() if stored else {}
    mine = task.get("owner", {}).get("reference") == f"Organization/{caller.organization}"
    narrowed = any((one.type, one.interaction) == ("Task", "update") for one in caller.within)
    held = mine and task["status"] == "on-hold" and business_status(task) == "consent-withdrawn"
    if stored is None or stored.person is None or narrowed or not held:
        disclose.read("Task", id_, caller, hub=hub, reach="update")
        raise HubError(errors.NOT_YOURS, path="Task.status")
    return Person.of(hub.store.compartments([stored.person])[stored.person], hub.rules), task


def _person_for(resource: Resource, caller: Caller, hub: Hub) -> Person:
    element = PERSON_ELEMENT[resource["resourceType"]]
    if element is None:
        return Person(resource["id"], hub.rules)
    type_, id_ = split(resource.get(element, {}).get("reference", ""))
    stored = hub.store.read("Patient", id_, None) if type_ == "Patient" else None
    if stored is None or stored.custodian != caller.organization:
        path = f"{resource['resourceType']}.{element}"
        raise HubError(errors.UNKNOWN_REFERENCE, path=path)
    return Person.of(hub.store.compartments([id_])[id_], hub.rules)


def _require_custodian(resource: Resource, caller: Caller) -> None:
    """A party speaks for itself: the organisation that a resource names as its keeper is the caller's."""
    type_ = resource["resourceType"]
    element = {
        "Patient": "managingOrganization", "EpisodeOfCare": "managingOrganization", "Observation": "performer",
        "ServiceRequest": "requester", "Consent": "organization",
    }[type_]  # fmt: skip
    named = resource.get(element, {})
    named = named if isinstance(named, list) else [named]
    if any(one.get("reference") != f"Organization/{caller.organization}" for one in named):
        raise HubError(errors.NOT_YOURS, path=f"{type_}.{element}")


def _require_known(resource: Resource, hub: Hub) -> None:
    """A need is referred to an organisation of the directory, or nobody would ever see the referral."""
    if resource["resourceType"] != "ServiceRequest":
        return
    for performer in resource.get("performer", ()):
        type_, id_ = split(performer.get("reference", ""))
        if type_ != "Organization" or hub.directory.organization(id_) is None:
            raise HubError(errors.UNKNOWN_REFERENCE, path="ServiceRequest.performer")


def _require_same_person(before: Resource, after: Resource) -> None:
    element = PERSON_ELEMENT.get(before["resourceType"])
    if element and before.get(element) != after.get(element):
        raise HubError(errors.IMMUTABLE, path=f"{before['resourceType']}.{element}", element=element)


# --- what it must be -------------------------------------------------------------------------------------------------


def _judge(before: Resource, after: Resource, caller: Caller) -> str:
    """The verb of a referral's change, once the state machine agrees."""
    me = f"Organization/{caller.organization}"
    actor: Actor = "owner" if before.get("owner", {}).get("reference") == me else "requester"
    check(before, after, actor)
    return VERBS.get(after["status"], "referral.update") if before["status"] != after["status"] else "referral.update"


def _require_consent(person: Person, task: Resource, custodian: str, now: datetime, hub: Hub) -> None:
    """A referral waits as a draft until a consent covers it; then it is sent by itself."""
    if not person.may_be_referred_to(split(task["owner"]["reference"])[1], custodian, now):
        allowed = ", ".join(targets("draft", "requester"))
        raise HubError(
            errors.ILLEGAL_TRANSITION, path="Task.status", text="consent.none", status="draft", allowed=allowed
        )


def _stamp(before: Resource, after: Resource, now: datetime) -> Resource:
    """Times are the hub's: when it last changed, when work started and ended. What it said of an earlier state goes."""
    period = dict(after.get("executionPeriod", {}))
    if before["status"] != after["status"]:
        if business_status(after) in HUB_ALONE:
            after = _without(after, {"businessStatus"})
        if after["status"] == "in-progress":
            period.setdefault("start", instant(now))
        if after["status"] in {"completed", "failed"}:
            period.setdefault("end", instant(now))
            period.setdefault("start", before.get("executionPeriod", {}).get("start", instant(now)))
    return {**after, "lastModified": instant(now), **({"executionPeriod": period} if period else {})}


def _require_valid(resource: Resource) -> None:
    _require_none(_findings(resource))


def _findings(resource: Resource) -> tuple[Issue, ...]:
    if _is_partial(resource):
        raise HubError(errors.SUBSETTED, path=f"{resource['resourceType']}.meta.tag")
    if is_numbered(resource):
        raise HubError(errors.HUB_GIVEN, path=f"{resource['resourceType']}.identifier")
    return validate(resource)


def _is_partial(resource: Resource) -> bool:
    """Asked first, so of a body that can have any shape."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return isinstance(tags, list) and any(isinstance(tag, dict) and tag.get("code") == "SUBSETTED" for tag in tags)


def _require_none(issues: Iterable[Issue]) -> None:
    issues = tuple(issues)
    if any(issue.blocks for issue in issues):
        raise Invalid(errors.INVALID, issues)


def _fresh(resource: Resource, hub: Hub) -> Resource:
    """The resource under an id of its own."""
    rest = _without(resource, {"resourceType", "id"})
    return _with_profile({"resourceType": resource["resourceType"], "id": hub.ids.new(), **rest})


def _with_profile(resource: Resource) -> Resource:
    profile = load().profile_of(resource)
    meta = resource.get("meta", {})
    if profile is None or not isinstance(meta, dict):
        return resource
    return {**resource, "meta": {**_without(meta, {"versionId", "lastUpdated"}), "profile": [profile.url]}}


def _keep_meta(before: Resource, after: Resource) -> Resource:
    """Profile, tags and labels stay on an update unless they are removed on purpose; version and instant are the store's."""
    stored, sent = before.get("meta", {}), after.get("meta", {})
    if not isinstance(sent, dict):
        return after
    meta = {**stored, **{k: v for k, v in sent.items() if k not in {"versionId", "lastUpdated", "profile"}}}
    return {**after, "meta": meta}


def _noun(resource: Resource) -> str:
    """What the audit calls it: of several profiles of one type, those that are something else have a name of their own."""
    type_: str = resource["resourceType"]
    profile = load().profile_of(resource)
    if profile and profile.name in {"outcome", "protective-measure"}:
        return profile.name
    return {
        "Patient": "survivor", "EpisodeOfCare": "case", "Observation": "incident", "ServiceRequest": "need",
        "Consent": "consent", "Task": "referral",
    }.get(type_, type_.lower())  # fmt: skip


def _without(node: Resource, keys: set[str]) -> Resource:
    return {key: value for key, value in node.items() if key not in keys}


__all__ = ["create", "foresee_create", "foresee_update", "patch", "update"]
