"""Which Consents count: by who gave them at which age, and what stays closed whatever they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.actors import alone
from hub.consent.capacity import may_be_minor
from hub.consent.compiled import Compiled
from hub.consent.decide import Deny, decide_of
from hub.consent.grants import grants
from hub.consent.keys import by_standing
from hub.consent.narrowing import denies
from hub.consent.policies import PCF, Policies, packaged, policies
from hub.consent.provisions import PurposesUnder, Question
from hub.consent.rules import Rules
from hub.consent.standing import stand
from hub.consent.statistics import may_be_counted
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.data_classes import shareable
from hub.fhir.instants import span
from tests.support.consents import agreed, consent, provision, referral

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNDER = PurposesUnder()
MINOR, ADULT = "2012-08-15", "1990-01-01"
MOTHER, HERSELF = "RelatedPerson/mother", "Patient/p1"
ALL = ("core", "safe-contact", "caregiver", "identity")
FROM_15 = policies({"ages": {"own_consent": 15}})
BOTH = policies({"ages": {"below_own_consent": "both"}})


def patient(birth: str = "", **more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p1", **({"birthDate": birth} if birth else {}), **more}


def caregiver(id_: str = "mother", suspicion: str = "none", relationship: str = "parent-guardian") -> Resource:
    return {
        "resourceType": "RelatedPerson",
        "id": id_,
        "extension": [{"url": profile("caregiver-suspicion"), "valueCode": suspicion}],
        "patient": {"reference": HERSELF},
        "relationship": [{"coding": [{"system": code_system("caregiver-relationship"), "code": relationship}]}],
    }


def incident(relation: str, on: str = "2026-05", status: str = "final") -> Resource:
    coding = {"system": code_system("perpetrator-relation"), "code": relation}
    return {
        "resourceType": "Observation", "id": "o1", "status": status, "effectiveDateTime": on,
        "component": [{"valueCodeableConcept": {"coding": [coding]}}],
    }  # fmt: skip


def given_by(*who: str, classes: tuple[str, ...] = ALL, on: str = "2026-05-01", **more: Any) -> Resource:
    return {**agreed("chu", classes, **more), "dateTime": on, "performer": [{"reference": one} for one in who]}


def opened(*documents: Resource, at: datetime = NOW, to: str = "chu", by: Policies | None = None) -> set[str]:
    standing = stand(documents, by or packaged())
    found = Compiled(standing.consents, UNDER, alone, standing.taken).grants()
    return {g.data_class for g in found if g.recipient == to and g.since <= at < g.until} - {"notice"}


def reason(*documents: Resource, data_class: str = "core", at: datetime = NOW, by: Policies | None = None) -> str:
    standing = stand(documents, by or packaged())
    question = Question("chu", "COC", data_class, at)
    permitted = by_standing(standing, [], Rules(by or packaged(), UNDER, alone))
    answer = decide_of(question, permitted, [referral("t1", "chu", "accepted")])
    assert isinstance(answer, Deny)
    return answer.because


# --- who gave it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [patient(ADULT), patient()])
def test_an_adult_and_one_whose_age_nobody_knows_consent_for_themselves(known: Resource) -> None:
    assert opened(known, given_by(HERSELF)) == set(ALL)


@pytest.mark.parametrize("known", [patient(ADULT), patient()])
def test_for_an_adult_and_for_an_unknown_age_a_caregiver_alone_opens_nothing(known: Resource) -> None:
    documents = (known, caregiver(), given_by(MOTHER))
    assert opened(*documents) == set()
    assert reason(*documents) == "consent.hers-lacking"


def test_a_minor_alone_opens_nothing_and_her_caregiver_does() -> None:
    assert opened(patient(MINOR), caregiver(), given_by(HERSELF)) == set()
    assert reason(patient(MINOR), caregiver(), given_by(HERSELF)) == "consent.caregiver-lacking"
    assert opened(patient(MINOR), caregiver(), given_by(MOTHER)) == set(ALL)


def test_where_both_are_needed_one_of_them_opens_nothing() -> None:
    assert opened(patient(MINOR), caregiver(), given_by(MOTHER), by=BOTH) == set()
    assert opened(patient(MINOR), caregiver(), given_by(HERSELF), by=BOTH) == set()
    assert opened(patient(MINOR), caregiver(), given_by(HERSELF, MOTHER), by=BOTH) == set(ALL)


@pytest.mark.parametrize(("birth", "counts"), [("2011-05-01", True), ("2011-05-02", False), ("2011", False)])
def test_from_the_age_of_own_consent_hers_suffices_by_the_age_she_had_when_she_gave_it(
    birth: str, counts: bool
) -> None:
    assert bool(opened(patient(birth), given_by(HERSELF), by=FROM_15)) == counts


def test_growing_older_does_not_bring_a_consent_into_force_that_she_could_not_give() -> None:
    assert opened(patient(MINOR), given_by(HERSELF), at=NOW + timedelta(days=365 * 10)) == set()


def test_a_consent_by_nobody_by_an_organisation_or_by_an_unknown_caregiver_opens_nothing() -> None:
    for who in ([], ["Organization/yasmine"], ["RelatedPerson/somebody"], ["Patient/p2"]):
        assert opened(patient(MINOR), caregiver(), given_by(*who)) == set()
        assert opened(patient(ADULT), given_by(*who)) == set()
        assert reason(patient(ADULT), given_by(*who)) == "consent.not-given-by-her"


def test_coming_of_age_ends_what_a_caregiver_alone_consented_to_at_that_instant() -> None:
    birthday = span("2030-08-15")[0]
    documents = (patient(MINOR), caregiver(), given_by(MOTHER))
    assert opened(*documents, at=birthday - timedelta(milliseconds=1)) == set(ALL)
    assert opened(*documents, at=birthday) == set()
    assert reason(*documents, at=birthday) == "consent.of-age"
    [remark] = stand(documents, packaged()).remarks.values()
    assert (remark.reason, remark.since) == ("consent.of-age", birthday)


def test_what_she_gave_together_with_her_caregiver_goes_on_after_she_comes_of_age() -> None:
    documents = (patient(MINOR), caregiver(), given_by(HERSELF, MOTHER))
    assert opened(*documents, at=span("2030-08-15")[0]) == set(ALL)
    assert not stand(documents, packaged()).remarks


def test_a_refusal_counts_whoever_says_it_at_any_age_and_for_ever() -> None:
    refused = consent(provision(exceptions=[provision("deny", to=["chu"], classes=["identity"])]), "c2")
    for who in ([HERSELF], [MOTHER], []):
        refusal = {**refused, "performer": [{"reference": one} for one in who]}
        documents = (patient(MINOR), caregiver(), given_by(HERSELF, MOTHER), refusal)
        assert opened(*documents) == set(ALL) - {"identity"}
        assert opened(*documents, at=span("2031-01-01")[0]) == set(ALL) - {"identity"}


# --- date and recipient ----------------------------------------------------------------------------------------------


def test_a_consent_without_a_date_or_without_a_recipient_opens_nothing() -> None:
    undated = {name: value for name, value in given_by(HERSELF).items() if name != "dateTime"}
    assert opened(patient(ADULT), undated) == set()
    assert reason(patient(ADULT), undated) == "consent.undated"
    for_anyone = given_by(HERSELF)
    del for_anyone["provision"]["provision"][0]["actor"]
    assert not grants(stand([patient(ADULT), for_anyone], packaged()).consents, UNDER)


def test_a_consent_counts_from_its_date_on_and_not_before() -> None:
    assert opened(patient(ADULT), given_by(HERSELF, on="2026-06-02")) == set()
    assert opened(patient(ADULT), given_by(HERSELF, on="2026-06-02"), at=NOW + timedelta(days=2)) == set(ALL)


def test_a_consent_without_a_period_lasts_as_long_as_the_deployment_says() -> None:
    month = policies({"days_without_period": 30})
    ends = span("2026-05-01")[1] + timedelta(days=30)
    documents = (patient(ADULT), given_by(HERSELF))
    assert opened(*documents, at=ends - timedelta(milliseconds=1), by=month) == set(ALL)
    assert opened(*documents, at=ends, by=month) == set()
    assert reason(*documents, at=ends, by=month) == "consent.lasted"
    longer = given_by(HERSELF, until=NOW + timedelta(days=300))
    assert opened(patient(ADULT), longer, at=ends, by=month) == set(ALL)


# --- caregivers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suspicion", ["perpetrator", "complicit"])
def test_a_suspected_caregiver_is_closed_in_every_share_and_gives_no_consent(suspicion: str) -> None:
    suspect = caregiver(suspicion=suspicion)
    assert opened(patient(ADULT), suspect, given_by(HERSELF)) == set(ALL) - {"caregiver"}
    assert reason(patient(ADULT), suspect, given_by(HERSELF), data_class="caregiver") == "consent.caregiver-suspected"
    assert opened(patient(MINOR), suspect, given_by(MOTHER)) == set()
    assert opened(patient(MINOR), suspect, given_by(HERSELF, MOTHER)) == set()


@pytest.mark.parametrize(
    ("relation", "relationship", "suspected"),
    [
        ("primary-caregiver", "parent-guardian", True),
        ("primary-caregiver", "friend-neighbor", True),
        ("family-other-than-spouse-or-caregiver", "relative", True),
        ("family-friend-neighbor", "friend-neighbor", True),
        ("family-friend-neighbor", "other", True),
        ("family-friend-neighbor", "parent-guardian", False),
        ("intimate-partner-former-partner", "spouse", True),
        ("intimate-partner-former-partner", "parent-guardian", False),
        ("teacher-school-official", "parent-guardian", False),
    ],
)
def test_who_did_it_makes_a_caregiver_suspected(relation: str, relationship: str, suspected: bool) -> None:
    documents = (patient(MINOR), caregiver(relationship=relationship), incident(relation), given_by(MOTHER))
    assert opened(*documents) == (set() if suspected else set(ALL))
    withdrawn = incident(relation, status="entered-in-error")
    assert opened(patient(MINOR), caregiver(relationship=relationship), withdrawn, given_by(MOTHER)) == set(ALL)


def test_one_suspect_closes_what_is_said_of_another_caregiver_whose_consent_still_counts() -> None:
    father = caregiver("father", suspicion="perpetrator")
    assert opened(patient(MINOR), caregiver(), father, given_by(MOTHER)) == set(ALL) - {"caregiver"}


def test_a_caregiver_of_whom_nobody_asked_is_closed_unless_she_was_certainly_of_age_then() -> None:
    unasked = caregiver(suspicion="not-assessed")
    no_relation = incident("no-relation", on="2026-05")
    for birth, closed in ((MINOR, True), ("", True), ("2008", True), (ADULT, False)):
        documents = (patient(birth), unasked, no_relation, given_by(HERSELF, MOTHER))
        assert ("caregiver" not in opened(*documents)) == closed
        assert may_be_minor(documents, packaged()) == closed
        if closed:
            assert reason(*documents, data_class="caregiver") == "consent.caregiver-not-assessed"


# --- refusal of contact ----------------------------------------------------------------------------------------------

REFUSES = {"extension": [{"url": profile("do-not-contact"), "valueBoolean": True}]}


def need(authored: str = "2026-05-10") -> Resource:
    coding = {"system": code_system("order-detail"), "code": "contacting-subject-prohibited"}
    return {
        "resourceType": "ServiceRequest",
        "id": "n1",
        "status": "active",
        "authoredOn": authored,
        "orderDetail": [{"coding": [coding]}],
    }


def test_who_refuses_to_be_contacted_is_not_reachable_by_any_consent() -> None:
    for on in ("2026-05-01", "2026-05-31"):
        documents = (patient(ADULT, **REFUSES), given_by(HERSELF, on=on))
        assert opened(*documents) == set(ALL) - {"safe-contact"}
        assert reason(*documents, data_class="safe-contact") == "consent.contact-refused"
    no_refusal = {"extension": [{"url": profile("do-not-contact"), "valueBoolean": False}]}
    assert opened(patient(ADULT, **no_refusal), given_by(HERSELF)) == set(ALL)


@pytest.mark.parametrize(
    ("on", "reachable"), [("2026-05-09", False), ("2026-05-10", False), ("2026-05", False), ("2026-05-11", True)]
)
def test_only_a_consent_that_is_certainly_later_and_names_the_class_lifts_a_dated_refusal(
    on: str, reachable: bool
) -> None:
    assert ("safe-contact" in opened(patient(ADULT), need(), given_by(HERSELF, on=on))) == reachable


def test_a_later_consent_to_everything_does_not_lift_a_refusal_nor_does_it_open_what_an_earlier_one_said() -> None:
    everything = given_by(HERSELF, classes=(), on="2026-05-20")
    assert opened(patient(ADULT), need(), everything) == shareable() - {"safe-contact"}
    earlier = {**agreed("court", ALL, "c2"), "dateTime": "2026-05-01"}
    documents = (patient(ADULT), need(), given_by(HERSELF, on="2026-05-20"), earlier)
    assert "safe-contact" in opened(*documents)
    assert "safe-contact" not in opened(*documents, to="court")


# --- policies --------------------------------------------------------------------------------------------------------


def answering(name: str = "basic-normal", **root: Any) -> Resource:
    said = consent(provision("permit", to=["chu"], purposes=["COC"], **root))
    return {**said, "policy": [{"uri": f"{PCF}/Policy-{name}"}]}


def test_a_policy_opens_what_the_deployment_says_and_nothing_where_it_says_nothing() -> None:
    known = policies(
        {"policies": [{"url": f"{PCF}/Policy-basic-normal", "classes": ["core", "caregiver"], "purposes": ["COC"]}]}
    )
    assert opened(patient(ADULT), answering()) == set()
    assert opened(patient(ADULT), answering(), by=known) == {"core", "caregiver"}
    assert opened(patient(ADULT), answering("all-normal"), by=known) == set()
    assert opened(patient(ADULT), caregiver(suspicion="complicit"), answering(), by=known) == {"core"}
    assert opened(patient(ADULT), answering(classes=["identity"]), by=known) == {"identity"}
    refused = provision("deny", classes=["core"])
    assert opened(patient(ADULT), answering(exceptions=[refused]), by=known) == {"caregiver"}


# --- statistics apart ------------------------------------------------------------------------------------------------


def statistics(type_: str) -> Resource:
    root = {
        "type": type_,
        "purpose": [{"system": code_system("purpose"), "code": "statistics"}],
        "class": [{"system": code_system("data-class"), "code": "statistics"}],
    }
    return consent(root, "s1")


def test_a_consent_to_be_counted_opens_nothing_and_a_refusal_to_be_counted_closes_nothing() -> None:
    assert not grants(stand([patient(ADULT), statistics("permit")], packaged()).consents, UNDER)
    assert opened(patient(ADULT), given_by(HERSELF), statistics("deny")) == set(ALL)


def test_only_a_consent_to_be_counted_lets_her_be_counted() -> None:
    def counted(*consents: Resource, known: Resource | None = None) -> bool:
        return may_be_counted([known or patient(ADULT), *consents], packaged(), NOW)

    assert counted(statistics("permit"))
    assert counted(statistics("permit"), given_by(HERSELF))
    assert not counted(given_by(HERSELF, classes=()))
    for code in ("COC", "HRESCH", "PUBHLTH"):
        assert not counted(consent(provision("permit", to=["chu"], purposes=[code], classes=["core"])))
    assert not counted(statistics("permit"), {**statistics("deny"), "id": "s2"})
    assert not counted({**statistics("permit"), "status": "inactive"})
    assert not counted({**statistics("permit"), "dateTime": "2026-06-02"})
    assert not counted(statistics("permit"), known=patient("2020-01-01"))


# --- what closes never opens -----------------------------------------------------------------------------------------

ROOTS = st.recursive(
    st.builds(
        provision,
        st.sampled_from(["permit", "deny"]),
        to=st.sampled_from([["chu"], ["court"], []]),
        purposes=st.sampled_from([["COC"], []]),
        classes=st.lists(st.sampled_from(ALL), max_size=2, unique=True),
    ),
    lambda inner: st.builds(
        provision,
        st.sampled_from([None, "permit", "deny"]),
        to=st.sampled_from([["chu"], []]),
        purposes=st.sampled_from([["COC"], []]),
        classes=st.lists(st.sampled_from(ALL), max_size=2, unique=True),
        exceptions=st.lists(inner, max_size=2),
    ),
    max_leaves=6,
)


def granted(*roots: Resource, taken: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """`taken`: what the first of them does not open."""
    consents = [consent(root, f"c{number}") for number, root in enumerate(roots)]
    found = Compiled(consents, UNDER, alone, {"c0": taken}).grants()
    return {(g.recipient, g.data_class) for g in found if g.data_class != "notice"}


@given(ROOTS, ROOTS, st.sets(st.sampled_from(ALL)))
def test_what_is_taken_out_opens_for_nobody_and_all_else_stays_as_it_was(
    root: Resource, other: Resource, closed: set[str]
) -> None:
    left = granted(root, other, taken=frozenset(closed))
    by_other = granted(other)
    assert left <= granted(root, other)
    assert {pair for pair in granted(root, other) if pair[1] not in closed} <= left
    assert {pair for pair in left if pair[1] in closed} <= by_other


@given(ROOTS, ROOTS)
def test_denies_alone_open_nothing_and_deny_as_much_as_the_whole(root: Resource, other: Resource) -> None:
    denied = denies(root) or {}
    assert granted(denied) == set()
    assert granted(denied, other) <= granted(other)
    assert granted(denied, other) <= granted(root, other)


def test_a_person_without_consents_stands_as_she_is() -> None:
    assert stand([patient(MINOR), caregiver(suspicion="perpetrator")], packaged()).consents == ()
    withdrawn = {**given_by(HERSELF), "status": "inactive"}
    assert stand([patient(MINOR), withdrawn], packaged()).consents == (withdrawn,)
