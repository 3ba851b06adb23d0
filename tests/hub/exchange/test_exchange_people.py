"""Consents that name one person, a desk, a parent organisation or a label, as the database answers for each of them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from hub import errors
from hub.consent.conditions import DATA_CLASS
from hub.directory.organizations import Entry, Names
from hub.errors import HubError
from hub.exchange import change, disclose
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.data_classes import CONFIDENTIALITY
from hub.fhir.presence import present
from hub.fhir.query import Query
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.ports import Caller
from tests.support.association import HOSPITAL, Scene, association, hospital
from tests.support.consents import asked, permit, provision

AMAL, NADIA = "Practitioner/amal", "Practitioner/nadia"


def actor(to: str, *desks: str) -> Resource:
    system = f"{TERMINOLOGY}/v3-ParticipationType"
    codings = [
        {"system": system, "code": "IRCP"},
        *({"system": code_system("desk-role"), "code": one} for one in desks),
    ]
    return {"actor": [{"role": {"coding": codings}, "reference": {"reference": to}}]}


def person(practitioner: str = "", *roles: str) -> Caller:
    return replace(hospital(), practitioner=practitioner, roles=frozenset(roles))


def agreed(at: Scene, *exceptions: Resource) -> None:
    """Instead of what the register says, she agrees to this."""
    at.accepted()
    kept = at.one("Consent")
    rest = {key: value for key, value in kept.items() if key not in {"id", "meta", "verification", "sourceReference"}}
    patient = {"reference": reference(at.one("Patient"))}
    said = asked({**rest, "performer": [patient], "provision": provision(exceptions=exceptions)})
    change.create(said, association(), hub=at.hub)
    steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
    change.patch("Consent", kept["id"], steps, association(), expected=None, hub=at.hub)


def seen(at: Scene, caller: Caller) -> dict[str, Any] | None:
    """Her record as a read and a search show it, which agree."""
    who = reference(at.one("Patient"))
    found = disclose.search(Query("Patient"), caller, hub=at.hub)
    try:
        view = disclose.read(*split(who), caller, hub=at.hub)
    except HubError as problem:
        assert problem.problem is errors.NOT_FOUND
        assert (found.total, found.entries) == (0, ())
        return None
    assert (found.total, [one.text for one in found.entries]) == (1, [view.text])
    read: dict[str, Any] = loads(view.text)
    return read


def names(resource: dict[str, Any] | None) -> bool:
    """Whether anything of the class identity is there."""
    return resource is not None and any(element.data_class == "identity" for _, element in present(resource))


def test_what_one_practitioner_may_see_her_organisations_system_and_her_colleagues_never_get(at: Scene) -> None:
    for_amal = permit(HOSPITAL, ["identity"]) | actor(AMAL)
    agreed(at, permit(HOSPITAL, ["core"]), for_amal)
    assert names(seen(at, person(AMAL)))
    for other in (hospital(), person(NADIA), person("", "referral-desk")):
        assert seen(at, other) is not None
        assert not names(seen(at, other))


def test_a_refusal_of_one_practitioner_closes_for_her_alone(at: Scene) -> None:
    agreed(at, permit(HOSPITAL, ["core"]), {"type": "deny"} | actor(NADIA))
    assert seen(at, person(NADIA)) is None
    assert seen(at, person(NADIA, "referral-desk")) is None
    assert all(seen(at, one) for one in (hospital(), person(AMAL), person("", "referral-desk")))


def test_a_desk_is_whoever_holds_it_and_nobody_else(at: Scene) -> None:
    agreed(
        at,
        permit(HOSPITAL, ["core"]),
        permit(HOSPITAL, ["identity"]) | actor(f"Organization/{HOSPITAL}", "referral-desk"),
    )
    assert names(seen(at, person(NADIA, "referral-desk", "reception")))
    assert not names(seen(at, person(NADIA, "reception")))
    assert not names(seen(at, hospital()))


def test_a_practitioner_of_another_organisation_is_nobody_there(at: Scene) -> None:
    agreed(at, permit(HOSPITAL, ["core"]), permit(HOSPITAL, ["identity"]) | actor(AMAL))
    assert seen(at, Caller("court-system", "tribunal", "COC", practitioner=AMAL)) is None


def test_a_permit_of_data_up_to_a_label_opens_what_carries_no_more(at: Scene) -> None:
    label = {"securityLabel": [{"system": CONFIDENTIALITY, "code": "R"}]}
    every = {"class": [{"system": DATA_CLASS, "code": one} for one in ("core", "identity", "address")]}
    agreed(at, permit(HOSPITAL) | every | label)
    found = seen(at, hospital())
    assert found is not None
    assert not names(found)
    assert "identifier" in found, "the code of the survivor is of the class core, which is labelled R"


@pytest.fixture
def below(at: Scene) -> Scene:
    """The hospital is a part of a ministry."""
    entries: Iterable[Entry] = at.hub.directory  # type: ignore[assignment]
    tree = [replace(one, part_of="ministry" if one.id == HOSPITAL else "") for one in entries]
    ministry = Entry("ministry", "hospital-unit", {"fr": "Ministère", "ar": "الوزارة"}, "MA-RAB")
    at.hub = replace(at.hub, directory=Names([*tree, ministry]))
    return at


def test_a_permit_to_a_ministry_covers_its_hospital(below: Scene) -> None:
    agreed(below, permit("ministry", ["core"]))
    assert seen(below, hospital()) is not None


def test_a_refusal_of_a_ministry_covers_its_hospital(below: Scene) -> None:
    agreed(below, permit(HOSPITAL, ["core"]), {"type": "deny"} | actor("Organization/ministry"))
    assert seen(below, hospital()) is None
