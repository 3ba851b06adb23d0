"""A consent may name a group, a care team or a post: then it means whoever belongs to it, and nobody where that is not known."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from hub.consent.actors import NOBODY, Known, alone, parties
from hub.consent.compiled import Compiled, Permit
from hub.consent.grants import grants
from hub.consent.keys import Held, WorkedOut, granted, keys, opened
from hub.consent.membership import MOST_MEMBERS, Consulted, Entry, Membership
from hub.consent.policies import packaged
from hub.consent.provisions import PurposesUnder, Question
from hub.consent.rules import Rules
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from tests.support.budget import examples
from tests.support.consent_rules import Asked, said
from tests.support.consents import consent, permit, provision, referral

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNDER = PurposesUnder()
AMAL, NADIA = "Practitioner/amal", "Practitioner/nadia"
PATIENT: Resource = {"resourceType": "Patient", "id": "p1"}


def to(*references: str) -> Resource:
    role = {"coding": [{"system": f"{TERMINOLOGY}/v3-ParticipationType", "code": "IRCP"}]}
    return {"actor": [{"role": role, "reference": {"reference": one}} for one in references]}


def group(*members: str, **more: Any) -> Resource:
    return {
        "resourceType": "Group",
        "active": True,
        "member": [{"entity": {"reference": one}} for one in members],
    } | more


def team(*members: str, **more: Any) -> Resource:
    participants = [{"member": {"reference": one}} for one in members]
    return {"resourceType": "CareTeam", "id": "t", "status": "active", "participant": participants} | more


def post(organization: str, practitioner: str = "", *desks: str, **more: Any) -> Resource:
    codes = [{"coding": [{"system": code_system("desk-role"), "code": one}]} for one in desks]
    who = {"practitioner": {"reference": practitioner}} if practitioner else {}
    at = {"organization": {"reference": f"Organization/{organization}"}}
    return {
        "resourceType": "PractitionerRole",
        "active": True,
        **at,
        **who,
        **({"code": codes} if codes else {}),
    } | more


ENTRIES = {
    "Group/night": Entry(group(AMAL, "PractitionerRole/desk"), "yasmine"),
    "Group/empty": Entry(group(), "yasmine"),
    "Group/over": Entry(group(AMAL, active=False), "yasmine"),
    "Group/elsewhere": Entry(group(AMAL), "chu"),
    "Group/large": Entry(group(*(f"Practitioner/w{n}" for n in range(MOST_MEMBERS + 1))), "yasmine"),
    "Group/mixed": Entry(group(AMAL, "Device/d"), "yasmine"),
    "PractitionerRole/desk": Entry(post("chu", "", "referral-desk"), "chu"),
    "PractitionerRole/amal": Entry(post("chu", AMAL), "chu"),
    "PractitionerRole/false": Entry(post("chu", AMAL), "dar"),
    "PractitionerRole/left": Entry(post("chu", AMAL, active=False), "chu"),
}
RULES = Rules(packaged(), UNDER, alone, ENTRIES.get)
NOT_UNDERSTOOD = (
    "Group/empty", "Group/over", "Group/elsewhere", "Group/large", "Group/nowhere", "PractitionerRole/false",
    "PractitionerRole/left", "CareTeam/t", "CareTeam/other", "Device/d",
)  # fmt: skip


def visible(*documents: Resource, marks: tuple[str, ...] = (), organization: str = "chu") -> frozenset[str]:
    every = [PATIENT, referral("t1", "chu", "accepted"), *documents]
    held = [Held(one, "yasmine", NOW) for one in every]
    found = keys(held, granted(held, RULES), lambda _: frozenset({"core", "identity"}))
    return opened(found["Patient/p1"], organization, "COC", frozenset(marks), NOW)


def permitted_to(*references: str) -> Resource:
    return consent(provision(exceptions=[permit("chu", ["core"]) | to(*references)]))


def but_not_to(*references: str) -> list[Resource]:
    return [permitted_to("Organization/chu"), consent(provision("deny") | to(*references), "c2")]


def test_a_permit_for_a_group_opens_to_its_members_and_to_nobody_else() -> None:
    only = permitted_to("Group/night")
    assert visible(only, marks=(AMAL,)) == visible(only, marks=("referral-desk",)) == {"core"}
    assert visible(only) == visible(only, marks=(NADIA, "reception")) == frozenset()


def test_a_deny_for_a_group_closes_to_its_members_alone() -> None:
    both = but_not_to("Group/night")
    assert visible(*both, marks=(AMAL,)) == visible(*both, marks=("referral-desk",)) == frozenset()
    assert visible(*both) == visible(*both, marks=(NADIA,)) == {"core"}


def test_a_post_is_somebody_in_its_organisation_and_not_where_else_she_works() -> None:
    only = permitted_to("PractitionerRole/amal")
    assert visible(only, marks=(AMAL,)) == {"core"}
    assert visible(only) == frozenset()
    names = {one.recipient for one in grants([only], UNDER, Known(alone, Membership(alone, "", ENTRIES.get).members))}
    assert names == {"chu"}


def test_a_care_team_of_hers_is_read_as_it_stands_also_with_whole_organisations() -> None:
    only = permitted_to("CareTeam/t")
    assert visible(only, team("Organization/chu")) == {"core"}
    assert visible(only, team("Organization/dar")) == frozenset()
    assert visible(only, team("Organization/chu", status="inactive")) == frozenset()


@pytest.mark.parametrize("reference", NOT_UNDERSTOOD)
def test_of_whom_nobody_can_tell_who_belongs_a_permit_opens_nothing_and_a_deny_stays_closed(reference: str) -> None:
    assert visible(permitted_to(reference), marks=(AMAL,)) == frozenset()
    assert visible(*but_not_to(reference)) == visible(*but_not_to(reference), marks=(NADIA,)) == frozenset()


def test_a_member_that_is_not_understood_opens_nothing_and_keeps_the_others() -> None:
    assert visible(permitted_to("Group/mixed"), marks=(AMAL,)) == {"core"}
    assert visible(permitted_to("Group/mixed"), marks=(NADIA,)) == frozenset()
    assert visible(*but_not_to("Group/mixed"), marks=(NADIA,)) == frozenset()


def test_every_entry_is_asked_for_once_and_its_version_kept() -> None:
    asked: list[str] = []

    def entry(reference: str) -> Entry | None:
        asked.append(reference)
        known = ENTRIES.get(reference)
        return replace(known, version=3) if known else None

    consulted = Consulted(entry)
    held = [Held(one, "yasmine", NOW) for one in (PATIENT, permitted_to("Group/night", "Group/nowhere"))]
    for _ in range(2):
        granted(held, replace(RULES, entry=consulted))
    assert sorted(asked) == ["Group/night", "Group/nowhere", "PractitionerRole/desk"]
    assert consulted.versions == {"Group/night": 3, "PractitionerRole/desk": 3, "Group/nowhere": 0}


def test_a_group_or_a_team_is_asked_anew_though_the_consent_stands_as_it_did() -> None:
    """What was worked out before is kept for consents alone that depend on nobody else's word."""
    before: dict[str, WorkedOut] = {}

    def can_see(named: str, members: Resource) -> bool:
        entry = Entry(members, "yasmine", 1)
        teams = [members] if members["resourceType"] == "CareTeam" else []
        held = [Held(one, "yasmine", NOW) for one in (PATIENT, referral("t1", "chu", "accepted"), *teams)]
        held.append(Held(permitted_to(named), "yasmine", NOW))
        rules = replace(RULES, entry=lambda _: entry)
        found = keys(held, granted(held, rules, before), lambda _: frozenset({"core"}))
        return bool(opened(found["Patient/p1"], "chu", "COC", frozenset({AMAL}), NOW))

    assert can_see("Group/night", group(AMAL))
    assert not can_see("Group/night", group(NADIA))
    assert can_see("CareTeam/t", team(AMAL))
    assert not can_see("CareTeam/t", team(NADIA))


