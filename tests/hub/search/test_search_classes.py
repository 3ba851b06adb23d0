"""A search parameter belongs to the data class of the element it reads."""

import pytest

from hub.fhir.canonicals import identifier_system
from hub.fhir.definitions import load
from hub.fhir.query import Query, Sort
from hub.search import classes, parse
from hub.search.parameters import PARAMETERS, Parameter, in_profile


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
def test_every_parameter_reads_classes_that_occur_in_each_profile_of_its_type(type_: str) -> None:
    for profile in load().of_type(type_):
        for name in PARAMETERS[type_]:
            found = in_profile(type_, name, profile.name)
            assert found
            assert found.data_classes | set(found.by_system.values()) <= profile.classes | {profile.base_class}, (
                profile,
                name,
            )


ELEMENTS = [
    (type_, parameter, path)
    for type_, parameters in PARAMETERS.items()
    for parameter in parameters.values()
    for path in parameter.paths
]


@pytest.mark.parametrize(
    ("type_", "parameter", "path"), ELEMENTS, ids=[f"{t}.{p.name} {path}" for t, p, path in ELEMENTS]
)
def test_the_table_agrees_with_the_data_class_that_the_profile_declares(
    type_: str, parameter: Parameter, path: str
) -> None:
    profile = load().for_type(type_)
    assert profile is not None
    element = profile.element(_element_id(type_, path))
    read = {element.data_class} | {slice_.data_class for slice_ in profile.slices(element.id)}
    assert read <= parameter.data_classes


def _element_id(type_: str, path: str) -> str:
    """`_name.extension.…` reads an extension of `name`; `effectiveDateTime` is a choice of `effective[x]`;
    `extension(area)` is the slice `extension:area`."""
    path = path.partition(".")[0].removeprefix("_") if path.startswith("_") else path
    *way, last = path.replace("(", ":").replace(")", "").split(".")
    for choice in ("effective", "value"):
        if last.startswith(choice):
            last = f"{choice}[x]"
    return ".".join((type_, *way, last))


def test_no_kind_of_identifier_can_carry_the_system_of_another() -> None:
    """Else a passport number under the system of survivor codes would be found by whoever may search for those alone."""
    profile = load().profile("survivor")
    systems = [profile.element(f"{one.id}.system").fixed for one in profile.slices("Patient.identifier")]
    assert None not in systems and len(set(systems)) == len(systems)
