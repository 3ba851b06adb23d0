"""Differentials that others write: in any order, in short forms, without ids, over profiles that are derived themselves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance.snapshot import SnapshotError, Snapshots
from hub.fhir.r4 import EXTENSION
from tests.support.made_up_profiles import Json, of, profile, snapshot

SLICED = {"slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}}


QUANTITY = [{"code": "Quantity"}]


STATED: list[Json] = [
    {"id": "Patient.identifier", "path": "Patient.identifier", "min": 1, **SLICED},
    {"id": "Patient.identifier.value", "path": "Patient.identifier.value", "min": 1},
    {"id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "max": "1"},
    {"id": "Patient.identifier:a.system", "path": "Patient.identifier.system", "fixedUri": "urn:a"},
    {"id": "Patient.name", "path": "Patient.name", "min": 1},
    {"id": "Patient.name.given", "path": "Patient.name.given", "max": "2"},
    {"id": "Patient.deceased[x]", "path": "Patient.deceased[x]", "type": [{"code": "boolean"}]},
    {"id": "Patient.contact.name.family", "path": "Patient.contact.name.family", "mustSupport": True},
]


# --- order and names --------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.permutations(STATED))
def test_the_order_in_which_a_differential_speaks_does_not_matter(stated: list[Json]) -> None:
    assert list(of("Patient", *stated).items()) == list(of("Patient", *STATED).items())


def test_elements_without_ids_are_found_by_path_and_slice_name_where_they_stand() -> None:
    bare = [{key: value for key, value in one.items() if key != "id"} for one in STATED]
    assert of("Patient", *bare) == of("Patient", *STATED)


def test_an_id_of_another_kind_gives_way_to_the_path() -> None:
    numbered = [{**one, "id": f"e{number}"} for number, one in enumerate(STATED)]
    assert of("Patient", *numbered) == of("Patient", *STATED)


def test_what_is_not_said_is_as_in_the_base() -> None:
    said, base = of("Patient", {"path": "Patient.contact.name.family", "min": 1}), of("Patient")
    assert {id_ for id_ in said if id_ not in base} == {id_ for id_ in said if id_.startswith("Patient.contact.name.")}
    assert {id_: said[id_] for id_ in base} == base


# --- choices of types -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stated",
    [
        {"id": "Observation.valueQuantity", "path": "Observation.valueQuantity", "min": 1},
        {"path": "Observation.valueQuantity", "min": 1},
        {"id": "Observation.value[x]:valueQuantity", "path": "Observation.value[x]", "min": 1},
        {"id": "Observation.value[x]:valueQuantity", "path": "Observation.valueQuantity", "sliceName": "valueQuantity", "min": 1},
        {"path": "Observation.value[x]", "sliceName": "valueQuantity", "min": 1},
    ],
)  # fmt: skip
def test_every_way_to_write_a_slice_of_a_choice_means_the_same(stated: Json) -> None:
    found = of("Observation", stated, {"path": "Observation.valueQuantity.unit", "min": 1})
    one = found["Observation.value[x]:valueQuantity"]
    assert (one["path"], one["sliceName"], one["min"], one["type"]) == (
        "Observation.value[x]",
        "valueQuantity",
        1,
        QUANTITY,
    )
    assert found["Observation.value[x]:valueQuantity.unit"]["min"] == 1
    assert found["Observation.value[x]"]["slicing"]["discriminator"] == [{"type": "type", "path": "$this"}]
    assert len(found["Observation.value[x]"]["type"]) == 11  # the others are not ruled out by saying something of one


def test_a_choice_that_has_one_type_left_needs_no_slice() -> None:
    one = {"path": "Observation.value[x]", "type": QUANTITY}
    found = of("Observation", {"path": "Observation.valueQuantity.unit", "min": 1}, one)
    assert found["Observation.value[x].unit"]["min"] == 1
    assert "slicing" not in found["Observation.value[x]"]


def test_a_primitive_element_can_be_opened_as_well() -> None:
    found = of("Patient", {"id": "Patient.birthDate.extension", "min": 1})
    assert found["Patient.birthDate.extension"]["min"] == 1
    assert of("Patient", {"id": "Patient.id.extension", "max": "0"})["Patient.id.extension"]["max"] == "0"


def test_of_a_choice_with_several_types_only_what_they_share_can_be_said() -> None:
    assert (
        of("Observation", {"id": "Observation.value[x].extension", "min": 1})["Observation.value[x].extension"]["min"]
        == 1
    )


# --- slices -----------------------------------------------------------------------------------------------------------


def test_a_slice_of_a_slice_inherits_from_it_and_stands_after_it() -> None:
    found = of(
        "Observation",
        {"path": "Observation.component", **SLICED},
        {"path": "Observation.component", "sliceName": "a", "slicing": {"rules": "closed"}, "max": "4"},
        {"path": "Observation.component.code", "min": 1, "patternCodeableConcept": {"text": "a"}},
        {"path": "Observation.component", "sliceName": "a/b", "min": 1},
        {"path": "Observation.component.value[x]", "type": QUANTITY},
        {"path": "Observation.component", "sliceName": "c"},
    )
    one = found["Observation.component:a/b"]
    assert (one["sliceName"], one["min"], one["max"], "slicing" in one) == ("a/b", 1, "4", False)
    assert found["Observation.component:a/b.code"]["patternCodeableConcept"] == {"text": "a"}
    assert found["Observation.component:a/b.value[x]"]["type"] == QUANTITY
    order = [
        "Observation.component:a",
        "Observation.component:a.code",
        "Observation.component:a/b",
        "Observation.component:c",
    ]
    assert sorted(order, key=list(found).index) == order


def test_how_extensions_are_told_apart_goes_without_saying() -> None:
    found = of("Patient", {"path": "Patient.extension", "sliceName": "x", "type": [{"code": "Extension"}]})
    assert found["Patient.extension"]["slicing"]["discriminator"] == [{"type": "value", "path": "url"}]


MODIFIER = profile("danger", "Extension", {"path": "Extension", "isModifier": True, "isModifierReason": "untrue"})


def test_an_extension_that_changes_meanings_says_so_in_the_profile() -> None:
    slice_ = {
        "path": "Patient.modifierExtension",
        "sliceName": "d",
        "type": [{"code": "Extension", "profile": ["danger"]}],
    }
    found = snapshot("p", MODIFIER, profile("p", "Patient", slice_))
    one = found["Patient.modifierExtension:d"]
    assert (one["isModifier"], one["isModifierReason"], one["min"]) == (True, "untrue", 0)
    assert found["Patient.modifierExtension:d"]["max"] == "*"  # how often, the profile says


FIRST = profile("first", "Patient", *STATED)


# --- over profiles that are derived themselves ------------------------------------------------------------------------


def test_a_profile_derived_from_a_derived_one_has_what_both_say() -> None:
    second = profile(
        "second",
        "Patient",
        {"path": "Patient.identifier.type", "min": 1},
        {"path": "Patient.gender", "min": 1},
        base="first|2",
    )
    third = profile(
        "third", "Patient", {"id": "Patient.identifier:a.value", "path": "-", "maxLength": 9}, base="second"
    )
    found = snapshot("third", third, second, FIRST)
    assert (found["Patient.identifier:a.value"]["maxLength"], found["Patient.identifier:a.value"]["min"]) == (9, 1)
    assert (found["Patient.gender"]["min"], found["Patient.identifier.type"]["min"]) == (1, 1)
    assert found["Patient.identifier"]["base"] == {"path": "Patient.identifier", "min": 0, "max": "*"}


def test_what_a_later_profile_says_of_every_item_holds_in_the_slices_that_are_there() -> None:
    first = profile("a", "Patient", *STATED, {"path": "Patient.identifier", "sliceName": "b"})
    later = [
        {"path": "Patient.identifier", "max": "5"},
        {"path": "Patient.identifier.system", "min": 1, "mustSupport": True},
        {"path": "Patient.identifier.use", "max": "0"},
    ]
    found = snapshot("b", first, profile("b", "Patient", *later, base="a"))
    assert [found[f"Patient.identifier:{name}"]["max"] for name in "ab"] == ["1", "5"]
    system = found["Patient.identifier:a.system"]
    assert (system["min"], system["mustSupport"], system["fixedUri"]) == (1, True, "urn:a")
    assert found["Patient.identifier:a.use"]["max"] == "0"
    with pytest.raises(SnapshotError, match="max"):
        snapshot(
            "d",
            first,
            profile("c", "Patient", {"id": "Patient.identifier:a.system", "min": 1}, base="a"),
            profile("d", "Patient", {"path": "Patient.identifier.system", "max": "0"}, base="c"),
        )


def test_a_base_may_come_with_its_snapshot_alone() -> None:
    whole = Snapshots([FIRST]).complete("first")
    alone = {key: value for key, value in whole.items() if key not in {"differential", "baseDefinition"}}
    second = profile("second", "Patient", {"path": "Patient.gender", "min": 1}, base="first")
    assert snapshot("second", second, alone) == snapshot("second", second, FIRST)
    unknown_base = {**whole, "baseDefinition": "http://elsewhere.example/base"}
    assert snapshot("second", second, unknown_base) == snapshot("second", second, FIRST)


def test_a_profile_of_a_data_type_is_unfolded_where_it_is_used() -> None:
    paired = profile("paired", "Quantity", {"path": "Quantity.code", "min": 1})
    uses = profile(
        "uses",
        "Observation",
        {"path": "Observation.value[x]", "type": [{"code": "Quantity", "profile": ["paired|1.0"]}]},
        {"path": "Observation.valueQuantity.unit", "min": 1},
    )
    found = snapshot("uses", uses, paired)
    assert (found["Observation.value[x].code"]["min"], found["Observation.value[x].unit"]["min"]) == (1, 1)
    assert snapshot("paired", paired)["Quantity.code"]["min"] == 1


def test_invariants_of_all_generations_add_up_each_with_its_source_and_a_restated_one_replaces() -> None:
    def rule(key: str, human: str) -> Json:
        return {
            "path": "Patient",
            "constraint": [{"key": key, "severity": "error", "human": human, "expression": "true"}],
        }

    found = snapshot(
        "c", profile("a", "Patient", rule("x", "one")), profile("b", "Patient", rule("y", "two"), base="a"),
        profile("c", "Patient", rule("x", "three"), base="b"),
    )["Patient"]["constraint"]  # fmt: skip
    assert [(c["human"], c["source"]) for c in found if c["key"] in "xy"] == [("two", "b"), ("three", "c")]


def test_a_type_may_be_narrowed_to_a_profile_derived_from_those_allowed() -> None:
    narrower = profile("narrower", "Patient", base="first")

    def points_to(*targets: str, base: str = "") -> Json:
        name = targets[0].rpartition("/")[2] + ("" if base else "-first")
        reference = {"code": "Reference", "targetProfile": list(targets)}
        return profile(name, "Observation", {"path": "Observation.subject", "type": [reference]}, base=base)

    first = {**points_to("first"), "url": "to-first"}
    allowed = snapshot("x", {**points_to("narrower", base="to-first"), "url": "x"}, first, FIRST, narrower)
    assert allowed["Observation.subject"]["type"] == [{"code": "Reference", "targetProfile": ["narrower"]}]
    assert snapshot("x", {**points_to(f"{EXTENSION}Patient"), "url": "x"})
    assert snapshot("x", {**points_to("http://elsewhere.example/unknown", base="to-first"), "url": "x"}, first, FIRST)
    with pytest.raises(SnapshotError, match="derived from"):
        snapshot("x", {**points_to(f"{EXTENSION}Patient", base="to-first"), "url": "x"}, first, FIRST)


def test_a_type_restated_bare_keeps_the_targets_that_it_had() -> None:
    first = profile(
        "a",
        "Observation",
        {"path": "Observation.subject", "type": [{"code": "Reference", "targetProfile": [f"{EXTENSION}Patient"]}]},
    )
    second = profile("b", "Observation", {"path": "Observation.subject", "type": [{"code": "Reference"}]}, base="a")
    assert snapshot("b", first, second)["Observation.subject"]["type"][0]["targetProfile"] == [f"{EXTENSION}Patient"]
