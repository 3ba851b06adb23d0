"""Policies are data: what comes with the hub, what a deployment changes, and how a mistake is named."""

from typing import Any

import pytest
import yaml

from hub.consent.policies import DENY, PCF, packaged, policies
from hub.errors import HubError
from hub.fhir.canonicals import BASE
from hub.texts import LANGUAGES

DUTY = "[legal-duty]"


def test_nothing_is_open_without_a_consent_and_no_policy_opens_anything_as_packaged() -> None:
    found = packaged()
    assert found.overarching == DENY
    assert {f"{PCF}/Policy-{name}" for name in ("basic-normal", "all-normal", "break-glass-only", "deny")} == set(
        found.answered
    )
    assert not any(policy.classes or policy.purposes for policy in found.answered.values())


def test_breaking_the_glass_is_packaged_and_a_legal_duty_is_not_in_force() -> None:
    [override] = packaged().overrides
    assert (override.id, override.kind, override.minutes) == ("break-glass", "break-glass", 15)
    assert override.purposes == {"BTG"}
    assert override.classes == {"core", "identity", "safe-contact", "health", "risk", "incident-summary"}
    assert not override.recipients
    assert set(override.title) == set(LANGUAGES)


def test_a_deployment_enables_a_duty_by_saying_only_what_differs() -> None:
    found = policies(
        {"overrides": [{"id": "legal-duty", "enabled": True, "recipients": ["police"], "roles": ["officer"]}]}
    )
    duty = next(override for override in found.overrides if override.id == "legal-duty")
    assert (duty.kind, duty.recipients, duty.roles) == ("legal-duty", frozenset({"police"}), frozenset({"officer"}))
    assert duty.basis == f"{BASE}/Policy/legal-duty"
    assert [override.id for override in found.overrides] == ["break-glass", "legal-duty"]


def test_a_deployment_says_what_a_policy_opens() -> None:
    url = f"{PCF}/Policy-basic-normal"
    found = policies({"policies": [{"url": url, "classes": ["core"], "purposes": ["COC"]}]})
    assert found.answered[url].classes == {"core"}
    assert found.answered[DENY] == packaged().answered[DENY]


def test_what_a_deployment_does_not_say_stays_as_packaged() -> None:
    assert policies({"ages": {"own_consent": 15}}).ages.majority == packaged().ages.majority
    assert policies({}) == policies(None) == packaged()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("[1]", "{ }"),
        ("consents: 1", "consents"),
        ("overarching: https://profiles.ihe.net/ITI/PCF/Policy-all-normal", "overarching"),
        ("ages: 18", "ages"),
        ("ages: {majority: eighteen}", "ages.majority"),
        ("ages: {majority: yes}", "ages.majority"),
        ("ages: {own_consent: 19}", "ages.own_consent: 0-18"),
        ("ages: {adult: 18}", "ages.adult"),
        ("ages: {below_own_consent: anyone}", "ages.below_own_consent: caregiver, both"),
        ("days_without_period: 0", "days_without_period"),
        ("policies: {}", "policies"),
        ("policies: [{classes: [core]}]", "policies[1].url"),
        ("policies: [{url: u, purposes: []}]", "policies[u].classes"),
        ("policies: [{url: u, classes: [everything], purposes: []}]", "policies[u].classes: everything"),
        ("policies: [{url: u, classes: [safety-plan], purposes: []}]", "policies[u].classes: safety-plan"),
        ("policies: [{url: u, classes: [], purposes: [NOSY]}]", "policies[u].purposes: NOSY"),
        (f"policies: [{{url: '{DENY}', classes: [core]}}]", f"policies[{DENY}].classes"),
        ("suspects: {uncle: [any]}", "suspects.uncle"),
        ("suspects: {primary-caregiver: [uncle]}", "suspects.primary-caregiver: uncle"),
        ("overrides: [{id: legal-duty}, {id: legal-duty}]", "overrides[2].id: legal-duty"),
        ("overrides: [{id: legal-duty, enabled: perhaps}]", f"overrides{DUTY}.enabled"),
        ("overrides: [{id: legal-duty, kind: custom}]", f"overrides{DUTY}.kind"),
        ("overrides: [{id: legal-duty, minutes: 0}]", f"overrides{DUTY}.minutes"),
        ("overrides: [{id: legal-duty, recipients: police}]", f"overrides{DUTY}.recipients"),
        ("overrides: [{id: legal-duty, title: {en: Duty}}]", f"overrides{DUTY}.title.ar"),
        ("overrides: [{id: mine}]", "overrides[mine].kind"),
        ("overrides: [{id: legal-duty, until: tomorrow}]", f"overrides{DUTY}.until"),
    ],
)
def test_a_mistake_is_named_where_it_stands(written: str, place: str) -> None:
    read: Any = yaml.safe_load(written)
    with pytest.raises(HubError) as refused:
        policies(read)
    assert refused.value.problem.code == "bad-file"
    assert refused.value.place == "policies.yaml"
    assert refused.value.params["detail"].startswith(place)
