"""Disclosure keys: what each recipient may see, before and after acceptance, consent and withdrawal."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.actors import alone
from hub.consent.decide import Deny, Permit, decide
from hub.consent.grants import NOTICE
from hub.consent.keys import PUBLIC, Held, WorkedOut, granted, held, keys, own
from hub.consent.policies import packaged
from hub.consent.provisions import PurposesUnder, Question
from hub.consent.rules import Rules
from hub.fhir import Resource
from hub.fhir.references import reference
from hub.ports import FOREVER, Key
from tests.support.consents import agreed, consent, permit, provision, referral

ASSOCIATION, OTHER = "yasmine", "zahra"
DAY = timedelta(days=1)
START = datetime(2026, 6, 1, tzinfo=UTC)
UNDER = PurposesUnder()
CLASSES = {
    "Patient": frozenset({"core", "identity", "address", "notice"}),
    "EpisodeOfCare": frozenset({"needs-and-services", "custodian"}),
    "Observation": frozenset({"incident-summary", "incident-narrative"}),
    "ServiceRequest": frozenset({"needs-and-services", "incident-narrative"}),
    "Task": frozenset({"notice"}),
    "Consent": frozenset({"consent"}),
}
STATUSES = [
    "draft", "requested", "received", "accepted", "in-progress", "on-hold", "completed",
    "rejected", "cancelled", "failed", "entered-in-error",
]  # fmt: skip
BEFORE_OR_AFTER = ["requested", "received", "rejected", "cancelled", "failed"]
AT_WORK = ["accepted", "in-progress", "on-hold", "completed"]
RECIPIENTS = ["chu", "tribunal"]


def case(*more: Resource) -> list[Resource]:
    return [
        {"resourceType": "Patient", "id": "p1"},
        {"resourceType": "EpisodeOfCare", "id": "e1"},
        {"resourceType": "Observation", "id": "o1"},
        {"resourceType": "ServiceRequest", "id": "n1"},
        {"resourceType": "ServiceRequest", "id": "n2"},
        *more,
    ]


def classes_of(resource: Resource) -> frozenset[str]:
    return CLASSES[resource["resourceType"]]


def keyed(
    resources: Iterable[Resource],
    custodian: str = ASSOCIATION,
    before: dict[str, WorkedOut] | None = None,
    version: int = 1,
) -> dict[str, tuple[Key, ...]]:
    documents = [Held(resource, custodian, version=version) for resource in resources]
    return keys(documents, granted(documents, Rules(packaged(), UNDER, alone), before), classes_of)


def with_reasons(found: dict[str, tuple[Key, ...]]) -> dict[str, list[tuple[Key, tuple[str, ...]]]]:
    return {name: [(key, key.because) for key in keys_] for name, keys_ in found.items()}


def opened(found: tuple[Key, ...], recipient: str, at: datetime = START) -> set[str]:
    """The data classes that a recipient may see for COC at this instant."""
    prefix = f"{recipient}|COC|"
    return {k.grant.removeprefix(prefix) for k in found if k.grant.startswith(prefix) and k.since <= at < k.until}


def consents() -> st.SearchStrategy[Resource]:
    instants = st.sampled_from([START - DAY, START, START + DAY])
    rules = st.builds(
        provision,
        st.sampled_from(["permit", "permit", "deny"]),
        to=st.sampled_from([["chu"], ["tribunal"], RECIPIENTS]),
        purposes=st.sampled_from([["COC"], ["HRESCH"], ["COC", "HRESCH"]]),
        classes=st.lists(st.sampled_from(["core", "identity", "needs-and-services", "incident-summary"]), max_size=3),
        since=st.none() | instants,
        until=st.none() | instants,
    )
    roots = st.builds(lambda exceptions: provision(exceptions=exceptions), st.lists(rules, max_size=3))
    return st.builds(consent, roots, status=st.sampled_from(["active", "active", "inactive"]))


REFERRALS = st.lists(
    st.tuples(st.sampled_from(RECIPIENTS), st.sampled_from(STATUSES), st.sampled_from(["n1", "n2"])), max_size=4
).map(lambda drawn: [referral(f"t{n}", to, status, need) for n, (to, status, need) in enumerate(drawn)])


@settings(deadline=None)
@given(st.lists(consents(), max_size=2), REFERRALS)
def test_the_decision_that_is_explained_is_the_one_that_is_enforced(
    given_: list[Resource], tasks: list[Resource]
) -> None:
    given_ = [one | {"id": f"c{n}"} for n, one in enumerate(given_)]
    documents = case(*tasks, *given_)
    found = keyed(documents)
    for document in documents:
        type_ = document["resourceType"]
        concerning = tasks
        if type_ == "Task":
            concerning = [document]
        if type_ == "ServiceRequest":
            concerning = [task for task in tasks if task["focus"]["reference"] == reference(document)]
        asked = {NOTICE} if type_ == "Task" else CLASSES[type_] - {NOTICE}
        for recipient in RECIPIENTS:
            for at in (START - DAY, START, START + DAY, FOREVER - DAY):
                for data_class in asked:
                    answer = decide(Question(recipient, "COC", data_class, at), given_, concerning, UNDER)
                    is_open = data_class in opened(found[reference(document)], recipient, at)
                    assert isinstance(answer, Permit) == is_open, (type_, recipient, data_class, answer)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(consents(), max_size=2), REFERRALS, st.integers(1, 2)), max_size=4))
def test_what_was_worked_out_of_her_before_changes_no_key_and_no_reason(
    states: list[tuple[list[Resource], list[Resource], int]],
) -> None:
    before: dict[str, WorkedOut] = {}
    for given_, tasks, version in (state for state in states for _ in range(2)):
        documents = case(*tasks, *(one | {"id": f"c{n}"} for n, one in enumerate(given_)))
        known = keyed(documents, before=before, version=version)
        assert with_reasons(known) == with_reasons(keyed(documents, version=version))


@settings(deadline=None)
@given(st.lists(consents(), max_size=2), REFERRALS)
def test_a_custodian_always_sees_what_it_keeps_and_nobody_else_what_is_not_named(
    given_: list[Resource], tasks: list[Resource]
) -> None:
    found = keyed(case(*tasks, *(one | {"id": f"c{n}"} for n, one in enumerate(given_))))
    for keys_ in found.values():
        assert Key(own(ASSOCIATION)) in keys_
        assert {key.grant.split("|")[0] for key in keys_} <= {ASSOCIATION, *RECIPIENTS}
        assert PUBLIC not in {key.grant for key in keys_}


@settings(deadline=None)
@given(st.lists(consents(), max_size=2), REFERRALS)
def test_consents_provenance_and_audit_stay_with_the_custodian(given_: list[Resource], tasks: list[Resource]) -> None:
    records = [{"resourceType": "Provenance", "id": "v"}, {"resourceType": "AuditEvent", "id": "a"}]
    found = keyed(case(*tasks, *(one | {"id": f"c{n}"} for n, one in enumerate(given_)), *records))
    for name, keys_ in found.items():
        if name.startswith(("Consent/", "Provenance/", "AuditEvent/")):
            assert keys_ == (Key(own(ASSOCIATION)),)


def test_a_consent_stays_closed_even_if_a_profile_put_a_shared_class_into_it() -> None:
    documents = [Held(one, ASSOCIATION) for one in case(agreed("chu"), referral("t1", "chu", "accepted"))]
    found = keys(documents, granted(documents, Rules(packaged(), UNDER, alone)), lambda _: frozenset({"core"}))
    assert found["Consent/c1"] == (Key(own(ASSOCIATION)),)


@pytest.mark.parametrize("status", BEFORE_OR_AFTER)
def test_a_referral_that_is_not_at_work_shows_its_notice_and_nothing_more(status: str) -> None:
    found = keyed(case(agreed("chu", ["core", "identity"]), referral("t1", "chu", status)))
    assert opened(found["Task/t1"], "chu") == {NOTICE}
    assert not any(opened(keys_, "chu") for name, keys_ in found.items() if name != "Task/t1")


@pytest.mark.parametrize("status", AT_WORK)
def test_a_referral_at_work_opens_what_the_consent_names_and_its_own_need_alone(status: str) -> None:
    found = keyed(case(agreed("chu"), referral("t1", "chu", status)))
    assert opened(found["Task/t1"], "chu") == {NOTICE}
    assert opened(found["Patient/p1"], "chu") == {"core"}
    assert opened(found["EpisodeOfCare/e1"], "chu") == {"needs-and-services"}
    assert opened(found["ServiceRequest/n1"], "chu") == {"needs-and-services"}
    assert opened(found["ServiceRequest/n2"], "chu") == opened(found["Observation/o1"], "chu") == set()


@pytest.mark.parametrize("status", ["draft", "entered-in-error"])
def test_a_draft_and_an_error_are_not_even_noticed(status: str) -> None:
    found = keyed(case(agreed("chu"), referral("t1", "chu", status)))
    assert all(keys_ == (Key(own(ASSOCIATION)),) for keys_ in found.values())


@settings(deadline=None)
@given(REFERRALS)
def test_withdrawal_removes_every_key_of_that_recipient(tasks: list[Resource]) -> None:
    both = [agreed("chu", id_="c1"), agreed("tribunal", id_="c2")]
    before = keyed(case(*tasks, *both))
    after = keyed(case(*tasks, both[0] | {"status": "inactive"}, both[1]))
    for name, keys_ in after.items():
        assert not [key for key in keys_ if key.grant.startswith("chu|")]
        assert set(keys_) == {key for key in before[name] if not key.grant.startswith("chu|")}


def test_a_key_opens_and_closes_with_the_consent() -> None:
    spoken = agreed("chu", ["core"], since=START, until=START + DAY)
    found = keyed(case(spoken, referral("t1", "chu", "accepted")))["Patient/p1"]
    # The end of a FHIR period is included to its precision, a millisecond here.
    assert set(found) == {Key(own(ASSOCIATION)), Key("chu|COC|core", START, START + DAY + timedelta(milliseconds=1))}


def test_the_consents_and_referrals_of_one_association_open_nothing_of_anothers() -> None:
    mine = [Held(resource, ASSOCIATION) for resource in case(agreed("chu"), referral("t1", "chu", "requested"))]
    theirs = [
        Held(resource, OTHER)
        for resource in (
            {"resourceType": "Observation", "id": "o2"},
            {"resourceType": "EpisodeOfCare", "id": "e2"},
            referral("t2", "chu", "accepted", need="n9", by=OTHER),
        )
    ]
    documents = [*mine, *theirs]
    found = keys(documents, granted(documents, Rules(packaged(), UNDER, alone)), classes_of)
    assert opened(found["EpisodeOfCare/e1"], "chu") == set(), "their accepted referral opened our case"
    assert found["EpisodeOfCare/e2"] == found["Task/t2"] == (Key(own(OTHER)),), "our consent opened their case"


def test_an_association_that_refers_to_itself_needs_no_further_key() -> None:
    found = keyed(case(agreed(ASSOCIATION), referral("t1", ASSOCIATION, "accepted")))
    assert set(found.values()) == {(Key(own(ASSOCIATION)),)}


def test_a_caller_asks_with_its_own_key_and_those_of_its_purpose() -> None:
    assert held("chu", "COC", ["core", "notice"]) == {"chu|*|*", "chu|COC|core", "chu|COC|notice"}


def test_the_key_of_everyone_is_to_the_directory_and_to_nothing_that_is_withheld_in_it() -> None:
    assert PUBLIC in held("chu", "COC", ["directory"])
    assert PUBLIC not in held("chu", "COC", ["withheld-location"])


COC = ("chu", "COC", "core")
WHY = {
    "consent.no-referral": (COC, [agreed("chu")], [referral("t1", "tribunal", "accepted")]),
    "consent.none": (COC, [agreed("tribunal")], [referral("t1", "chu", "draft")]),
    "consent.withdrawn": (COC, [agreed("chu") | {"status": "inactive"}], [referral("t1", "chu", "on-hold")]),
    "consent.expired": (COC, [agreed("chu", until=START - DAY)], [referral("t1", "chu", "accepted")]),
    "consent.not-yet": (COC, [agreed("chu", since=START + DAY)], [referral("t1", "chu", "accepted")]),
    "consent.purpose": (("chu", "HRESCH", "core"), [agreed("chu")], [referral("t1", "chu", "accepted")]),
    "consent.class": (("chu", "COC", "identity"), [agreed("chu")], [referral("t1", "chu", "accepted")]),
    "consent.not-accepted": (COC, [agreed("chu")], [referral("t1", "chu", "requested")]),
    "consent.not-sent": (("chu", "COC", NOTICE), [agreed("chu")], [referral("t1", "chu", "draft")]),
}


@pytest.mark.parametrize("because", WHY)
def test_a_denial_says_why(because: str) -> None:
    (recipient, purpose, data_class), given_, tasks = WHY[because]
    answer = decide(Question(recipient, purpose, data_class, START), given_, tasks, UNDER)
    assert isinstance(answer, Deny)
    assert answer.because == because


def test_a_consent_withdrawn_from_somebody_else_is_not_the_reason() -> None:
    others = agreed("tribunal") | {"status": "inactive"}
    answer = decide(Question(*COC, START), [others], [referral("t1", "chu", "accepted")], UNDER)
    assert answer == Deny("consent.none")


def test_a_permit_names_the_consents_that_give_it() -> None:
    given_ = [agreed("chu", id_="c1"), agreed("chu", id_="c2"), consent(permit("tribunal"), "c3")]
    answer = decide(Question(*COC, START), given_, [referral("t1", "chu", "accepted")], UNDER)
    assert isinstance(answer, Permit)
    assert answer.because == ("Consent/c1", "Consent/c2")
    assert answer.by == ("Consent/c1#provision.provision[0]", "Consent/c2#provision.provision[0]")
