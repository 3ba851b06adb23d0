"""A simulation says what happens, nothing is written by it, and what stays closed has its reason."""

import json
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import errors
from hub.consent.belonging import is_notice
from hub.consent.grants import NOTICE
from hub.consent.provisions import recipients
from hub.errors import HubError
from hub.exchange import Invalid, View, change
from hub.exchange.person import Person, content
from hub.exchange.simulate import Line, Simulation, simulate
from hub.fhir import Resource
from hub.fhir.data_classes import shareable
from hub.fhir.definitions import load
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.ports import Caller
from hub.search.parameters import PARAMETERS
from tests.support.association import (
    ASSOCIATION,
    BEGINNING,
    COURT,
    HOSPITAL,
    Scene,
    association,
    court,
    hospital,
    outcome,
    reason,
    scene,
)  # fmt: skip
from tests.support.budget import examples
from tests.support.consents import asked, permit, provision

CLASSES = (
    "core",
    "safe-contact",
    "identity",
    "address",
    "incident-summary",
    "incident-narrative",
    "needs-and-services",
)
PURPOSES = ("COC", "TREAT", "HRESCH")
CALLERS = [Caller(f"{one}-system", one, purpose) for one in (HOSPITAL, COURT) for purpose in PURPOSES]
OPENED = frozenset(
    type_ for type_ in PARAMETERS if any(one.base_class in shareable() | {NOTICE} for one in load().of_type(type_))
)
"""The types of which a consent can open anything."""
MOVES = ("accepted", "rejected", "in-progress", "completed")


def unsigned(at: Scene, root: Resource, **more: Any) -> Resource:
    """A consent as the association would record it for the woman of its register."""
    patient = {"reference": reference(at.one("Patient"))}
    kept = at.all("Consent")[0]
    rest = {key: value for key, value in kept.items() if key not in {"id", "meta", "verification", "sourceReference"}}
    return {**rest, "status": "active", "patient": patient, "performer": [patient], "provision": root, **more}


def line(found: Simulation, recipient: str, data_class: str, purpose: str = "COC") -> Line:
    (one,) = [
        one for one in found.lines if (one.recipient, one.data_class, one.purpose) == (recipient, data_class, purpose)
    ]
    return one


def waiting(at: Scene) -> Scene:
    """The register's row before she has consented to anything: a consent that is withdrawn, a referral that waits."""
    at.receive(at.row())
    at.withdraw()
    return at


# --- what it says ----------------------------------------------------------------------------------------------------


def test_signing_shows_what_opens_until_when_and_under_which_consent(at: Scene) -> None:
    waiting(at)
    root = provision(exceptions=[permit(HOSPITAL, ["core", "identity"], until=BEGINNING + timedelta(days=30))])
    found = simulate(sign=[unsigned(at, root)], hub=at.hub)
    notice = line(found, HOSPITAL, "notice")
    assert (notice.now.is_open, notice.then.is_open, notice.then.because) == (False, True, found.signed)
    assert notice.then.until
    assert notice.then.until.date() == (BEGINNING + timedelta(days=30)).date()
    assert "referral-task#Task.owner" in notice.then.elements
    core = line(found, HOSPITAL, "core").then
    assert (core.state, core.because, core.reason) == ("agreed", found.signed, "consent.not-accepted")
    assert "survivor#Patient.identifier:pseudonym" in core.elements, "what acceptance would open"
    assert line(found, HOSPITAL, "address").then.reason == "consent.class"


def test_signing_sends_the_referral_anew(at: Scene) -> None:
    waiting(at)
    found = simulate(sign=[unsigned(at, provision(exceptions=[permit(HOSPITAL, ["core"])]))], hub=at.hub)
    assert {(one.now, one.then, one.action) for one in found.courses} == {
        ("cancelled", "cancelled", ""), ("", "requested", "referral.send"),
    }  # fmt: skip


