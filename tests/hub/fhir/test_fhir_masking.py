"""The cut: nothing of a class that the caller does not hold survives it, and everything of the others does."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance import validate
from hub.conformance.explain import matches
from hub.fhir.definitions import Element, Profile, load
from hub.fhir.excerpt import excerpt, is_whole
from hub.fhir.labels import labelled, relabelled
from hub.fhir.masking import MASKED, REDACTED, SUBSETTED, redact
from hub.fhir.numbered import numbered
from hub.fhir.serial import dumps

EXAMPLES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted(Path(str(files("profiles"))).glob("examples/valid/*.json"))
}
PROFILES = load().profiles()
CLASSES = sorted(load().code_system("data-class").codes)


def survivor() -> Any:
    return deepcopy(EXAMPLES["survivor"])


def subsets(profile: Profile) -> Iterator[frozenset[str]]:
    names = sorted(profile.classes)
    for size in range(len(names) + 1):
        yield from map(frozenset, itertools.combinations(names, size))


# --- a resource of each profile with every element filled, each value naming its class -------------------------------


@cache
def filled(name: str) -> Any:
    profile = load().profile(name)
    resource = _object(profile, profile.element(profile.type))
    head = {"resourceType": profile.type, "id": "x", "meta": {"profile": [profile.url]}}
    return head | {k: v for k, v in resource.items() if k not in {"id", "meta"}}


def _object(profile: Profile, element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in profile.children(element.id):
        if child.max == 0 or (child.types in {("Extension",), ("Resource",)} and not profile.slices(child.id)):
            continue
        for name, type_ in list(child.json_names.items())[:2]:
            slices = () if child.is_choice else [one for one in profile.slices(child.id) if one.max != 0]
            kinds = [profile.as_type(child, type_)] if child.is_choice else slices or [child]
            items = [_value(profile, one, type_) for one in kinds]
            stranger = [{"value": _mark(child)}] if slices else []
            found[name] = [*items, *stranger] if child.is_list else items[0]
    return found


def _value(profile: Profile, element: Element, type_: str) -> Any:
    if element.pattern is not None or element.fixed is not None:
        return element.fixed if element.pattern is None else element.pattern
    if element.slice_name and not element.is_choice:
        inner = _object(profile, element)
        mark = profile.mark(element.id)
        return {
            **inner,
            ("url" if isinstance(mark, str) else profile.discriminator(element.id.rpartition(":")[0])): mark,
        }
    if profile.reaches_below(element.id) and type_[0].isupper():
        return _object(profile, element)
    return {"text": _mark(element)} if type_[0].isupper() else _mark(element)


def _mark(element: Element) -> str:
    return f"«{element.data_class}»{element.id}"


def marks(node: Any) -> set[str]:
    if isinstance(node, str):
        return {node} if node.startswith("«") else set()
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return set().union(*map(marks, children))


def class_of(mark: str) -> str:
    return mark[1:].partition("»")[0]


def test_the_filled_resources_hold_a_value_of_every_class_of_their_profile() -> None:
    for profile in PROFILES:
        assert {class_of(mark) for mark in marks(filled(profile.name))} == profile.classes


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_exactly_the_values_of_the_allowed_classes_survive(profile: Profile) -> None:
    resource = filled(profile.name)
    every = marks(resource)
    for allowed in subsets(profile):
        kept, removed = redact(resource, allowed)
        assert marks(kept) == {mark for mark in every if class_of(mark) in allowed}
        assert removed == (not profile.classes <= allowed)


def told(profile: Profile, element: Element, node: Any) -> Iterator[tuple[str, str]]:
    """Every value of an example: its data class, and where it stands with what it says; `masked` says nothing."""
    if node == MASKED:
        return
    if isinstance(node, list):
        for item in node:
            yield from told(profile, kind(profile, element, item), item)
    elif isinstance(node, dict) and (profile.reaches_below(element.id) or element.id == profile.type):
        children = {name: child for child in profile.children(element.id) for name in child.json_names}
        for name, value in node.items():
            if name != "resourceType" and (element.id != profile.type or name not in {"id", "meta"}):
                yield from told(profile, children[name.removeprefix("_")], value)
    else:
        yield element.data_class, f"{element.id} {json.dumps(node)}"


def kind(profile: Profile, element: Element, item: Any) -> Element:
    """The slice that an item belongs to."""
    by = profile.discriminator(element.id)
    found = [one for one in profile.slices(element.id) if by in item and matches(profile.mark(one.id), item[by])]
    return found[0] if found else element


@pytest.mark.parametrize("name", EXAMPLES)
def test_of_an_example_exactly_what_is_of_the_allowed_classes_survives(name: str) -> None:
    resource = EXAMPLES[name]
    profile = load().profile_of(resource)
    assert profile
    root = profile.element(profile.type)
    said = list(told(profile, root, resource))
    for allowed in subsets(profile):
        kept, removed = redact(resource, allowed)
        assert Counter(told(profile, root, kept)) == Counter(one for one in said if one[0] in allowed)
        assert removed or kept == resource


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_cut_example_still_conforms_to_its_profile(name: str) -> None:
    resource = EXAMPLES[name]
    profile = load().profile_of(resource)
    assert profile
    for allowed in subsets(profile):
        if profile.base_class in allowed:
            cut, removed = redact(resource, allowed)
            cut = numbered(cut, "0000") if removed and profile.type == "Patient" else cut  # as it is disclosed
            assert validate(relabelled(cut) if removed else cut) == ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_cutting_leaves_the_resource_itself_as_it_was(name: str) -> None:
    resource = EXAMPLES[name]
    before = deepcopy(resource)
    for allowed in (frozenset[str](), frozenset({"core"}), frozenset(CLASSES)):
        redact(resource, allowed)
    assert resource == before


@pytest.mark.parametrize("name", EXAMPLES)
def test_who_holds_every_class_gets_the_resource_unmarked(name: str) -> None:
    assert redact(EXAMPLES[name], frozenset(CLASSES)) == (EXAMPLES[name], False)


# --- the rules, one by one -------------------------------------------------------------------------------------------


def test_core_shows_the_province_but_no_code_name_number_or_street() -> None:
    seen, removed = redact(survivor(), frozenset({"core"}))
    assert removed
    assert seen["identifier"] == [MASKED]
    assert seen["address"] == [{"state": "MA-CAS", "country": "MA"}]
    assert [one["url"].rsplit("/", 1)[1] for one in seen["extension"]] == ["age-band", "milieu"]
    assert not {"name", "telecom", "birthDate", "maritalStatus"} & seen.keys()


def test_address_without_core_shows_the_street_and_not_the_province() -> None:
    seen, _ = redact(survivor(), frozenset({"address"}))
    assert seen["address"] == [{"text": "12, rue de l'Exemple", "city": "Casablanca"}]


def test_the_perpetrator_and_the_narrative_are_cut_out_of_an_incident() -> None:
    seen, _ = redact(EXAMPLES["incident"], frozenset({"incident-summary"}))
    codes = [one["code"]["coding"][0]["code"] for one in seen["component"]]
    assert "place-type" in codes
    assert not any(code.startswith("perpetrator") for code in codes)
    assert "note" not in seen


def test_the_associations_own_case_number_goes_to_nobody_else() -> None:
    seen, _ = redact(EXAMPLES["case"], frozenset({"needs-and-services"}))
    assert "identifier" not in seen
    assert seen["period"] == EXAMPLES["case"]["period"]


def test_a_cut_is_marked_redacted_and_subsetted_once() -> None:
    seen, _ = redact(survivor(), frozenset({"core"}))
    again, _ = redact({**survivor(), "meta": seen["meta"]}, frozenset({"core"}))
    assert again["meta"]["security"] == [REDACTED]
    assert again["meta"]["tag"] == [SUBSETTED]
    assert again["meta"]["profile"] == survivor()["meta"]["profile"]


def test_the_mark_does_not_tell_whether_there_was_anything_to_cut() -> None:
    """That she has no name and no address on record is hidden from whoever may see neither."""
    full, _ = redact(survivor(), frozenset({"core"}))
    bare, marked = redact(full | {"meta": survivor()["meta"]}, frozenset({"core"}))
    assert marked
    assert bare == full


def test_labels_tags_and_source_of_the_whole_are_not_those_of_the_part() -> None:
    labelled = survivor()
    label = {"system": "urn:example", "code": "R"}
    labelled["meta"] |= {"security": [label], "tag": [label], "source": "urn:tool"}
    seen, _ = redact(labelled, frozenset({"core"}))
    assert seen["meta"] == survivor()["meta"] | {"security": [REDACTED], "tag": [SUBSETTED]}


def test_where_a_mandatory_element_was_it_says_masked() -> None:
    seen, _ = redact(survivor(), frozenset({"identity"}))
    assert seen["_gender"] == MASKED
    assert seen["managingOrganization"] == MASKED
    assert "gender" not in seen
    nothing, _ = redact(survivor(), frozenset())
    assert nothing["identifier"] == [MASKED]


def test_an_optional_element_leaves_no_trace() -> None:
    seen, _ = redact(survivor(), frozenset({"core"}))
    assert not {"_birthDate", "name", "_name"} & seen.keys()


def test_type_id_and_meta_always_stay() -> None:
    seen, _ = redact(survivor(), frozenset())
    assert (seen["resourceType"], seen["id"]) == ("Patient", survivor()["id"])


def test_a_type_without_profile_loses_everything_else() -> None:
    seen, removed = redact({"resourceType": "Medication", "id": "x", "name": [{"text": "X"}]}, frozenset(CLASSES))
    assert removed
    assert seen.keys() == {"resourceType", "id", "meta"}


# --- what no profile foresees ----------------------------------------------------------------------------------------


def test_an_identifier_of_no_known_kind_counts_as_identity() -> None:
    kinds: list[Any] = [{}, {"coding": []}, {"coding": [{"code": "cin"}]}, {"coding": "cin"}, "cin", None, []]
    for kind in kinds:
        strange = {**survivor(), "identifier": [{"type": kind, "value": "«identity»"}]}
        assert not marks(redact(strange, frozenset({"core"}))[0])


def test_an_identifier_of_two_kinds_is_treated_as_the_stricter() -> None:
    both = [one["type"]["coding"][0] for one in survivor()["identifier"]]
    for codings in (both, both[::-1]):
        strange = {**survivor(), "identifier": [{"type": {"coding": codings}, "value": "«identity»"}]}
        assert not marks(redact(strange, frozenset({"core"}))[0])


def test_an_unknown_extension_counts_as_identity() -> None:
    strange = {
        **survivor(),
        "extension": [{"url": "https://example.org/x", "valueString": "«x»"}, {"valueString": "«x»"}],
    }
    assert not marks(redact(strange, frozenset({"core", "social"}))[0])


def test_an_unknown_element_belongs_to_what_holds_it() -> None:
    strange = survivor()
    strange["address"][0]["door"] = "«address»"
    strange["_birthDate"] = {"extension": [{"url": "x", "valueString": "«identity»"}]}
    assert not marks(redact(strange, frozenset({"core"}))[0])


def test_narrative_and_contained_resources_never_pass_a_cut() -> None:
    strange = {**survivor(), "text": {"div": "«any»"}, "contained": [{"resourceType": "Patient", "name": "«any»"}]}
    assert not marks(redact(strange, frozenset({"core", "safe-contact", "social"}))[0])


def test_a_value_of_the_wrong_shape_is_taken_out() -> None:
    for value in ("«address»", ["«address»"], [["«address»"]], [{"state": "MA-CAS"}, "«address»"]):
        assert not marks(redact({**survivor(), "address": value}, frozenset({"core"}))[0])


JUNK = st.recursive(
    st.sampled_from(["«x»", "cin", "survivor-code"]) | st.integers() | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "coding", "code", "system", "url", "value", "text", "state"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["name", "telecom", "birthDate", "maritalStatus", "_birthDate", "_name"]), JUNK)
def test_whatever_stands_in_an_element_of_another_class_goes(element: str, junk: Any) -> None:
    seen, _ = redact({**survivor(), element: junk}, frozenset({"core"}))
    assert element not in seen
    assert not marks(seen)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["identifier", "extension", "address"]), JUNK)
def test_junk_in_a_mixed_element_never_passes_unless_it_is_well_formed_core(element: str, junk: Any) -> None:
    seen, _ = redact({**survivor(), element: [{"value": junk, "valueString": junk, "line": junk}]}, frozenset({"core"}))
    assert not marks(seen)


# --- as one step: what is known beforehand is not looked up ----------------------------------------------------------

WHOLE = [*EXAMPLES.values(), *(filled(profile.name) for profile in PROFILES)]


@pytest.mark.parametrize("resource", WHOLE, ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_an_excerpt_is_the_cut_with_the_labels_of_what_is_left(resource: Any) -> None:
    profile = load().profile_of(resource)
    assert profile is not None
    for allowed in subsets(profile):
        cut, removed = redact(resource, allowed)
        expected = dumps(relabelled(cut)) if removed else None
        left = excerpt(resource, allowed)
        assert (None if left is None else dumps(left)) == expected
        if removed and profile.type == "Patient":
            assert excerpt(resource, allowed, "0000") == relabelled(numbered(cut, "0000"))


@pytest.mark.parametrize("resource", WHOLE, ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_a_text_that_is_seen_to_be_whole_is_whole(resource: Any) -> None:
    head = {name: resource[name] for name in ("resourceType", "id", "meta") if name in resource}
    text, profile = dumps(labelled({**head, **resource})), load().profile_of(resource)
    assert profile is not None
    for allowed in subsets(profile):
        if is_whole(text, resource["resourceType"], resource["id"], allowed):
            assert not redact(resource, allowed)[1]
    named = bool(resource.get("meta", {}).get("profile"))
    assert is_whole(text, resource["resourceType"], resource["id"], profile.classes) == named


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"tag": [SUBSETTED], "profile": ["…/incident"]},
        {"profile": []},
        {"profile": ['http://example.org/"', "…/incident"]},
        {"profile": ["http://example.org/unknown", "…/incident"]},
        {"profile": ["…/survivor"]},
    ],
)
def test_what_its_beginning_does_not_say_has_to_be_read(meta: Any) -> None:
    incident = load().profile("incident")
    base = incident.url.removesuffix("/incident")
    text = dumps({"resourceType": "Observation", "id": "x", "meta": meta}).replace("…", base)
    assert not is_whole(text, "Observation", "x", frozenset(CLASSES))


def test_another_document_is_not_taken_for_this_one() -> None:
    text = dumps(labelled(EXAMPLES["incident"]))
    assert not is_whole(text, "Observation", "another", frozenset(CLASSES))
    assert not is_whole(text, "Patient", EXAMPLES["incident"]["id"], frozenset(CLASSES))
