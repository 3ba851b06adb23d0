"""Who a consent means within an organisation, where it names people."""

from datetime import UTC, datetime

import pytest

from hub.consent.actors import MOST_DESKS, alone, profiles, spellings
from hub.consent.compiled import Deny
from hub.consent.decide import decide
from hub.consent.grants import grants
from hub.consent.keys import Held, granted, held, keys, opened
from hub.consent.policies import packaged
from hub.consent.provisions import PurposesUnder, Question
from hub.consent.rules import Rules
from hub.consent.telling import tell
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.definitions import load
from tests.support.consents import agreed, as_packaged, consent, permit, provision, referral

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNDER = PurposesUnder()
PATIENT: Resource = {"resourceType": "Patient", "id": "p1"}
AMAL = "Practitioner/amal"


def to(reference: str, *desks: str) -> Resource:
    codings = [{"system": f"{TERMINOLOGY}/v3-ParticipationType", "code": "IRCP"}]
    codings += [{"system": code_system("desk-role"), "code": one} for one in desks]
    return {"actor": [{"role": {"coding": codings}, "reference": {"reference": reference}}]}


def visible(*consents: Resource, marks: tuple[str, ...] = (), organization: str = "chu") -> frozenset[str]:
    documents = [PATIENT, referral("t1", "chu", "accepted"), *consents]
    held_ = [Held(one, "yasmine", NOW) for one in documents]
    found = keys(held_, granted(held_, Rules(packaged(), UNDER, alone)), lambda _: frozenset({"core", "identity"}))
    return opened(found["Patient/p1"], organization, "COC", frozenset(marks), NOW)


def test_a_permit_to_a_practitioner_alone_opens_for_her_where_the_referral_is_and_nowhere_else() -> None:
    only = consent(provision(exceptions=[permit("chu", ["core"]) | to(AMAL)]))
    assert visible(only, marks=(AMAL,)) == {"core"}
    assert visible(only, marks=(AMAL,), organization="tribunal") == visible(only) == frozenset()


def test_what_is_for_one_person_alone_sends_no_referral_to_her_organisation() -> None:
    only = consent(provision(exceptions=[permit("chu", ["core"]) | to(AMAL)]))
    person = Person("p1", as_packaged())
    for one in (PATIENT, only):
        person.put(one, "yasmine")
    assert not person.may_be_referred_to("chu", "yasmine", NOW)
    person.put(agreed("chu", id_="c2"), "yasmine")
    assert person.may_be_referred_to("chu", "yasmine", NOW)


def test_who_holds_a_desk_is_named_by_it_in_her_organisation_alone() -> None:
    desk = consent(provision(exceptions=[permit("chu", ["core"]) | to("Organization/chu", "referral-desk")]))
    assert visible(desk, marks=("referral-desk",)) == {"core"}
    assert visible(desk, marks=("reception",)) == visible(desk) == frozenset()


def test_a_desk_that_is_denied_is_closed_to_whoever_holds_it_also_where_she_is_permitted_by_name() -> None:
    both = [agreed("chu", ["core"]), consent(provision("deny") | to("Organization/chu", "reception"), "c2")]
    assert visible(*both) == visible(*both, marks=(AMAL,)) == {"core"}
    assert visible(*both, marks=(AMAL, "reception")) == frozenset()


@pytest.mark.parametrize("role", ["unknown-desk", "IRCP"])
def test_a_desk_that_no_code_system_knows_opens_nothing_and_is_no_limit_to_a_deny(role: str) -> None:
    assert (
        visible(consent(provision(exceptions=[permit("chu", ["core"]) | to("Organization/chu", role)]))) == frozenset()
    )
    assert (
        visible(agreed("chu", ["core"]), consent(provision("deny") | to("Organization/chu", role), "c2")) == frozenset()
    )


def test_consents_that_name_too_many_desks_are_not_understood_in_them() -> None:
    names = sorted(load().code_system("desk-role").codes)[: MOST_DESKS + 1]
    permits = [permit("chu", ["core"]) | to("Organization/chu", one) for one in names]
    assert visible(consent(provision(exceptions=permits[:-1])), marks=tuple(names[:1])) == {"core"}
    assert visible(consent(provision(exceptions=permits)), marks=tuple(names[:1])) == frozenset()


def test_a_system_holds_no_key_of_a_person() -> None:
    assert held("chu", "COC", ["core"]) == {"chu|*|*", "chu|COC|core"}
    assert held("chu", "COC", ["core"], frozenset({AMAL})) == {"chu|*|*", "chu|COC|core", f"chu~{AMAL}|COC|core"}


def test_everybody_of_an_organisation_falls_into_exactly_one_profile_and_can_spell_it() -> None:
    named = [f"*~{AMAL}", "*~Practitioner/nadia", "chu~referral-desk", "chu~reception", "dar~hotline"]
    people = profiles("chu", named)
    for marks in (
        {AMAL},
        {"Practitioner/nadia", "reception"},
        {"hotline"},
        set(),
        {"reception", "referral-desk", AMAL},
    ):
        mine = [who for who, unless in people if who <= marks and unless.isdisjoint(marks)]
        assert len(mine) == 1
        assert "~".join(("chu", *sorted(mine[0]))) in set(spellings("chu", frozenset(marks)))


def test_no_organisation_can_be_called_by_the_name_of_all() -> None:
    assert grants([consent(provision(exceptions=[permit("*", ["core"])]))], UNDER) == ()


def test_a_denial_names_the_provision_that_denies_and_can_be_told_in_three_languages() -> None:
    refusal = consent(provision(exceptions=[permit("tribunal"), provision("deny", to=["chu"], classes=["core"])]), "c2")
    answer = decide(
        Question("chu", "COC", "core", NOW), [agreed("chu"), refusal], [referral("t", "chu", "accepted")], UNDER
    )
    assert answer == Deny("consent.refused", ("Consent/c2#provision.provision[1]",))
    told = {language: tell(answer.because, answer.by, language) for language in ("ar", "fr", "en")}
    assert told["en"] == "The survivor has refused it in a consent. See Consent/c2, part 2."
    assert told["fr"] == "La survivante l'a refusé dans un consentement. Voir Consent/c2, partie 2."
    assert told["ar"] == "رفضت الناجية ذلك في إحدى موافقاتها. انظر Consent/c2، الجزء 2."


def test_a_permit_and_a_consent_as_a_whole_can_be_told_too() -> None:
    assert tell("", ["Consent/c1#provision.provision[0].provision[2]"], "en") == (
        "The survivor has consented to it: Consent/c1, part 1.3."
    )
    assert tell("", ["Consent/c1#provision"], "fr", lambda _: "celui de mars") == (
        "La survivante y a consenti : celui de mars dans son ensemble."
    )
    assert tell("consent.none", (), "en") == "The survivor has not consented to share anything with this organisation."


def test_somebody_for_whom_it_is_not_is_told_so() -> None:
    only = [agreed("chu", ["identity"]), consent(provision(exceptions=[permit("chu", ["core"]) | to(AMAL)]), "c2")]
    answer = decide(Question("chu", "COC", "core", NOW), only, [referral("t", "chu", "accepted")], UNDER)
    assert isinstance(answer, Deny)
    assert answer.because in {"consent.person", "consent.class"}