def test_withdrawal_shows_what_closes_element_by_element(at: Scene) -> None:
    at.accepted()
    consent = reference(at.one("Consent"))
    found = simulate(withdraw=[consent], hub=at.hub)
    core = line(found, HOSPITAL, "core")
    assert core.now.because == (consent,)
    assert "survivor#Patient.identifier:pseudonym" in core.now.elements
    assert (core.then.state, core.then.elements, core.then.reason) == ("closed", frozenset(), "consent.withdrawn")
    assert {(one.now, one.then, one.action) for one in found.courses} == {("accepted", "on-hold", "referral.hold")}
    assert not any(one.then.is_open for one in found.lines)


def test_without_an_act_it_shows_what_is_seen_today(at: Scene) -> None:
    at.accepted()
    found = simulate(at.one("Patient")["id"], hub=at.hub)
    assert line(found, HOSPITAL, "safe-contact").now.is_open
    assert not any(one.changes for one in found.lines)
    assert [one.action for one in found.courses] == [""]


def test_an_organisation_that_is_denied_is_told_of_with_its_reason(at: Scene) -> None:
    at.accepted()
    found = simulate(sign=[unsigned(at, provision(exceptions=[provision("deny", to=[COURT])]))], hub=at.hub)
    assert line(found, COURT, "core").then.reason == "consent.no-referral"


def test_a_draft_is_simulated_as_signed(at: Scene) -> None:
    waiting(at)
    root = provision(exceptions=[permit(HOSPITAL, ["core"])])
    assert line(simulate(sign=[unsigned(at, root, status="draft")], hub=at.hub), HOSPITAL, "notice").then.is_open


def test_a_consent_that_is_replaced_is_signed_and_withdrawn_in_one(at: Scene) -> None:
    at.accepted()
    new = unsigned(at, provision(exceptions=[permit(HOSPITAL, ["core"])]))
    found = simulate(sign=[new], withdraw=[reference(at.one("Consent"))], hub=at.hub)
    assert (line(found, HOSPITAL, "core").then.because, line(found, HOSPITAL, "safe-contact").then.reason) == (
        found.signed, "consent.class",
    )  # fmt: skip
    assert [one.action for one in found.courses] == [""]


def test_what_acceptance_would_open_is_what_it_opens(at: Scene) -> None:
    at.receive(at.row())
    foreseen = simulate(at.one("Patient")["id"], hub=at.hub)
    assert {one.state for one in (line(foreseen, HOSPITAL, name).then for name in ("core", "safe-contact"))} == {
        "agreed"
    }
    at.move(at.one("Task"), "accepted", hospital())
    real = simulate(at.one("Patient")["id"], hub=at.hub)
    for one in real.lines:
        before = line(foreseen, one.recipient, one.data_class, one.purpose).then
        assert (one.then.elements, one.then.is_open) == (before.elements, before.state in {"agreed", "open"})


def test_what_opens_later_is_not_seen_yet(at: Scene) -> None:
    at.accepted()
    later = permit(HOSPITAL, ["incident-summary"], since=BEGINNING + timedelta(days=10))
    new = unsigned(at, provision(exceptions=[permit(HOSPITAL, ["core"]), later]))
    found = simulate(sign=[new], withdraw=[reference(at.one("Consent"))], hub=at.hub)
    summary = line(found, HOSPITAL, "incident-summary").then
    assert (summary.state, summary.reason, summary.elements) == ("agreed", "consent.not-yet", frozenset())
    assert {view.type for view in found.then.views(hospital())} == {"Patient", "Task"}


# --- what it refuses, and what it leaves alone -----------------------------------------------------------------------


def test_nothing_is_written(at: Scene) -> None:
    at.accepted()
    before = at.everything()
    root = provision(exceptions=[permit(COURT, ["core"])])
    simulate(sign=[unsigned(at, root)], withdraw=[reference(at.one("Consent"))], hub=at.hub)
    assert at.everything() == before


