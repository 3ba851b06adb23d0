"""Consents that name a group, a care team or a post, as the database answers: who joins sees, who leaves sees no more, at once."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.errors import Conflict, HubError
from hub.exchange import View, change
from hub.exchange.change import Draft
from hub.exchange.change.revise import replacing, revision
from hub.exchange.erase import erase
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.ports import Caller
from tests.support.association import ASSOCIATION, HOSPITAL, Scene, association, hospital
from tests.support.consents import asked, permit, provision
from tests.support.written import example

AMAL, NADIA = "Practitioner/amal", "Practitioner/nadia"


def person(practitioner: str) -> Caller:
    return replace(hospital(), practitioner=practitioner)


def named(to: str) -> Resource:
    role = {"coding": [{"system": f"{TERMINOLOGY}/v3-ParticipationType", "code": "IRCP"}]}
    return {"actor": [{"role": role, "reference": {"reference": to}}]}


def written(resource: Resource, at: Scene, by: Caller | None = None) -> Resource:
    view = change.create(resource, by or association(), hub=at.hub)
    found: Resource = loads(view.text)
    return found


def group(at: Scene, *members: str) -> Resource:
    keeper = {"reference": f"Organization/{ASSOCIATION}"}
    entities = [{"entity": {"reference": one}} for one in members]
    return written({**example("group"), "managingEntity": keeper, "member": entities}, at)


def agreed(at: Scene, *exceptions: Resource) -> None:
    """Beside what the register says, she agrees to this."""
    kept = next(one for one in at.all("Consent") if one["status"] == "active")
    rest = {key: value for key, value in kept.items() if key not in {"id", "meta", "verification", "sourceReference"}}
    patient = {"reference": reference(at.one("Patient"))}
    written(asked({**rest, "performer": [patient], "provision": provision(exceptions=exceptions)}), at)


def sees(at: Scene, by: Caller, type_: str = "Condition") -> bool:
    """By search and by read, which agree."""
    found = at.search(type_, by)
    try:
        read: View | None = at.read(reference(at.one(type_)), by)
    except HubError:
        read = None
    assert found.total == (read is not None)
    return read is not None


@pytest.fixture
def at_work(at: Scene) -> Scene:
    """A survivor who was referred, with a record of her health."""
    at.accepted()
    condition = example("condition") | {"subject": {"reference": reference(at.one("Patient"))}}
    condition["extension"] = [
        {**condition["extension"][0], "valueReference": {"reference": f"Organization/{ASSOCIATION}"}}
    ]
    written(condition, at)
    return at


def with_members(group: Resource, *members: str) -> Resource:
    return {**group, "member": [{"entity": {"reference": one}} for one in members]}


def changed(at: Scene, resource: Resource, by: Caller | None = None) -> None:
    change.update(resource["resourceType"], resource["id"], resource, by or association(), expected=None, hub=at.hub)


def test_who_joins_a_group_sees_and_who_leaves_it_sees_no_more_with_the_very_next_request(at_work: Scene) -> None:
    at = at_work
    night = group(at, AMAL)
    agreed(at, permit("x", ["core", "health"]) | named(reference(night)))
    assert (sees(at, person(AMAL)), sees(at, person(NADIA)), sees(at, hospital())) == (True, False, False)
    changed(at, with_members(night, NADIA))
    assert (sees(at, person(AMAL)), sees(at, person(NADIA)), sees(at, hospital())) == (False, True, False)
    changed(at, {**with_members(night, NADIA), "active": False})
    assert not sees(at, person(NADIA))


def test_a_post_of_another_organisation_counts_as_it_stands_there(at_work: Scene) -> None:
    at = at_work
    role = example("staff-role") | {"practitioner": {"reference": AMAL}}
    by = hospital()
    role = written({**role, "organization": {"reference": f"Organization/{HOSPITAL}"}}, at, by)
    night = group(at, reference(role))
    agreed(at, permit("x", ["core", "health"]) | named(reference(night)))
    assert (sees(at, person(AMAL)), sees(at, person(NADIA))) == (True, False)
    changed(at, {**role, "practitioner": {"reference": NADIA}}, by)
    assert (sees(at, person(AMAL)), sees(at, person(NADIA))) == (False, True)


def test_a_care_team_of_hers_opens_to_whole_organisations_while_it_is_in_use(at_work: Scene) -> None:
    at = at_work
    team = example("care-team") | {"subject": {"reference": reference(at.one("Patient"))}}
    team["managingOrganization"] = [{"reference": f"Organization/{ASSOCIATION}"}]
    team = written({**team, "participant": [{"member": {"reference": f"Organization/{HOSPITAL}"}}]}, at)
    agreed(at, permit("x", ["core", "health"]) | named(reference(team)))
    assert sees(at, hospital())
    changed(at, {**team, "status": "inactive"})
    assert not sees(at, hospital())


def test_another_organisation_s_group_opens_nothing(at_work: Scene) -> None:
    at = at_work
    keeper = {"reference": f"Organization/{HOSPITAL}"}
    theirs = {**example("group"), "managingEntity": keeper, "member": [{"entity": {"reference": AMAL}}]}
    theirs = written(theirs, at, hospital())
    agreed(at, permit("x", ["core", "health"]) | named(reference(theirs)))
    assert not sees(at, person(AMAL))


def test_a_group_that_changes_while_a_consent_is_settled_is_read_again(at_work: Scene) -> None:
    """Computed before, committed after: the keys of the old members must not stand."""
    at = at_work
    night = group(at, AMAL)
    agreed(at, permit("x", ["core", "health"]) | named(reference(night)))
    id_ = at.one("Patient")["id"]
    late = Person.of(at.store.compartments([id_])[id_], at.hub.rules)
    settled = late.settle(at.clock.now(), at.hub.ids.new)
    assert settled.follows == {reference(night): 1}
    at.store.database.persons.update_one({"_id": id_}, {"$unset": {"m": ""}})  # she is not found by the group
    changed(at, with_members(night, NADIA))
    with pytest.raises(Conflict):
        at.store.commit(settled.changes(late))


def test_a_consent_that_comes_while_its_group_changes_is_settled_with_it(at_work: Scene) -> None:
    at = at_work
    night = group(at, AMAL)
    draft = Draft(at.hub, association(), at.clock.now())
    act = revision("Group", night["id"], replacing("Group", night["id"], with_members(night, NADIA)), expected=None,
                   interaction="update")  # fmt: skip
    act(draft)
    changes = draft.changes()
    assert changes is not None and at.one("Patient")["id"] not in changes.followed[reference(night)]
    agreed(at, permit("x", ["core", "health"]) | named(reference(night)))
    with pytest.raises(Conflict):
        at.store.commit(changes)
    changed(at, with_members(night, NADIA))
    assert (sees(at, person(AMAL)), sees(at, person(NADIA))) == (False, True)


def test_a_group_and_a_consent_that_names_it_are_written_in_one_act(at_work: Scene) -> None:
    at = at_work
    draft = Draft(at.hub, association(), at.clock.now())
    night = with_members(at_keeper(example("group")), AMAL)
    draft.put(draft.entries, night, "entry.create", "create")
    kept = at.one("Consent")
    said = provision(exceptions=[permit("x", ["core", "health"]) | named(reference(night))])
    person_ = draft.person(at.one("Patient")["id"])
    draft.put(person_, {**kept, "id": "second", "provision": said}, "consent.create", "create")
    changes = draft.changes()
    assert changes is not None
    at.store.commit(changes)
    assert (sees(at, person(AMAL)), sees(at, person(NADIA))) == (True, False)
    changed(at, {**at.one("Group"), "active": False})
    assert not sees(at, person(AMAL))


def test_who_names_no_group_any_more_is_not_settled_with_it(at_work: Scene) -> None:
    at = at_work
    night = group(at, AMAL)
    agreed(at, permit("x", ["core", "health"]) | named(reference(night)))
    assert at.store.followers([reference(night)]) == {at.one("Patient")["id"]}
    withdraw(at, *at.all("Consent"))
    assert at.store.followers([reference(night)]) == frozenset()
    changed(at, with_members(night, NADIA))


# --- the further types are opened, closed and erased with the rest of her --------------------------------------------


CLASSES: list[tuple[str, str]] = [
    ("condition", "health"), ("medical-service", "health"), ("legal-service", "legal"), ("encounter", "needs-and-services"),
    ("risk-assessment", "risk"), ("questionnaire-response", "incident-narrative"), ("care-team", "needs-and-services"),
    ("caregiver", "caregiver"), ("document", "attachments"),
]  # fmt: skip


def of_her(at: Scene, name: str) -> Resource:
    found = at_keeper(example(name))
    element = change.PERSON_ELEMENT[found["resourceType"]]
    assert element
    return written({**found, element: {"reference": reference(at.one("Patient"))}}, at)


def at_keeper(node: Resource) -> Resource:
    """With every organisation in it the association."""

    def kept(value: object) -> object:
        if isinstance(value, dict):
            return {key: kept(one) for key, one in value.items()}
        if isinstance(value, list):
            return [kept(one) for one in value]
        return f"Organization/{ASSOCIATION}" if str(value).startswith("Organization/") else value

    return {key: kept(value) for key, value in node.items()}


@pytest.mark.parametrize(("name", "data_class"), CLASSES)
def test_a_recipient_sees_a_record_where_its_class_is_open_and_nothing_of_it_after_withdrawal(
    at: Scene, name: str, data_class: str
) -> None:
    at.accepted()
    kept = of_her(at, name)
    register = at.one("Consent")
    agreed(at, permit(HOSPITAL, ["core"]))
    withdraw(at, register)
    readable = reading(at, kept)
    assert not readable()
    agreed(at, permit(HOSPITAL, [data_class]))
    assert readable()
    withdraw(at, *at.all("Consent"))
    assert not readable()
    assert at.read(reference(kept), association())


def withdraw(at: Scene, *consents: Resource) -> None:
    for consent in consents:
        steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
        change.patch("Consent", consent["id"], steps, association(), expected=None, hub=at.hub)


def reading(at: Scene, kept: Resource) -> Callable[[], bool]:
    def readable() -> bool:
        try:
            at.read(reference(kept), hospital())
        except HubError:
            return False
        return True

    return readable


def test_a_summary_shows_the_parts_whose_classes_are_open(at: Scene) -> None:
    at.accepted()
    kept = of_her(at, "summary")
    seen = loads(at.read(reference(kept), hospital()).text)
    parts = {coding["code"] for part in seen["section"] for coding in part["code"]["coding"]}
    assert parts == {"needs-and-services"}
    agreed(at, permit(HOSPITAL, ["health"]))
    seen = loads(at.read(reference(kept), hospital()).text)
    assert {coding["code"] for part in seen["section"] for coding in part["code"]["coding"]} == {
        "needs-and-services", "health"}  # fmt: skip


def test_erasure_takes_the_further_records_too(at: Scene) -> None:
    at.accepted()
    kept = [of_her(at, name) for name, _ in CLASSES]
    erase(at.one("Patient")["id"], "asked", hub=at.hub)
    for one in kept:
        with pytest.raises(HubError):
            at.read(reference(one), association())
        assert at.search(one["resourceType"], association()).total == 0