# --- against a second implementation, on random consents and groups ---------------------------------------------------

PEOPLE = (AMAL, NADIA, "")
DESKS = ("referral-desk", "reception")
PLACES = ("chu", "dar", "yasmine")
NAMES = ("Group/a", "Group/b", "CareTeam/t", "PractitionerRole/p", "PractitionerRole/q", "Group/none")
SIMPLE = (AMAL, NADIA, "Organization/chu", "Organization/dar")


def world(chance: Random) -> dict[str, tuple[str, Resource]]:
    def some() -> list[str]:
        return chance.sample([*SIMPLE, "PractitionerRole/p", "PractitionerRole/q", "Device/d"], chance.randrange(4))

    keeper = chance.choice(["yasmine", "yasmine", "chu"])
    return {
        "Group/a": (keeper, group(*some(), active=chance.random() < 0.8)),
        "Group/b": ("yasmine", group(*some())),
        "CareTeam/t": ("yasmine", team(*some(), status=chance.choice(["active", "active", "inactive"]))),
        "PractitionerRole/p": (
            chance.choice(["chu", "dar"]),
            post("chu", chance.choice([AMAL, ""]), chance.choice(DESKS)),
        ),
        "PractitionerRole/q": ("dar", post("dar", NADIA, active=chance.random() < 0.8)),
    }


def consents(chance: Random) -> list[Resource]:
    def actors() -> Resource:
        return to(*chance.sample([*NAMES, *SIMPLE], chance.randrange(1, 3)))

    found = []
    for number in range(chance.randrange(1, 4)):
        inner = [provision("deny") | actors() for _ in range(chance.randrange(2))]
        said_ = (
            permit("x", ["core"], exceptions=inner) | actors()
            if chance.random() < 0.7
            else provision("deny") | actors()
        )
        found.append(consent(provision(exceptions=[said_]), f"c{number}"))
    return found


def test_consents_that_name_groups_say_what_a_second_reading_of_them_says() -> None:
    """Deny beats permit across consents, as everywhere."""
    permits = 0
    for seed in range(examples(300, 20_000)):
        chance = Random(seed)
        composed, written = world(chance), consents(chance)
        entries = {name: Entry(one, keeper) for name, (keeper, one) in composed.items()}
        teams = {"CareTeam/t": composed["CareTeam/t"][1]}
        known = Known(alone, Membership(alone, "yasmine", entries.get, teams).members)
        compiled = Compiled(written, UNDER, known)
        for place in PLACES:
            for person in PEOPLE:
                desks = frozenset(chance.sample(DESKS, chance.randrange(3)))
                answer = compiled.decide(Question(place, "COC", "core", NOW, person, desks))
                asked = Asked(place, "COC", "core", NOW, person, desks, custodian="yasmine", composed=composed)
                spoken = {said(one["provision"], asked) for one in written}
                expected = "permit" in spoken and "deny" not in spoken
                assert isinstance(answer, Permit) == expected, (seed, place, person, desks)
                marks = desks | ({person} if person else frozenset())
                mine = [one for one in compiled.to(place, compiled.grants()) if one.is_for(marks)]
                assert any(one.data_class == "core" and one.purpose == "COC" for one in mine) == expected, seed
                permits += expected
    assert permits > 100


def test_what_is_not_understood_is_equal_to_nobody() -> None:
    assert NOBODY not in parties("chu", frozenset({AMAL, "reception"}))
