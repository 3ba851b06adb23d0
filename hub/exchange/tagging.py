"""Tagging: a keeper adds profiles, tags and security labels to what it keeps, or takes them away, and changes nothing else.

https://hl7.org/fhir/R4/resource-operation-meta-add.html. Labels by rule follow from what stands in a resource: they cannot be
taken away, nor lowered. The profile by which a resource is kept decides what of it is whose to see: it stays.
"""

from collections.abc import Callable
from datetime import datetime

from hub import errors
from hub.audit import events
from hub.conformance import examine, knows
from hub.consent.belonging import is_referral
from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import Hub, Invalid, View, disclose
from hub.exchange.aftermath import told
from hub.exchange.change.conforming import require_free
from hub.exchange.person import OF_THE_HUB, Person
from hub.exchange.queue import Turn
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.labels import labelled
from hub.fhir.masking import REDACTED, SUBSETTED
from hub.fhir.meta import joined, names, without
from hub.fhir.references import reference
from hub.ports import Caller, Changes, Key, Save


def add(type_: str, id_: str, meta: Resource, caller: Caller, *, hub: Hub) -> View:
    """`meta`: a valid Meta. HubError(LABEL_BY_RULE) for a label that is less strict than what the rules say."""

    def act(before: Resource) -> Resource:
        _require_true(meta, type_)
        after = _with_meta(before, joined(before.get("meta", {}), meta))
        require_free(names(meta.get("security", ())) - names(after["meta"]["security"]), type_)
        _require_conformance(after, meta.get("profile", []))
        return after

    return _commit(type_, id_, act, "labels.add", caller=caller, hub=hub)


def remove(type_: str, id_: str, meta: Resource, caller: Caller, *, hub: Hub) -> View:
    """What is not there is no error. HubError(LABEL_BY_RULE) for a label that the rules set."""

    def act(before: Resource) -> Resource:
        after = _with_meta(before, without(before.get("meta", {}), meta))
        require_free(names(meta.get("security", ())) & names(after["meta"]["security"]), type_)
        return after

    return _commit(type_, id_, act, "labels.remove", caller=caller, hub=hub)


def _with_meta(before: Resource, meta: Resource) -> Resource:
    """As it would be kept. Raises IMMUTABLE where it would be kept by another profile."""
    after = labelled({**before, "meta": meta}, before)
    named = [one.name if one else "" for one in (load().profile_of(before), load().profile_of(after))]
    if named[0] != named[1]:
        path = f"{before['resourceType']}.meta.profile"
        raise HubError(errors.IMMUTABLE, path=path, element="meta.profile")
    return after


def _require_true(meta: Resource, type_: str) -> None:
    """What only a cut may say of what is left."""
    marks = {(one.get("system"), one.get("code")) for one in (*meta.get("tag", ()), *meta.get("security", ()))}
    if any((mark["system"], mark["code"]) in marks for mark in (SUBSETTED, REDACTED)):
        raise HubError(errors.SUBSETTED, path=f"{type_}.meta.tag")


def _require_conformance(after: Resource, profiles: list[str]) -> None:
    if not all(knows(url) for url in profiles):
        raise HubError(errors.UNKNOWN_CANONICAL, path="http.meta", type="StructureDefinition")
    issues = examine(after, profiles) if profiles else ()
    if any(issue.blocks for issue in issues):
        raise Invalid(errors.INVALID, issues)


# --- the act ----------------------------------------------------------------------------------------------------------


def _commit(type_: str, id_: str, act: Callable[[Resource], Resource], verb: str, *, caller: Caller, hub: Hub) -> View:
    """Compute it from the present state and commit it; when somebody was faster, compute it again."""

    def attempt(turn: Turn) -> View:
        now = hub.clock.now()
        person, before = _kept(type_, id_, caller, hub)
        turn.asked.add(person.id)
        if person.put(act(before), caller.organization):
            hub.store.commit(_changes(person, f"{type_}/{id_}", verb, by=caller, now=now, hub=hub))
        stored = hub.store.read(type_, id_, None)
        assert stored is not None
        return disclose.view(stored, caller, now, hub=hub)

    return hub.queue.tried(attempt)


def _kept(type_: str, id_: str, caller: Caller, hub: Hub) -> tuple[Person, Resource]:
    """What the caller sees and keeps; of what it does not see, it is not told that it is there."""
    disclose.read(type_, id_, caller, hub=hub, reach="update")
    seen = hub.store.read(type_, id_, None)
    compartment = hub.store.compartments([seen.person]).get(seen.person) if seen and seen.person else None
    person = Person.of(compartment, hub.rules) if compartment else None
    before = person.get(f"{type_}/{id_}") if person else None
    if person is None or before is None or (type_ in OF_THE_HUB and not is_referral(before)):
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    if person.custodian(f"{type_}/{id_}") != caller.organization:
        raise HubError(errors.NOT_YOURS)
    return person, before


def _changes(person: Person, about: str, verb: str, *, by: Caller, now: datetime, hub: Hub) -> Changes:
    """Labels can open or close something, where a consent speaks of them: what follows is settled as after any act."""
    settled = person.settle(now, hub.ids.new)
    acts = [(verb, about, by), *((step.action, reference(step.task), None) for step in settled.steps)]
    audits = [_audit(person, about, verb, by=who, now=now, hub=hub) for verb, about, who in acts]
    return settled.changes(person, [*audits, *told(person, settled, now, hub=hub)])


def _audit(person: Person, about: str, verb: str, *, by: Caller | None, now: datetime, hub: Hub) -> Save:
    keeper = person.custodian(about) or ""
    event = events.event(hub.ids.new(), verb, now, interaction="update", caller=by, person=person.id, entities=[about])
    return Save(event, person.id, keeper, (Key(own(keeper)),))
