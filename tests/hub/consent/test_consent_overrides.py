"""What a review Task opens: its classes, to its recipient, for its purpose, in its period, of its keeper's records; no more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.actors import alone
from hub.consent.keys import Held
from hub.consent.overrides import is_review, opened_by, with_overrides
from hub.consent.policies import Override, packaged
from hub.consent.provisions import PurposesUnder
from hub.consent.reviews import Asked, review_of, reviewed
from hub.consent.rules import Rules
from hub.fhir import Resource
from hub.fhir.data_classes import data_classes, shareable
from hub.fhir.references import reference
from hub.ports import Key
from tests.support.consents import consent, permit, provision, referral

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
RULES = Rules(packaged(), PurposesUnder(), alone)
MINUTE = timedelta(minutes=1)
OWN = (Key("yasmine|*|*"),)
CLASSES = {
    "Patient": frozenset({"core", "identity", "notice", "custodian"}), "Observation": frozenset({"health", "incident-narrative"}),
    "Task": frozenset({"notice", "custodian"}), "Consent": frozenset({"consent", "core"}), "AuditEvent": frozenset({"audit", "core"}),
    "Provenance": frozenset({"audit", "core"}), "CarePlan": frozenset({"safety-plan"}),
}  # fmt: skip


def classes_of(resource: Resource) -> frozenset[str]:
    return CLASSES[resource["resourceType"]]


def review(names: frozenset[str] = frozenset({"core", "identity", "health"}), **more: Any) -> Resource:
    (glass,) = packaged().overrides
    override = Override(**{**vars(glass), **more})
    asked = Asked(override, "chu", "chu", frozenset({"BTG"}), "danger-to-life", "Said by the one who asks for it.")
    return review_of(asked, id_="r1", person="p1", custodian="yasmine", classes=names, now=NOW)


def added(*resources: Resource, at: datetime = NOW, keeper: str = "yasmine") -> dict[str, set[Key]]:
    """The keys that the review Tasks among these add to each of them."""
    held = [Held(one, "yasmine" if is_review(one) or one["resourceType"] == "Consent" else keeper) for one in resources]
    keys = {reference(one.resource): OWN for one in held}
    found = with_overrides(keys, held, classes_of, RULES, at)
    assert all(found[name][: len(OWN)] == OWN for name in keys)
    return {name: set(found[name][len(OWN) :]) for name in keys}


PATIENT, OBSERVATION = {"resourceType": "Patient", "id": "p1"}, {"resourceType": "Observation", "id": "o1"}


def test_it_opens_what_it_names_of_what_a_document_may_hold_for_its_period() -> None:
    found = added(PATIENT, OBSERVATION, review())
    until = NOW + 15 * MINUTE
    assert found["Patient/p1"] == {Key(f"chu|BTG|{name}", NOW, until) for name in ("core", "identity")}
    assert found["Observation/o1"] == {Key("chu|BTG|health", NOW, until)}


def test_it_opens_nothing_of_anothers_records_or_of_what_is_never_shown() -> None:
    closed = [{"resourceType": type_, "id": "x"} for type_ in ("AuditEvent", "Provenance", "CarePlan")]
    everything = review(frozenset(data_classes()))
    found = added(*closed, consent(provision()), referral("t1", "chu", "accepted"), everything)
    assert set().union(*found.values()) == set()
    assert added(PATIENT, review(), keeper="zahra")["Patient/p1"] == set()


def test_what_is_over_adds_no_key_and_what_has_begun_does() -> None:
    assert added(PATIENT, review(), at=NOW + 15 * MINUTE)["Patient/p1"] == set()
    assert added(PATIENT, review(), at=NOW + 14 * MINUTE)["Patient/p1"]


def test_without_a_review_nothing_is_changed() -> None:
    keys = {"Patient/p1": OWN}
    assert with_overrides(keys, [Held(PATIENT, "yasmine")], classes_of, RULES, NOW) is keys


def test_what_was_not_justified_ends_at_its_review_and_what_was_justified_goes_on() -> None:
    after = opened_by(reviewed(review(), "not-justified", "", NOW + MINUTE))
    assert (after.until, after.review) == (NOW + MINUTE, "not-justified")
    assert opened_by(reviewed(review(), "justified", "", NOW + MINUTE)).until == NOW + 15 * MINUTE
    assert opened_by(reviewed(review(), "not-justified", "", NOW + 60 * MINUTE)).until == NOW + 15 * MINUTE


REFUSALS = [
    provision("deny", to=["chu"]), provision("deny", purposes=["BTG"]), provision("deny", classes=["core", "identity"]),
    provision(exceptions=[provision("deny", to=["chu"], purposes=["BTG"])]),
    provision(exceptions=[provision("deny", to=["chu"], since=NOW + 5 * MINUTE)]),
    provision(exceptions=[provision("deny", to=["chu"], until=NOW + 5 * MINUTE)]),
]  # fmt: skip
NO_REFUSALS = [
    provision("deny"), provision("deny", exceptions=[permit("tribunal", ["core"])]), provision(), permit("chu", ["core"]),
    provision("deny", to=["tribunal"]), provision("deny", purposes=["HRESCH"]), provision("deny", classes=["legal"]),
    provision("deny", to=["chu"], until=NOW - MINUTE), provision("deny", to=["chu"], since=NOW + 15 * MINUTE),
]  # fmt: skip


@pytest.mark.parametrize("root", REFUSALS)
def test_what_she_expressly_refused_stays_closed_unless_the_policy_says_otherwise(root: Resource) -> None:
    assert added(PATIENT, consent(root), review())["Patient/p1"] == set()
    assert added(PATIENT, consent(root, status="inactive"), review())["Patient/p1"]
    assert added(PATIENT, consent(root), review(despite_refusal=True))["Patient/p1"]


@pytest.mark.parametrize("root", NO_REFUSALS)
def test_what_she_refused_to_others_or_did_not_speak_of_is_no_refusal(root: Resource) -> None:
    assert added(PATIENT, consent(root), review())["Patient/p1"]


ROOTS = st.builds(
    provision,
    st.sampled_from([None, "permit", "deny"]),
    to=st.sampled_from([[], ["chu"], ["tribunal"]]),
    purposes=st.sampled_from([[], ["BTG"], ["COC"]]),
    classes=st.lists(st.sampled_from(["core", "identity", "health", "legal"]), max_size=2),
)


@given(
    st.lists(ROOTS, max_size=3),
    st.frozensets(st.sampled_from(sorted(data_classes())), max_size=6),
    st.integers(0, 20),
    st.booleans(),
)
def test_nothing_else_is_ever_opened(roots: list[Resource], names: frozenset[str], minutes: int, despite: bool) -> None:
    consents = [consent(root, f"c{number}") for number, root in enumerate(roots)]
    task = review(names, despite_refusal=despite)
    found = added(PATIENT, OBSERVATION, *consents, task, at=NOW + minutes * MINUTE)
    for name, keys in found.items():
        opened = {key.grant.removeprefix("chu|BTG|") for key in keys}
        assert opened <= names & shareable() & CLASSES[name.partition("/")[0]]
        assert {(key.since, key.until) for key in keys} <= {(NOW, NOW + 15 * MINUTE)}
        assert not keys or minutes < 15
        assert not keys or not name.startswith(("Consent", "Task"))
