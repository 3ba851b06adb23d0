"""Requests and tasks that are no referral: they open nothing, notify nobody, and do not move as a referral does."""

import json
from importlib.resources import files

import pytest

from hub import errors
from hub.errors import HubError
from hub.exchange import change
from hub.exchange.person import Person, Settled
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.references import reference
from hub.ports import Changes, Key
from tests.support.association import ASSOCIATION, COURT, HOSPITAL, Scene, association, court, hospital


def example(name: str) -> Resource:
    found: Resource = json.loads(files("profiles").joinpath(f"examples/valid/{name}.json").read_text("utf-8"))
    return found


def of(organization: str) -> Resource:
    return {"reference": f"Organization/{organization}"}


def her(at: Scene) -> Person:
    """A working copy of the woman of the register's row."""
    id_ = at.one("Patient")["id"]
    return Person.of(at.store.compartments([id_])[id_], at.hub.rules)


def measure(at: Scene, authority: str) -> Resource:
    """A protective measure that the association records for her, ordered by an authority."""
    body = {key: value for key, value in example("protective-measure").items() if key not in {"id", "supportingInfo"}}
    subject = {"reference": reference(at.one("Patient"))}
    return {**body, "subject": subject, "requester": of(ASSOCIATION), "performer": [of(authority)]}


def task(at: Scene, name: str, **more: object) -> Resource:
    """A task of this example about the referral of the register's row, from the association to the hospital."""
    about = {"reference": reference(at.one("Task"))}
    now = instant(at.clock.now())
    body = example(name) | {"for": {"reference": reference(at.one("Patient"))}, "authoredOn": now, "lastModified": now}
    body |= {"requester": of(ASSOCIATION), "owner": of(HOSPITAL)}
    return body | ({"focus": about} if "focus" in body else {"partOf": [about]}) | more


def settled(at: Scene, new: Resource) -> Settled:
    person = her(at)
    person.put(new, ASSOCIATION)
    return person.settle(at.clock.now(), at.hub.ids.new)


def stored(at: Scene, new: Resource) -> Resource:
    """The resource once it is in the database, as no door lets it in yet."""
    found = settled(at, new)
    at.store.commit(Changes(saves=found.saves, rekeys=found.rekeys, persons={her(at).id: her(at).revision}))
    return new


def seen_by(organization: str, keys: tuple[Key, ...]) -> set[str]:
    """The data classes that these keys open to an organisation for the coordination of care."""
    prefix = f"{organization}|COC|"
    return {key.grant.removeprefix(prefix) for key in keys if key.grant.startswith(prefix)}


@pytest.mark.parametrize("authority", [HOSPITAL, COURT])
def test_a_protective_measure_opens_no_referral_to_the_authority_that_orders_it(at: Scene, authority: str) -> None:
    at.receive(at.row())
    before = at.all("Task")
    made = change.create(measure(at, authority), association(), hub=at.hub)
    assert at.all("Task") == before
    assert at.audit("protective-measure.create") and not at.audit("need.create")
    assert at.keys(at.one("ServiceRequest", id=made.id)) == frozenset()
    for caller in (hospital(), court()):
        with pytest.raises(HubError) as caught:
            at.read(f"ServiceRequest/{made.id}", caller)
        assert caught.value.problem is errors.NOT_FOUND


def test_a_referral_that_is_called_so_opens_one_as_a_need_does(at: Scene) -> None:
    at.receive(at.row())
    body = {key: value for key, value in example("referral").items() if key not in {"id", "supportingInfo"}}
    subject = {"reference": reference(at.one("Patient"))}
    body |= {"subject": subject, "requester": of(ASSOCIATION), "performer": [of(HOSPITAL)]}
    made = change.create(body, association(), hub=at.hub)
    focus = {"reference": f"ServiceRequest/{made.id}"}
    assert [one["status"] for one in at.all("Task") if one["focus"] == focus] == ["requested"]


@pytest.mark.parametrize("name", ["cancellation-request-task--rejected", "information-request-task--answered"])
def test_a_task_that_is_no_referral_opens_nothing_of_hers_to_its_owner(at: Scene, name: str) -> None:
    at.receive(at.row())
    new = task(at, name)
    found = settled(at, new)
    assert (found.steps, found.rekeys) == ([], [])
    (save,) = found.saves
    assert save.resource["id"] == new["id"]
    assert seen_by(HOSPITAL, save.keys) == {"notice"}


def test_a_referral_in_the_same_state_would_have_opened_it(at: Scene) -> None:
    at.receive(at.row())
    accepted = {**at.one("Task"), "id": "another", "status": "accepted"}
    opened = {rekey.type: seen_by(HOSPITAL, rekey.keys) for rekey in settled(at, accepted).rekeys}
    assert opened["Patient"] and opened["ServiceRequest"]


@pytest.mark.parametrize("name", ["cancellation-request-task", "information-request-task"])
def test_a_request_about_a_referral_is_not_moved_along_a_referrals_states(at: Scene, name: str) -> None:
    at.receive(at.row())
    one = stored(at, task(at, name))
    for status in ("draft", "on-hold", "failed"):
        for caller in (hospital(), association()):
            with pytest.raises(HubError) as caught:
                change.update("Task", one["id"], {**one, "status": status}, caller, expected=1, hub=at.hub)
            assert caught.value.problem in {errors.INVALID, errors.ILLEGAL_TRANSITION}
    assert at.one("Task", id=one["id"])["status"] == "requested"


def test_a_task_that_is_none_of_a_referrals_is_not_moved_along_its_states(at: Scene) -> None:
    at.receive(at.row())
    review = example("override-review-task") | {"for": {"reference": reference(at.one("Patient"))}}
    one = stored(at, review | {"requester": of(ASSOCIATION), "owner": of(ASSOCIATION)})
    for status in ("accepted", "received", "in-progress", "cancelled"):
        steps = [{"op": "replace", "path": "/status", "value": status}]
        with pytest.raises(HubError) as caught:
            change.patch("Task", one["id"], steps, association(), expected=None, hub=at.hub)
        assert caught.value.problem is errors.NOT_SUPPORTED
        with pytest.raises(HubError) as caught:
            change.update("Task", one["id"], {**one, "status": status}, association(), expected=1, hub=at.hub)
        assert caught.value.problem is errors.NOT_SUPPORTED
    assert at.one("Task", id=one["id"])["status"] == "requested"


def test_a_referral_does_not_become_a_request_to_cancel_it(at: Scene) -> None:
    at.receive(at.row())
    referral = at.one("Task")
    abort = {"op": "replace", "path": "/code/coding/0/code", "value": "abort"}
    with pytest.raises(HubError) as caught:
        change.patch("Task", referral["id"], [abort], association(), expected=None, hub=at.hub)
    assert caught.value.problem in {errors.IMMUTABLE, errors.INVALID}
    assert at.one("Task") == referral


def test_what_waits_beside_a_referral_does_not_hide_why_a_look_at_her_was_denied(at: Scene) -> None:
    at.receive(at.row())
    stored(at, task(at, "information-request-task"))
    with pytest.raises(HubError) as caught:
        at.read(reference(at.one("ServiceRequest")), hospital())
    assert caught.value.problem is errors.NOT_FOUND