def test_what_would_be_refused_is_refused(at: Scene) -> None:
    at.accepted()
    body = unsigned(at, provision(exceptions=[permit(HOSPITAL, ["core"])]))
    with pytest.raises(Invalid):
        simulate(sign=[{**body, "scope": {}}], hub=at.hub)
    foreign = {**body, "organization": [{"reference": f"Organization/{HOSPITAL}"}]}
    nobody = {**body, "patient": {"reference": "Patient/00000000-0000-4000-8000-000000000000"}}
    for wrong, problem in ((foreign, errors.NOT_YOURS), (nobody, errors.UNKNOWN_REFERENCE)):
        with pytest.raises(HubError) as caught:
            simulate(sign=[wrong], hub=at.hub)
        assert caught.value.problem is problem


@pytest.mark.parametrize("wrong", ["Consent/00000000-0000-4000-8000-000000000000", "Patient/1", "nothing"])
def test_a_consent_that_is_not_there_cannot_be_withdrawn(at: Scene, wrong: str) -> None:
    with pytest.raises(HubError) as caught:
        simulate(withdraw=[wrong], hub=at.hub)
    assert caught.value.problem is errors.NOT_FOUND


def test_consents_of_two_women_are_not_simulated_together(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin=None))
    with pytest.raises(HubError):
        simulate(withdraw=[reference(one) for one in at.all("Consent")], hub=at.hub)


# --- it says what happens --------------------------------------------------------------------------------------------

RULES = st.builds(
    lambda type_, to, purposes, classes, start, days: provision(
        type_, to=to, purposes=purposes, classes=classes,
        since=BEGINNING + timedelta(days=start), until=BEGINNING + timedelta(days=start + days),
    ),
    st.sampled_from(["permit", "permit", "permit", "deny"]),
    st.lists(st.sampled_from([HOSPITAL, COURT]), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(CLASSES), min_size=1, max_size=5, unique=True),
    st.integers(-10, 5),
    st.integers(1, 30),
)  # fmt: skip
ACTS = st.one_of(
    st.lists(RULES, min_size=1, max_size=3).map(lambda rules: ("sign", rules)),
    st.integers(0, 3).map(lambda n: ("withdraw", n)),
    st.tuples(st.just("move"), st.tuples(st.integers(0, 3), st.sampled_from(MOVES))),
    st.tuples(st.just("wait"), st.integers(1, 12)),
)


def do(at: Scene, act: tuple[str, Any]) -> None:
    """One step of a history. Consents are simulated first, and the answers compared with what really came of them."""
    kind, what = act
    if kind == "wait":
        at.clock.forward(timedelta(days=what))
    elif kind == "move":
        move(at, *what)
    elif kind == "sign":
        body = unsigned(at, provision(exceptions=what))
        foreseen = simulate(sign=[body], hub=at.hub)
        change.create(asked(body), association(), hub=at.hub)
        assert_foreseen(at, foreseen)
    elif active := [one for one in at.all("Consent") if one["status"] == "active"]:
        consent = active[what % len(active)]
        foreseen = simulate(withdraw=[reference(consent)], hub=at.hub)
        steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
        change.patch("Consent", consent["id"], steps, association(), expected=None, hub=at.hub)
        assert_foreseen(at, foreseen)


def move(at: Scene, which: int, status: str) -> None:
    """A referral moved by its recipient, where the state machine lets it."""
    tasks = sorted(at.all("Task"), key=lambda one: one["id"])
    by = {HOSPITAL: hospital(), COURT: court()}
    task = tasks[which % len(tasks)]
    more = outcome() if status == "completed" else reason("no-capacity") if status == "rejected" else {}
    try:
        at.move(task, status, by[task["owner"]["reference"].partition("/")[2]], **more)
    except HubError:
        return


def assert_foreseen(at: Scene, foreseen: Simulation) -> None:
    for caller in CALLERS:
        assert told(foreseen.then.views(caller)) == told(really(at, caller)), caller
    for one in foreseen.lines:
        for answer in (one.now, one.then):
            assert not answer.elements or answer.state != "closed"
            assert bool(answer.because) == (answer.state != "closed")
            assert bool(answer.reason) == (not answer.is_open)


