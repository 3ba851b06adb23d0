"""Differentials that others write: in any order, in short forms, without ids, over profiles that are derived themselves."""

import random
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance.snapshot import SnapshotError, Snapshots
from hub.fhir.r4 import EXTENSION
from hub.texts import LANGUAGES, say
from tests.support.made_up_profiles import Json, of, profile, snapshot

SLICED = {"slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}}
QUANTITY = [{"code": "Quantity"}]

# --- order and names -----------------------------------------------------------------------------------------------------

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


# --- choices of types ----------------------------------------------------------------------------------------------------


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


# --- slices --------------------------------------------------------------------------------------------------------------


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


# --- over profiles that are derived themselves ----------------------------------------------------------------------------

FIRST = profile("first", "Patient", *STATED)


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


# --- what is refused -------------------------------------------------------------------------------------------------------

FIXED = profile("fixed", "Patient", {"path": "Patient.gender", "fixedCode": "female"})
PATTERN = profile(
    "pattern", "Observation", {"path": "Observation.code", "patternCodeableConcept": {"coding": [{"code": "a"}]}}
)
CLOSED = profile("closed", "Patient", {"path": "Patient.identifier", "slicing": {**SLICED["slicing"], "rules": "closed", "ordered": True}})  # fmt: skip
SHORT = profile("short", "Patient", {"path": "Patient.birthDate", "maxLength": 4})
SLICE_A: Json = {"path": "Patient.identifier", "sliceName": "a", "min": 2}

REFUSED: dict[str, tuple[str, str, list[Json]]] = {
    "min-below": ("Observation.code", "", [{"path": "Observation.code", "min": 0}]),
    "max-above": ("Patient.gender", "", [{"path": "Patient.gender", "max": "*"}]),
    "min-above-max": ("Patient.name", "", [{"path": "Patient.name", "min": 2, "max": "1"}]),
    "type": ("Observation.value[x]", "", [{"path": "Observation.value[x]", "type": [{"code": "Attachment"}]}]),
    "binding-weaker": ("Patient.gender", "", [{"path": "Patient.gender", "binding": {"strength": "extensible", "valueSet": "x"}}]),
    "no-such-element": ("Patient.colour", "", [{"path": "Patient.colour", "max": "0"}]),
    "several-types": ("Observation.value[x].unit", "", [{"path": "Observation.value[x].unit", "min": 1}]),
    "nothing-below": ("Patient.birthDate.value", "", [{"path": "Patient.birthDate.value.x", "min": 1}]),
    "modifier": ("Patient.name", "", [{"path": "Patient.name", "isModifier": True}]),
    "modifier-place": ("Patient.extension:d", "", [{"path": "Patient.extension", "sliceName": "d", "type": [{"code": "Extension", "profile": ["danger"]}]}]),
    "profile": ("Observation.subject", "", [{"path": "Observation.subject", "type": [{"code": "Reference", "targetProfile": [f"{EXTENSION}Organization"]}]}]),
    "range": ("Patient.birthDate", "short", [{"path": "Patient.birthDate", "maxLength": 9}]),
    "value-type": ("Patient.gender", "", [{"path": "Patient.gender", "fixedQuantity": {"value": 1}}]),
    "value-other": ("Patient.gender", "fixed", [{"path": "Patient.gender", "fixedCode": "male"}]),
    "value-twice": ("Patient.gender", "", [{"path": "Patient.gender", "fixedCode": "male", "patternCode": "male"}]),
    "slicing-missing": ("Patient.identifier", "", [SLICE_A]),
    "slicing-closed": ("Patient.identifier:a", "closed", [SLICE_A]),
    "slicing-looser": ("Patient.identifier", "closed", [{"path": "Patient.identifier", "slicing": {"rules": "open"}}]),
    "slicing-other": ("Patient.identifier", "closed", [{"path": "Patient.identifier", "slicing": {"discriminator": []}}]),
    "slices-too-many": ("Patient.identifier", "", [{"path": "Patient.identifier", "max": "3", **SLICED}, SLICE_A, {**SLICE_A, "sliceName": "b"}]),
    "twice": ("Patient.name", "", [{"path": "Patient.name", "min": 1}, {"id": "Patient.name", "min": 1}]),
    "other-type": ("Observation.code", "fixed", [{"path": "Observation.code"}]),
}  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_a_differential_that_is_not_over_its_base_is_refused_with_its_element(key: str) -> None:
    element, base, stated = REFUSED[key]
    type_ = "Patient" if base or element.startswith("Patient") else "Observation"
    with pytest.raises(SnapshotError) as caught:
        snapshot("p", profile("p", type_, *stated, base=base), FIXED, PATTERN, CLOSED, SHORT, MODIFIER)
    assert (caught.value.issue.text, caught.value.element) == (f"snapshot.{key}", element)
    assert all(say(caught.value.issue.text, language, **caught.value.issue.params) for language in LANGUAGES)


def test_a_pattern_may_be_extended_but_not_changed() -> None:
    def again(pattern: Json, kind: str = "pattern") -> dict[str, Json]:
        stated = {"path": "Observation.code", f"{kind}CodeableConcept": pattern}
        return snapshot("p", profile("p", "Observation", stated, base="pattern"), PATTERN)

    more = {"coding": [{"code": "a", "system": "urn:s"}], "text": "x"}
    assert again(more)["Observation.code"]["patternCodeableConcept"] == more
    exact = again(more, "fixed")["Observation.code"]
    assert ("patternCodeableConcept" in exact, exact["fixedCodeableConcept"]) == (False, more)
    for other in ({"text": "x"}, {"coding": [{"code": "b"}]}):
        with pytest.raises(SnapshotError, match="contradicts"):
            again(other)


def test_slicing_may_become_stricter_and_a_closed_one_may_still_be_narrowed() -> None:
    stricter = profile("p", "Patient", {"path": "Patient.identifier", "slicing": {"rules": "closed"}}, base="first")
    found = snapshot("p", stricter, FIRST)["Patient.identifier"]["slicing"]
    assert found == {**SLICED["slicing"], "rules": "closed"}
    narrower = profile("q", "Patient", {"id": "Patient.identifier:a", "path": "-", "min": 1}, base="p")
    assert snapshot("q", narrower, stricter, FIRST)["Patient.identifier:a"]["min"] == 1


# --- what a definition leans on ----------------------------------------------------------------------------------------


def test_a_definition_that_nobody_knows_is_named() -> None:
    with pytest.raises(SnapshotError, match=r"http://elsewhere\.example/base") as caught:
        snapshot("p", profile("p", "Patient", base="http://elsewhere.example/base|1.0"))
    assert caught.value.issue.text == "snapshot.base-unknown"
    with pytest.raises(SnapshotError, match="not known"):
        snapshot("nobody")
    unknown = {"path": "Patient.extension", "sliceName": "x", "type": [{"code": "Extension", "profile": ["unknown"]}]}
    assert of("Patient", unknown)  # of an extension that is not opened, nothing needs to be known
    with pytest.raises(SnapshotError, match="unknown"):
        of("Patient", unknown, {"path": "Patient.extension.value[x]", "max": "0"})


def test_definitions_that_lead_back_to_themselves_are_refused() -> None:
    for circle in (["a"], ["a", "b"], ["a", "b", "c"]):
        made = [profile(name, "Patient", base=after) for name, after in zip(circle, [*circle[1:], "a"], strict=True)]
        with pytest.raises(SnapshotError, match="back to itself"):
            snapshot("a", *made)
    inner = {"path": "Extension.extension", "sliceName": "x", "type": [{"code": "Extension", "profile": ["e"]}]}
    with pytest.raises(SnapshotError, match="back to itself"):
        snapshot("e", profile("e", "Extension", inner, {"path": "Extension.extension.url", "min": 1}))


def test_a_lineage_longer_than_anybody_needs_is_refused() -> None:
    chain = [profile(f"n{number}", "Patient", base=f"n{number + 1}") for number in range(5000)]
    with pytest.raises(SnapshotError, match="too long"):
        snapshot("n0", *chain)


def test_a_type_of_its_own_needs_its_snapshot() -> None:
    logical = {**profile("own", "Own"), "derivation": "specialization"}
    with pytest.raises(SnapshotError, match="snapshot"):
        snapshot("own", logical)


def test_a_failure_leaves_nothing_half_made() -> None:
    bad = profile("bad", "Patient", {"path": "Patient.name", "min": 1}, {"path": "Patient.colour"})
    known = Snapshots([bad, profile("child", "Patient", base="bad"), FIRST])
    for _ in range(2):
        for url in ("child", "bad"):
            with pytest.raises(SnapshotError, match="colour"):
                known.complete(url)
    assert known.complete("first")


def test_what_is_handed_out_may_be_changed_by_whoever_gets_it() -> None:
    known = Snapshots([FIRST])
    before = deepcopy(known.complete("first"))
    for element in known.complete("first")["snapshot"]["element"]:
        element["base"]["path"] = "changed"
        for type_ in element.get("type", ()):
            type_["code"] = "changed"
    assert known.complete("first") == before


# --- whatever is sent ----------------------------------------------------------------------------------------------------

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=4),
    st.sampled_from(["*", "1", "Patient", "Patient.name", "Patient.identifier:a", "closed", "required", "\ud800"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYS = [
    "id", "path", "sliceName", "slicing", "min", "max", "base", "contentReference", "type", "fixedCode", "patternCode",
    "constraint", "mustSupport", "isModifier", "binding", "extension", "maxLength", "short", "definition", "minValueInteger",
]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_differential_spoilt_anywhere_is_refused_or_read_and_never_more(data: st.DataObject) -> None:
    stated = deepcopy(STATED)
    for _ in range(data.draw(st.integers(1, 3))):
        element = data.draw(st.sampled_from(stated))
        element[data.draw(st.sampled_from(KEYS))] = data.draw(ANYTHING)
    spoilt = profile("p", "Patient", *stated)
    if data.draw(st.booleans()):
        spoilt[data.draw(st.sampled_from(["type", "baseDefinition", "differential", "derivation", "snapshot"]))] = (
            data.draw(ANYTHING)
        )
    known = Snapshots([spoilt, FIRST])
    try:
        known.complete("p")
    except SnapshotError as refusal:
        assert len(refusal.element) <= 200


@settings(deadline=None, max_examples=60)
@given(st.lists(ANYTHING, max_size=4))
def test_definitions_may_be_anything(definitions: list[Any]) -> None:
    with pytest.raises(SnapshotError):
        Snapshots(definitions).complete("p")
    for view in ("differential", "snapshot"):
        with pytest.raises(SnapshotError):
            Snapshots(
                [{"url": "p", "baseDefinition": f"{EXTENSION}Patient", view: {"element": [*definitions, 0]}}]
            ).complete("p")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


HOSTILE: dict[str, list[Any]] = {
    "ten thousand elements too many": [{"path": f"Patient.name.e{n}"} for n in range(20_000)],
    "a deep id": [{"id": "Patient" + ".extension" * 10_000}],
    "a deep path": [{"path": "Patient" + ".extension" * 10_000}],
    "a deep value": [{"path": "Patient.name", "patternHumanName": nested(5_000)}],
    "a long id": [{"id": "Patient." + "x" * 1_000_000}],
    "slices without end": [{"path": "Patient.name", **SLICED}, {"path": "Patient.name.period.start", "min": 1}]
    + [{"id": f"Patient.name:s{n}.period.extension", "min": 1} for n in range(5_000)],
    "as many slices as may be": [{"path": "Patient.name", **SLICED}, *({"path": "Patient.name", "sliceName": f"s{n}"} for n in range(9_900))],
    "slices of slices of slices": [{"path": "Patient.name", **SLICED}, {"path": "Patient.name", "sliceName": "/".join("abcdefgh" * 4_000)}],
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.timeout(20)
def test_what_is_sent_to_do_harm_does_none(what: str) -> None:
    try:
        assert len(of("Patient", *HOSTILE[what])) < 10_000
    except SnapshotError as refusal:
        assert len(str(refusal)) < 1000


def test_a_refusal_repeats_no_words_of_whoever_sent_the_definition() -> None:
    with pytest.raises(SnapshotError) as caught:
        of("Patient", {"id": "Patient.name of Fatima Example, 0600000000", "min": 1})
    assert "Example" not in str(caught.value)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_a_snapshot_says_what_its_differential_says_and_is_its_own_base(seed: int) -> None:
    """Laid over itself a differential changes nothing: each of its rules holds already."""
    chosen = random.Random(seed).sample(STATED, 5)
    needed = [STATED[0], *chosen] if STATED[0] not in chosen else chosen
    first = profile("a", "Patient", *needed)
    second = profile("b", "Patient", *needed, base="a")
    assert snapshot("b", first, second) == snapshot("a", first)
