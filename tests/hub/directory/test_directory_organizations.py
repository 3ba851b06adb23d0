"""Organisations by any of their names, and as FHIR; a shelter without anything that leads to its door."""

from typing import Any

import pytest

from hub.conformance import validate
from hub.directory.organizations import Entry, Names, resources

HOSPITAL: dict[str, Any] = {
    "id": "chu-ibn-zohr",
    "type": "hospital-unit",
    "name": {"fr": "CHU Ibn Zohr", "ar": "المركز الاستشفائي ابن زهر"},
    "province": "MA-CAS",
    "aliases": ["Hôpital Ibn Zohr", "مستشفى ابن زهر"],
    "services": ["medical", "psychosocial"],
    "phone": "+212522000000",
    "address": "1, boulevard de l'Hôpital",
}
SHELTER: dict[str, Any] = {
    "id": "dar-amal",
    "type": "association",
    "name": {"fr": "Dar Amal"},
    "province": "MA-MAR",
    "services": ["shelter"],
    "address": "12, rue cachée",
    "shelter": True,
}


def names(*written: dict[str, Any]) -> Names:
    return Names(Entry.read(one) for one in written)


@pytest.mark.parametrize(
    "text", ["CHU Ibn Zohr", "chu ibn zohr", " CHU  IBN ZOHR ", "hopital ibn zohr", "مستشفي ابن زهر", "chu-ibn-zohr"]
)
def test_an_organisation_is_found_by_any_spelling_of_its_names(text: str) -> None:
    assert names(HOSPITAL, SHELTER).find(text) == "chu-ibn-zohr"


def test_a_name_that_two_share_means_neither() -> None:
    other = {**SHELTER, "aliases": ["Hopital Ibn Zohr"]}
    known = names(HOSPITAL, other)
    assert known.find("Hôpital Ibn Zohr") is None
    assert known.find("Dar Amal") == "dar-amal"


def test_a_name_that_three_share_means_none_of_them() -> None:
    entries = [{**SHELTER, "id": id_, "name": {"fr": id_}, "aliases": ["Cellule"]} for id_ in ("a", "b", "c")]
    assert names(*entries).find("cellule") is None


@pytest.mark.parametrize("text", ["", " ", "CHU", "Ibn"])
def test_an_unknown_name_is_nobody(text: str) -> None:
    assert names(HOSPITAL).find(text) is None


def test_what_is_known_of_an_organisation() -> None:
    known = names(HOSPITAL)
    assert known.organization("nobody") is None
    found = known.organization("chu-ibn-zohr")
    assert found is not None and found["services"] == ("medical", "psychosocial")


def test_one_that_writes_its_own_name_twice_is_still_found() -> None:
    assert names({**SHELTER, "aliases": ["DAR AMAL", "dar-amal"]}).find("dar amal") == "dar-amal"


@pytest.mark.parametrize("missing", ["id", "type", "name", "province"])
def test_a_missing_field_is_named(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        Entry.read({key: value for key, value in HOSPITAL.items() if key != missing})


def test_an_unknown_field_or_a_name_without_language_is_refused() -> None:
    with pytest.raises(TypeError, match="telephone"):
        Entry.read({**HOSPITAL, "telephone": "+212"})
    with pytest.raises(TypeError, match="name"):
        Entry.read({**HOSPITAL, "name": "CHU"})


@pytest.mark.parametrize("written", [HOSPITAL, SHELTER], ids=["hospital", "shelter"])
def test_everything_published_conforms_to_its_profile(written: dict[str, Any]) -> None:
    made = list(resources(Entry.read(written)))
    assert [resource["resourceType"] for resource in made][:2] == ["Organization", "Location"]
    assert len(made) == 2 + len(written["services"])
    assert [issue for resource in made for issue in validate(resource) if issue.blocks] == []


def test_names_in_other_languages_are_translations_of_the_french() -> None:
    organization = next(resources(Entry.read(HOSPITAL)))
    assert organization["name"] == "CHU Ibn Zohr"
    (translation,) = organization["_name"]["extension"]
    said = {part["url"]: part.get("valueCode", part.get("valueString")) for part in translation["extension"]}
    assert said == {"lang": "ar", "content": "المركز الاستشفائي ابن زهر"}


def test_a_hospital_has_an_address_and_a_shelter_has_none_anywhere() -> None:
    assert "boulevard" in str(list(resources(Entry.read(HOSPITAL))))
    assert "cachée" not in str(list(resources(Entry.read(SHELTER))))


def test_below_an_organisation_stands_all_that_is_a_part_of_it_at_any_depth() -> None:
    tree = (("b", "a"), ("c", "b"), ("a", "c"))
    parts = [{**SHELTER, "id": id_, "name": {"fr": id_}, "part_of": above} for id_, above in tree]
    known = names(*parts[:2], HOSPITAL)
    assert (known.below("a"), known.below("b"), known.below("c")) == ({"a", "b", "c"}, {"b", "c"}, {"c"})
    assert known.below("nobody") == {"nobody"}
    assert names(*parts).below("a") == {"a", "b", "c"}, "a circle is a mistake that ends"


def test_what_an_organisation_is_a_part_of_is_published_with_it() -> None:
    (organization, *_) = resources(Entry.read({**HOSPITAL, "part_of": "ministere"}))
    assert organization["partOf"] == {"reference": "Organization/ministere"}
    assert [issue for issue in validate(organization) if issue.blocks] == []
