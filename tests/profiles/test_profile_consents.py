"""Every form of consent that partners write is accepted: IHE PCF's three options, and R4's own without a root type."""

import pytest
from fhir.resources.R4B.consent import Consent

from hub.conformance import validate
from hub.fhir.definitions import load
from tests.support import pcf

OPTIONS = ["basic", "intermediate", "advanced"]
CONSENTS = [profile.name for profile in load().of_type("Consent")]


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_every_published_form_is_accepted_by_its_option_by_the_wider_ones_and_by_the_consent(form: pcf.Form) -> None:
    Consent.model_validate(pcf.consent(form.provision, "consent"))
    for option in OPTIONS[OPTIONS.index(form.option) :]:
        assert validate(pcf.consent(form.provision, f"consent-pcf-{option}")) == (), option
    assert validate(pcf.consent(form.provision, "consent")) == ()


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_a_narrower_option_refuses_what_it_does_not_know(form: pcf.Form) -> None:
    for option in OPTIONS[: OPTIONS.index(form.option)]:
        assert validate(pcf.consent(form.provision, f"consent-pcf-{option}")) != (), option


def test_of_the_options_every_one_has_its_forms() -> None:
    assert {form.option for form in pcf.PUBLISHED} == set(OPTIONS)
    assert len({form.name for form in pcf.PUBLISHED}) == len(pcf.PUBLISHED) == 22


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_the_same_form_without_a_root_type_is_that_of_r4(form: pcf.Form) -> None:
    silent = {name: value for name, value in form.provision.items() if name != "type"}
    assert validate(pcf.consent(pcf.but(silent, pcf.PERMIT), "consent")) == ()


@pytest.mark.parametrize("depth", [3, 4, 9])
def test_exceptions_nest_to_any_depth_and_each_must_say_permit_or_deny(depth: int) -> None:
    deepest = pcf.DENY | pcf.to("Organization/police")
    for good, inmost in [(True, deepest), (False, pcf.to("Organization/police"))]:
        rule = inmost
        for level in range(depth):
            rule = pcf.but(pcf.PERMIT if level % 2 else pcf.DENY, rule)
        assert (validate(pcf.consent(rule, "consent")) == ()) == good


@pytest.mark.parametrize("scope", ["patient-privacy", "research", "adr", "treatment"])
def test_the_survivor_is_named_whatever_the_scope(scope: str) -> None:
    """R4's ppc-2 to ppc-5 ask it scope by scope, of a code system called `something`: there they never speak."""
    unnamed = {name: value for name, value in pcf.consent(pcf.YES, "consent").items() if name != "patient"}
    unnamed["scope"] = {"coding": [{**unnamed["scope"]["coding"][0], "code": scope}]}
    assert "Consent.patient" in {issue.path for issue in validate(unnamed)}


@pytest.mark.parametrize("name", CONSENTS)
def test_a_consent_that_does_not_say_under_which_policy_it_is_given_is_refused(name: str) -> None:
    said = pcf.consent(pcf.YES, name)
    del said["policy"]
    assert validate(said) != ()


@pytest.mark.parametrize("name", CONSENTS)
def test_no_consent_has_room_for_the_signed_paper_itself_or_for_words_beside_codes_and_references(name: str) -> None:
    profile = load().profile(name)
    spoken = ("Consent.scope.text", "Consent.category.text", "Consent.policyRule.text", "Consent.patient.display")
    paper = tuple(f"Consent.source[x]:sourceAttachment.{part}" for part in ("data", "url", "title"))
    assert {profile.element(id_).max for id_ in (*spoken, *paper)} == {0}
