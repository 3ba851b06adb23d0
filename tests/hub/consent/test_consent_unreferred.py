"""A need that was not referred never leaves who wrote it down: no consent, no referral, no emergency opens anything of it."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.keys import Held, granted, keys, own
from hub.consent.overrides import with_overrides
from hub.exchange.person import classes
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.data_classes import data_classes, shareable
from hub.fhir.definitions import load
from hub.fhir.masking import redact
from hub.fhir.needs import NO_REFERRAL, no_referral_reason
from hub.ports import Key
from tests.hub.consent.test_consent_overrides import NOW, RULES, review
from tests.hub.consent.test_consent_safety_plan import provisions
from tests.support.consents import agreed, consent, referral

ASSOCIATION = "yasmine"
REASONS = sorted(load().code_system("no-referral-reason").codes)


def unreferred(reason: str, id_: str = "n1", **more: object) -> Resource:
    return {
        "resourceType": "ServiceRequest", "id": id_, "meta": {"profile": [profile("need")]}, "status": "active",
        "intent": "order", "subject": {"reference": "Patient/p1"},
        "extension": [{"url": NO_REFERRAL, "valueCode": reason}], **more,
    }  # fmt: skip


def keyed(*resources: Resource) -> dict[str, tuple[Key, ...]]:
    documents = [Held(resource, ASSOCIATION) for resource in resources]
    found = keys(documents, granted(documents, RULES), classes)
    return dict(with_overrides(found, documents, classes, RULES, NOW))


def grants(found: Iterable[Key]) -> list[str]:
    return [key.grant for key in found]


def test_a_need_that_is_referred_does_leave_and_this_is_what_is_compared_with() -> None:
    yes = agreed("chu")
    plain = {name: value for name, value in unreferred("").items() if name != "extension"}
    assert "chu|COC|needs-and-services" in grants(keyed(yes, plain, referral("t1", "chu", "accepted", by=ASSOCIATION))["ServiceRequest/n1"])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.lists(provisions(2), min_size=1, max_size=3),
    st.lists(
        st.tuples(st.sampled_from(["chu", "tribunal"]), st.sampled_from(["requested", "accepted", "completed"])),
        max_size=3,
    ),
    st.sampled_from(REASONS),
    st.sampled_from(["order", "filler-order"]),
    st.sampled_from(["active", "draft", "completed", "revoked", "entered-in-error"]),
)
def test_whatever_consents_and_referrals_there_are_it_stays_with_its_keeper(
    roots: list[Resource], sent: list[tuple[str, str]], reason: str, intent: str, status: str
) -> None:
    consents = [consent(root, f"c{number}") for number, root in enumerate(roots)]
    yes = [agreed(to, sorted(shareable()), f"yes-{to}") for to in ("chu", "tribunal")]
    tasks = [referral(f"t{n}", to, status_, by=ASSOCIATION) for n, (to, status_) in enumerate(sent)]
    by_others = {"requester": {"reference": "Organization/chu"}}
    need = unreferred(reason, intent=intent, status=status, **by_others)
    assert grants(keyed(*consents, *yes, *tasks, need)["ServiceRequest/n1"]) == [own(ASSOCIATION)]


@pytest.mark.parametrize("reason", REASONS)
def test_an_emergency_opens_other_needs_and_not_this_one(reason: str) -> None:
    glass = review(frozenset(data_classes()), despite_refusal=True)
    plain = {name: value for name, value in unreferred(reason, "n2").items() if name != "extension"}
    found = keyed(glass, unreferred(reason), plain)
    assert grants(found["ServiceRequest/n1"]) == [own(ASSOCIATION)]
    assert len(found["ServiceRequest/n2"]) > 1


def test_the_reason_itself_is_of_a_class_that_nothing_can_share() -> None:
    need = unreferred("declined-by-survivor")
    assert no_referral_reason(redact(need, shareable() | {"notice"})[0]) == ""
    assert no_referral_reason(redact(need, frozenset(data_classes()))[0]) == "declined-by-survivor"


def test_no_other_resource_is_taken_for_one() -> None:
    assert no_referral_reason({**unreferred("not-applicable"), "resourceType": "Task"}) == ""
