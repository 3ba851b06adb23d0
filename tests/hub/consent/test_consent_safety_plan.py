"""A safety plan never leaves the association that keeps it: no consent, no referral, no purpose opens anything of it."""

import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.actors import alone
from hub.consent.grants import grants
from hub.consent.keys import Held, granted, keys, own
from hub.consent.policies import packaged
from hub.consent.provisions import PurposesUnder
from hub.consent.rules import Rules
from hub.exchange.person import classes
from hub.fhir import Resource
from hub.fhir.data_classes import data_classes, shareable
from hub.fhir.definitions import load
from hub.ports import Key
from tests.support.consents import agreed, consent, permit, provision, referral

EXAMPLES = sorted(Path(str(files("profiles"))).glob("examples/valid/safety-plan*.json"))
PLANS = [json.loads(path.read_text("utf-8")) for path in EXAMPLES]
ASSOCIATION = "zahra-ecoute"
UNDER = PurposesUnder()
ORGANIZATIONS, PURPOSES = ["chu", "tribunal"], ["COC", "TREAT", "HRESCH", "BTG"]


def keyed(*resources: Resource) -> dict[str, tuple[Key, ...]]:
    documents = [Held(resource, ASSOCIATION) for resource in (*PLANS, *resources)]
    found = keys(documents, granted(documents, Rules(packaged(), UNDER, alone)), classes)
    return {name: mine for name, mine in found.items() if name.startswith("CarePlan/")}


def closed(found: Iterable[tuple[Key, ...]]) -> bool:
    return all([key.grant for key in mine] == [own(ASSOCIATION)] for mine in found)


def test_a_safety_plan_is_of_one_class_that_nothing_can_share() -> None:
    assert PLANS
    assert load().profile("safety-plan").classes == {"safety-plan"}
    assert "safety-plan" not in shareable()
    assert data_classes()["safety-plan"].encrypted


@pytest.mark.parametrize(
    "given_away",
    [
        agreed("chu", classes=["safety-plan"]),
        agreed("chu", classes=["core", "safety-plan", "risk"]),
        agreed("chu", classes=list(data_classes())),
        agreed("chu", classes=[]),
        consent(provision("permit", to=["chu"], purposes=["COC"])),
        consent(provision("permit", to=["chu"], purposes=["COC"], classes=["safety-plan"])),
        consent(provision("permit", exceptions=[permit("chu", ["safety-plan"])])),
    ],
    ids=["named", "named among others", "every class", "no class named", "root", "root names it", "exception"],
)
def test_a_consent_that_names_it_or_permits_everything_opens_nothing_of_it(given_away: Resource) -> None:
    assert "safety-plan" not in {grant.data_class for grant in grants([given_away], UNDER)}
    accepted = referral("t1", "chu", "accepted", by=ASSOCIATION)
    need = {"resourceType": "ServiceRequest", "id": "n1"}
    assert closed(keyed(given_away, need, accepted).values())


def provisions(depth: int) -> st.SearchStrategy[Resource]:
    return st.builds(
        provision,
        st.sampled_from([None, "permit", "permit", "deny"]),
        to=st.lists(st.sampled_from(ORGANIZATIONS), max_size=2, unique=True),
        purposes=st.lists(st.sampled_from(PURPOSES), max_size=3, unique=True),
        classes=st.lists(st.sampled_from(["safety-plan", "safety-plan", *data_classes()]), max_size=4, unique=True),
        exceptions=st.lists(provisions(depth - 1), max_size=2) if depth else st.just([]),
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(provisions(2), min_size=1, max_size=3),
    st.lists(
        st.tuples(st.sampled_from(ORGANIZATIONS), st.sampled_from(["requested", "accepted", "completed"])), max_size=3
    ),
)
def test_whatever_consents_and_referrals_there_are_the_plan_stays_with_its_keeper(
    roots: list[Resource], sent: list[tuple[str, str]]
) -> None:
    consents = [consent(root, f"c{number}") for number, root in enumerate(roots)]
    tasks = [referral(f"t{n}", to, status, by=ASSOCIATION) for n, (to, status) in enumerate(sent)]
    assert closed(keyed(*consents, *tasks).values())