def really(at: Scene, caller: Caller) -> Iterator[View]:
    for type_ in ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Task", "Consent"):
        for one in at.all(type_):
            try:
                yield at.read(reference(one), caller)
            except HubError as problem:
                assert problem.problem is errors.NOT_FOUND


def told(views: Iterator[View]) -> list[str]:
    """Views as text, without what the act itself draws by lot: the id and number of a referral that it opens."""
    return sorted(str(_without_lots(content(loads(view.text)))) for view in views)


def _without_lots(resource: Resource) -> dict[str, Any]:
    lots = {"id", "identifier"} if resource["resourceType"] == "Task" else set()
    return dict(sorted((key, value) for key, value in resource.items() if key not in lots))


@settings(
    max_examples=examples(12, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(ACTS, min_size=2, max_size=6))
def test_recipients_see_after_the_act_exactly_what_was_simulated(at: Scene, history: list[tuple[str, Any]]) -> None:
    for name in at.store.database.list_collection_names():
        at.store.database[name].delete_many({})
    here = scene(at.store, at.connection.folder)
    here.receive(here.row(request="soins médicaux, écoute"), here.row("1", referred_to="Tribunal", request="juridique"))
    for act in history:
        do(here, act)


def whole(at: Scene) -> set[str]:
    """To her register's row, an example of every type that a consent can open, and one that opens all; the types that she has."""
    hers = at.accepted()["for"]["reference"]
    found = at.hub.store.compartments([hers.partition("/")[2]])[hers.partition("/")[2]]
    person = Person.of(found, at.hub.rules)
    for type_ in sorted(OPENED - {one.type for one in found.documents}):
        mine = {**example_of(type_), "id": at.hub.ids.new()}
        person.put(mine | (_message(at) if type_ == "Communication" else {}), ASSOCIATION)
    root = provision(exceptions=[permit(HOSPITAL, sorted(shareable()))])
    person.put({**unsigned(at, root), "id": at.hub.ids.new()}, ASSOCIATION)
    at.hub.store.commit(person.settle(at.clock.now(), at.hub.ids.new).changes(person))
    return {one.type for one in at.hub.store.compartments([person.id])[person.id].documents}


def _message(at: Scene) -> Resource:
    of = {"sender": ASSOCIATION, "recipient": HOSPITAL}
    sender, recipient = ({"reference": f"Organization/{one}"} for one in of.values())
    about = [{"reference": reference(at.one("Task"))}]
    return {"sender": sender, "recipient": [recipient], "about": about, "status": "in-progress"}


def example_of(type_: str) -> Resource:
    paths = sorted(Path(str(files("profiles"))).glob("examples/valid/*.json"))
    found = (json.loads(path.read_text("utf-8")) for path in paths)
    return next(one for one in found if one["resourceType"] == type_ and not is_notice(one))


def test_every_type_that_a_recipient_can_see_is_in_the_simulation(at: Scene) -> None:
    """What is served tomorrow is asked here too: the types are those that disclosure serves."""
    hers = whole(at)
    assert hers >= OPENED
    seen = {type_ for type_ in PARAMETERS if type_ in hers and any(_is_read(at, one) for one in at.all(type_))}
    assert seen == OPENED
    state = simulate(at.one("Patient")["id"], hub=at.hub).now
    assert {view.type for view in state.views(hospital())} == seen
    elements = frozenset[str]().union(
        *(one.now.elements for one in simulate(at.one("Patient")["id"], hub=at.hub).lines)
    )
    assert {load().profile(one.partition("#")[0]).type for one in elements} == seen


def _is_read(at: Scene, resource: Resource) -> bool:
    try:
        at.read(reference(resource), hospital())
    except HubError:
        return False
    return True


def test_every_organisation_that_a_provision_names_is_found_at_any_depth() -> None:
    deep = provision("deny", to=[COURT], exceptions=[permit(HOSPITAL, ["core"])])
    assert recipients(provision(exceptions=[deep])) == {COURT, HOSPITAL}
