"""The examples that IHE publishes decide what they say they decide, once a recipient and a data class are named.

https://github.com/IHE/ITI.PCF. One opens nothing here: its purpose is of a code system that nobody knows.
"""

from datetime import UTC, datetime
from functools import cached_property

import pytest

from hub.consent.actors import Names
from hub.consent.compiled import Compiled, Permit
from hub.consent.facts import LEVELS, Facts
from hub.consent.provisions import Question
from hub.consent.rules import purposes_under
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.data_classes import SENSITIVITY
from tests.support import pcf

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CORE = {"class": [{"system": "https://ihala.example/fhir/CodeSystem/data-class", "code": "core"}]}


class Labelled(Facts):
    """A document that carries its own label and no other: data of our classes are never normal."""

    @cached_property
    def labels(self) -> dict[str, tuple[int, Names]]:
        (level, *others) = [one["code"] for one in self.resource["meta"]["security"]]
        return {"core": (LEVELS.index(level), frozenset(f"{SENSITIVITY}|{one}" for one in others))}


def observation(id_: str, labels: str, on: str = "2022-06-01", by: str = "amal", encounter: str = "e1") -> Resource:
    return {
        "resourceType": "Observation", "id": id_, "effectiveDateTime": on,
        "meta": {"security": [{"system": f"{TERMINOLOGY}/v3-ActCode", "code": one} for one in labels.split()]},
        "performer": [{"reference": f"Practitioner/{by}"}], "encounter": {"reference": f"Encounter/{encounter}"},
    }  # fmt: skip


DOCUMENTS = {
    "normal": observation("o1", "N"),
    "fifth": observation("o5", "N"),
    "restricted": observation("o2", "R"),
    "psychiatry": observation("o3", "R PSY"),
    "sexual-health": observation("o4", "R SEX"),
    "violence": observation("o6", "R SDV"),
    "old": observation("o7", "N", on="2020"),
    "elsewhere": observation("o8", "N", by="nadia", encounter="e2"),
}
ALL = set(DOCUMENTS)
NORMAL = {"normal", "fifth", "old", "elsewhere"}
BY_RECORD = {"normal", "fifth", "restricted", "psychiatry", "sexual-health"}
PERMITTED = {
    "basic-treat": ALL,
    "basic-ink": ALL,
    "expired-treat": set(),
    "basic-reject": set(),
    "intermediate-timeframe": ALL - {"old"},
    "intermediate-not-timeframe": {"old"},
    "intermediate-authoredby": ALL - {"elsewhere"},
    "intermediate-not-authoredby": {"elsewhere"},
    "intermediate-encounter": ALL - {"elsewhere"},
    "intermediate-not-encounter": {"elsewhere"},
    "intermediate-data": BY_RECORD,
    "intermediate-not-data": ALL - {"fifth"},
    "intermediate-purpose": set(),
    "dissent-intermediate-break-glass": set(),
    "advanced-normal": NORMAL,
    "advanced-normal-restricted": ALL,
    "advanced-normal-not-restricted": NORMAL,
    "advanced-normal-focused-restricted": ALL,
    "advanced-normal-focused-psy": NORMAL | {"psychiatry"},
    "advanced-normal-focused-psy-or-sex": NORMAL | {"psychiatry", "sexual-health"},
    "advanced-normal-focused-psy-or-sdv": NORMAL | {"psychiatry", "violence"},
    "advanced-normal-break-glass-restricted": NORMAL,
}


def permitted(form: pcf.Form, purpose: str, practitioner: str = "Practitioner/amal") -> set[str]:
    """Which documents a doctor of CHU may see by it."""
    actor = {} if "actor" in form.provision else pcf.to("Organization/chu")
    compiled = Compiled([pcf.consent(form.provision | actor | CORE, "consent")], purposes_under())
    known = frozenset({"Encounter/e1", "Encounter/e2"})
    found = set()
    for name, document in DOCUMENTS.items():
        facts = Labelled(document, "yasmine", NOW, known=known)
        if isinstance(compiled.decide(Question("chu", purpose, "core", NOW, practitioner, document=facts)), Permit):
            found.add(name)
    return found


def test_every_published_form_is_decided_here() -> None:
    assert PERMITTED.keys() == {form.name for form in pcf.PUBLISHED}


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_a_published_form_permits_for_treatment_what_it_says(form: pcf.Form) -> None:
    assert permitted(form, "TREAT") == PERMITTED[form.name]


@pytest.mark.parametrize("form", pcf.PUBLISHED, ids=str)
def test_breaking_the_glass_is_a_kind_of_treatment_and_opens_more_where_a_form_says_so(form: pcf.Form) -> None:
    assert permitted(form, "BTG") == (ALL if "break-glass" in form.name else PERMITTED[form.name])


@pytest.mark.parametrize("form", [one for one in pcf.PUBLISHED if "focused" in one.name], ids=str)
def test_what_is_focused_on_one_doctor_is_closed_to_another_and_to_the_hospitals_system(form: pcf.Form) -> None:
    assert permitted(form, "TREAT", "Practitioner/nadia") == permitted(form, "TREAT", "") == set()
