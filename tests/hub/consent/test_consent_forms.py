"""What each form of consent that is accepted opens: never more than the survivor certainly permitted."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from hub.consent.conditions import DATA_CLASS
from hub.consent.grants import NOTICE, grants
from hub.consent.rules import purposes_under
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from tests.support import pcf
from tests.support.consents import agreed

NOW = datetime(2026, 6, 1, tzinfo=UTC)
VALID = Path(str(files("profiles"))) / "examples" / "valid"
CHU = pcf.to("Organization/chu")
CORE = {"class": [{"system": DATA_CLASS, "code": "core"}]}
COORDINATION = pcf.purposes("COC")


def opened(*consents: Resource) -> set[str]:
    """What a system of CHU may see today for the coordination of care."""
    found = grants(consents, purposes_under())
    now = [grant for grant in found if grant.since <= NOW < grant.until and grant.is_for(frozenset())]
    return {g.data_class for g in now if (g.recipient, g.purpose) == ("chu", "COC")} - {NOTICE}


def written(provision: pcf.Part, id_: str = "c1") -> Resource:
    return pcf.consent(provision, "consent") | {"id": id_}


def example(name: str) -> Resource:
    parsed: Resource = json.loads((VALID / f"{name}.json").read_text("utf-8"))
    return parsed


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_no_published_form_opens_anything_as_none_names_an_organisation_and_data_classes(form: pcf.Form) -> None:
    assert grants([written(form.provision)], purposes_under()) == ()


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_naming_the_recipient_opens_nothing_either_as_the_policys_words_are_not_read(form: pcf.Form) -> None:
    assert opened(written(form.provision | CHU)) == set()


CLOSED = {
    "advanced-normal", "advanced-normal-restricted", "advanced-normal-not-restricted", "advanced-normal-focused-restricted",
    "advanced-normal-focused-psy", "advanced-normal-focused-psy-or-sex", "advanced-normal-focused-psy-or-sdv",
    "advanced-normal-break-glass-restricted", "intermediate-timeframe", "intermediate-authoredby",
    "intermediate-encounter", "intermediate-data", "intermediate-not-timeframe", "intermediate-not-authoredby",
    "intermediate-not-encounter", "intermediate-not-data", "intermediate-purpose", "basic-reject", "expired-treat",
    "dissent-intermediate-break-glass",
}  # fmt: skip


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_with_recipient_and_data_class_too_only_the_forms_without_any_other_limit_open_that_class(
    form: pcf.Form,
) -> None:
    assert opened(written(form.provision | CHU | CORE)) == (set() if form.name in CLOSED else {"core"})


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_a_form_that_refuses_some_data_refuses_them_beside_another_consent(form: pcf.Form) -> None:
    levels = [form.provision, *form.provision.get("provision", ())]
    refuses = any(level["type"] == "deny" for level in levels)
    assert opened(written(form.provision), agreed("chu", ["core"], id_="c2")) == (set() if refuses else {"core"})


def test_a_permit_of_another_level_opens_only_what_it_names() -> None:
    whole = pcf.PERMIT | CHU | COORDINATION
    assert opened(written(whole)) == set()
    assert opened(written(whole | CORE)) == {"core"}
    assert opened(written(pcf.but(pcf.DENY, whole))) == set()
    assert opened(written(pcf.but(pcf.DENY, whole | CORE))) == {"core"}
    assert opened(written(pcf.but(pcf.PERMIT | COORDINATION, pcf.PERMIT | CHU | CORE))) == {"core"}
    assert len(opened(written({"provision": [whole]}))) > 10, (
        "without a root type no policy is answered: no limit is no limit"
    )


LIMITS: dict[str, pcf.Part] = {
    "label": pcf.labels("N"),
    "data-period": pcf.YEAR,
    "instance": pcf.data("instance", "Observation/o1"),
    "action": {"action": [{"coding": [{"system": f"{TERMINOLOGY}/consentaction", "code": "copy"}]}]},
    "code": {"code": [{"coding": [{"system": "http://loinc.org", "code": "34117-2"}]}]},
    "resource-type": {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]},
    "care-team": pcf.to("CareTeam/t1"),
    "group": pcf.to("Group/g1"),
    "desk-by-reference": pcf.to("PractitionerRole/desk"),
    "foreign-purpose": {"purpose": [{"system": "https://partner.example/purpose", "code": "COC"}]},
    "unknown-purpose": pcf.purposes("SOINS"),
    "other-role": {"actor": [{"role": {"coding": [{"code": "AUT"}]}, "reference": {"reference": "Organization/chu"}}]},
}
limits = pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())


@limits
def test_a_permit_below_a_refusal_that_is_not_understood_opens_nothing(limit: pcf.Part) -> None:
    permit = pcf.PERMIT | CHU | COORDINATION | CORE
    assert opened(written({"provision": [pcf.but(pcf.DENY, permit)]})) == {"core"}
    assert opened(written({"provision": [pcf.but(pcf.DENY | limit, permit)]})) == set()


@limits
def test_a_refusal_below_a_level_that_is_not_understood_refuses_all_the_same(limit: pcf.Part) -> None:
    refusal = pcf.DENY | CHU
    for above in ({}, pcf.PERMIT):
        nested = written(pcf.but(above | limit, refusal), "c2")
        assert opened(agreed("chu", ["core"]), nested) == set()


@limits
def test_a_limit_that_is_not_understood_opens_nothing_at_any_level(limit: pcf.Part) -> None:
    permit = pcf.PERMIT | CHU | COORDINATION | CORE
    assert opened(written({"provision": [permit]})) == {"core"}
    assert opened(written({"provision": [permit | limit]})) == set()
    assert opened(written(pcf.but(limit, permit))) == set()
    assert opened(written(permit | limit)) == set()


def test_what_the_examples_of_the_contract_open() -> None:
    found = {
        path.stem: {(g.recipient, g.purpose) for g in grants([example(path.stem)], purposes_under())}
        for path in VALID.glob("*consent*.json")
        if example(path.stem)["resourceType"] == "Consent"
    }
    opening = {name for name, granted in found.items() if granted}
    assert len(found) >= 14
    assert opening == {"consent", "consent-by-class", "consent-by-class--superseding", "consent--nested-as-r4"}
    assert found["consent-by-class"] == {("chu-atlas", "COC")}
    nested = grants([example("consent--nested-as-r4")], purposes_under())
    assert {g.data_class for g in nested if g.purpose == "TREAT"} == {"core", "needs-and-services", NOTICE}


@pytest.mark.parametrize("name", ["statistics-consent", "statistics-consent--refused"])
def test_agreeing_or_refusing_to_be_counted_opens_nothing_to_anyone_and_closes_nothing(name: str) -> None:
    counted = example(name)
    assert grants([counted], purposes_under()) == ()
    named = counted | {"provision": counted["provision"] | CHU | COORDINATION}
    assert grants([named], purposes_under()) == (), "not even to an organisation that it were to name"
    shared = agreed("chu", ["core", "health"], id_="c2")
    assert opened(counted, shared) == {"core", "health"}
    assert counted["provision"]["purpose"][0]["system"] == code_system("purpose")
