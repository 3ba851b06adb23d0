"""A search parameter belongs to the data class of the element it reads."""

from importlib.resources import files

import pytest

from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.definitions import load
from hub.fhir.masking import redact
from hub.fhir.query import Query, Sort
from hub.fhir.serial import loads
from hub.search import classes, index, parse
from hub.search.parameters import PARAMETERS, in_profile

BESIDE = ("exact", "text", "of-type", "identifier")
EXAMPLES: dict[str, Resource] = {
    path.name.removesuffix(".json"): one
    for path in sorted(files("profiles").joinpath("examples", "valid").iterdir(), key=lambda path: path.name)
    if path.name.endswith(".json") and (one := loads(path.read_bytes()))["resourceType"] in PARAMETERS
}


def read_by(type_: str, *pairs: tuple[str, str]) -> frozenset[str]:
    query, _ = parse(type_, pairs, strict=True)
    return classes(query)


def test_a_match_reads_the_class_of_its_element() -> None:
    assert read_by("Task", ("status", "requested")) == {"notice"}
    assert read_by("Patient", ("birthdate", "1990")) == {"identity"}
    assert read_by("EpisodeOfCare", ("identifier", "12/2025")) == {"custodian"}


def test_several_matches_read_several_classes() -> None:
    assert read_by("Patient", ("birthdate", "1990"), ("gender", "female")) == {"identity", "core"}


def test_order_and_absence_tell_as_much_as_a_match() -> None:
    assert classes(Query("Patient", sort=(Sort("birthdate", descending=True),))) == {"identity"}
    assert read_by("Patient", ("birthdate:missing", "true")) == {"identity"}


def test_the_system_of_an_identifier_tells_which_one_is_read() -> None:
    code, cin = identifier_system("survivor-code"), identifier_system("cin")
    assert read_by("Patient", ("identifier", f"{code}|CAS-1")) == {"custodian"}
    assert read_by("Patient", ("identifier", f"{identifier_system('pseudonym')}|0000")) == {"core"}
    assert read_by("Patient", ("identifier", f"{cin}|AB1")) == {"identity"}
    assert read_by("Patient", ("identifier", f"{code}|CAS-1,{cin}|AB1")) == {"custodian", "identity"}


def test_an_identifier_without_system_could_be_any() -> None:
    assert read_by("Patient", ("identifier", "AB1")) == {"core", "custodian", "identity"}
    assert read_by("Patient", ("identifier", "|AB1")) == {"core", "custodian", "identity"}
    assert read_by("Patient", ("identifier:missing", "true")) == {"core", "custodian", "identity"}


def test_id_and_last_updated_read_no_class() -> None:
    assert read_by("Patient", ("_id", "p"), ("_lastUpdated", "gt2025"), ("_sort", "_lastUpdated")) == frozenset()


def test_a_parameter_may_read_another_class_in_another_profile() -> None:
    query, _ = parse("Observation", (("code", "referral-outcome"), ("_sort", "date")), strict=True)
    assert classes(query) == classes(query, "incident") == {"incident-summary"}
    assert classes(query, "outcome") == {"needs-and-services"}


@pytest.mark.parametrize("type_", PARAMETERS)
def test_every_parameter_reads_classes_that_occur_in_the_profiles_of_its_type(type_: str) -> None:
    known = {name for profile in load().of_type(type_) for name in {*profile.classes, profile.base_class}}
    for profile in load().of_type(type_):
        for name in PARAMETERS[type_]:
            found = in_profile(type_, name, profile.name)
            assert found
            assert found.data_classes
            assert found.data_classes | set(found.by_system.values()) <= known, (profile, name)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_who_sees_the_classes_of_a_parameter_could_tell_all_its_values(example: Resource) -> None:
    """Whatever is not in that part of a document must not be what the document is found by."""
    profile = load().profile_of(example)
    assert profile
    whole = index(example, profile.name)
    for name in PARAMETERS[profile.type]:
        parameter = in_profile(profile.type, name, profile.name)
        assert parameter
        part, _ = redact(example, parameter.data_classes | {profile.base_class})
        seen = index(part, profile.name)
        for field in (parameter.kept_as, *(f"{parameter.kept_as}:{beside}" for beside in BESIDE)):
            assert seen.get(field) == whole.get(field), (name, field)


def test_labels_tags_and_source_are_asked_of_whole_documents_alone_and_profiles_of_all() -> None:
    survivor = load().profile("survivor")
    for name in ("_security", "_tag", "_source"):
        query, _ = parse("Patient", [(name, "x")], strict=True)
        assert classes(query, "survivor") == survivor.classes | {survivor.base_class}
    query, _ = parse("Patient", [("_profile", survivor.url)], strict=True)
    assert classes(query, "survivor") == frozenset()


def test_an_address_is_of_all_the_classes_of_its_parts_and_a_part_is_of_its_own() -> None:
    assert read_by("Patient", ("address", "Fes")) == {"address", "core"}
    assert read_by("Patient", ("address-city", "Fes")) == {"address"}
    assert read_by("Patient", ("address-state", "Fes")) == {"core"}


def test_no_kind_of_identifier_can_carry_the_system_of_another() -> None:
    """Else a passport number under the system of survivor codes would be found by whoever may search for those alone."""
    profile = load().profile("survivor")
    systems = [profile.element(f"{one.id}.system").fixed for one in profile.slices("Patient.identifier")]
    assert None not in systems and len(set(systems)) == len(systems)
