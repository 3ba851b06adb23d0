"""One Consent and one question: https://hl7.org/fhir/R4/consent.html, read on the side of safety."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.consent.provisions import PurposesUnder, Question, evaluate, in_force, read
from hub.fhir import Resource
from tests.support.consents import consent, permit, provision

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNDER = PurposesUnder({"TREAT": frozenset({"TREAT", "COC"})})


def ask(
    root: Resource, to: str = "chu", purpose: str = "COC", data_class: str = "core", at: datetime = NOON
) -> str | None:
    return evaluate(read(root, UNDER), Question(to, purpose, data_class, at))


def test_a_permit_speaks_only_of_what_it_names() -> None:
    root = provision(exceptions=[permit("chu", ["core", "health"])])
    assert ask(root) == "permit"
    assert ask(root, to="tribunal") is None
    assert ask(root, purpose="HRESCH") is None
    assert ask(root, data_class="identity") is None


def test_an_absent_class_is_no_constraint() -> None:
    assert ask(provision(exceptions=[permit("chu")]), data_class="identity") == "permit"


def test_an_exception_overrides_its_parent_and_so_on_downwards() -> None:
    narrower = provision("deny", classes=["identity"], exceptions=[permit("chu", until=NOON)])
    root = provision(exceptions=[permit("chu", exceptions=[narrower])])
    before, after = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    assert ask(root) == "permit"
    assert ask(root, data_class="identity", at=before) == "permit"
    assert ask(root, data_class="identity", at=after) == "deny"


def test_between_siblings_a_deny_wins_over_a_permit() -> None:
    assert ask(provision(exceptions=[permit("chu"), provision("deny", classes=["core"])])) == "deny"


def test_below_a_deny_too_a_denying_sibling_wins() -> None:
    both = [permit("chu", ["core"]), provision("deny", classes=["core"])]
    assert ask(provision("deny", exceptions=both)) == "deny"
    assert ask(provision("deny", exceptions=both[:1])) == "permit"


def test_nothing_is_said_outside_the_period_of_the_whole_consent() -> None:
    root = provision(since=NOON, exceptions=[permit("chu")])
    assert ask(root, at=NOON - timedelta(milliseconds=1)) is None
    assert ask(root, at=NOON) == "permit"


def test_a_broader_purpose_covers_the_narrower_and_not_the_reverse() -> None:
    assert ask(provision(exceptions=[permit("chu", purposes=["TREAT"])])) == "permit"
    assert ask(provision(exceptions=[permit("chu", purposes=["COC"])]), purpose="TREAT") is None


@pytest.mark.parametrize(
    "root",
    [
        provision("permit", purposes=["COC"]),
        provision("permit", to=["chu"]),
        provision(exceptions=[provision("permit", to=["chu"], classes=["core"])]),
        provision(to=["chu"], purposes=["COC"]),
        {},
    ],
    ids=["no-recipient", "no-purpose", "no-purpose-below", "no-type", "empty"],
)
def test_who_names_no_recipient_no_purpose_or_no_answer_permits_nothing(root: Resource) -> None:
    assert ask(root) is None


def test_recipients_and_purposes_named_above_hold_below() -> None:
    assert ask(provision(to=["chu"], purposes=["COC"], exceptions=[provision("permit", classes=["core"])])) == "permit"


def test_a_deny_that_names_no_one_denies_everyone() -> None:
    assert ask(provision("deny"), to="anyone") == "deny"


NOT_UNDERSTOOD: dict[str, Resource] = {
    "security-label": {"securityLabel": [{"code": "N"}]},
    "data-period": {"dataPeriod": {"start": "2026-01-01"}},
    "code": {"code": [{"text": "x"}]},
    "data": {"data": [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]},
    "action": {"action": [{"text": "collect"}]},
    "foreign-class": {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]},
    "class-without-system": {"class": [{"code": "core"}]},
}


@pytest.mark.parametrize("narrower", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD.keys())
def test_what_is_not_understood_narrows_a_permit_to_nothing_and_no_deny_at_all(narrower: Resource) -> None:
    assert ask(provision(exceptions=[permit("chu") | narrower])) is None
    assert ask(provision(exceptions=[provision("deny", to=["chu"]) | narrower])) == "deny"


@pytest.mark.parametrize(
    "actor",
    [{"reference": {"reference": "Practitioner/chu"}}, {"reference": {"display": "CHU"}}, {}],
    ids=["a-person", "a-name", "nobody"],
)
def test_an_actor_that_is_no_organisation_is_permitted_nothing_and_escapes_no_deny(actor: Resource) -> None:
    assert ask(provision(exceptions=[permit("chu") | {"actor": [actor]}])) is None
    assert ask(provision("deny") | {"actor": [actor]}) == "deny"


def test_a_purpose_without_code_permits_nothing_and_limits_no_deny() -> None:
    assert ask(permit("chu") | {"purpose": [{"display": "soins"}]}) is None
    assert ask(provision("deny", to=["chu"]) | {"purpose": [{"display": "soins"}]}) == "deny"


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
def test_only_an_active_consent_is_in_force(status: str) -> None:
    assert in_force(consent(permit("chu")))
    assert not in_force(consent(permit("chu"), status=status))


def test_a_consent_about_something_else_is_not_in_force() -> None:
    research = consent(permit("chu")) | {"scope": {"coding": [{"code": "research"}]}}
    assert not in_force(research)
