"""Snapshots: what a differential inherits, what it may say, and that our own reader of profiles sees the same."""

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance.snapshot import SnapshotError, Snapshots
from hub.fhir.canonicals import profile as canonical
from hub.fhir.definitions import load
from hub.fhir.r4 import EXTENSION
from hub.fhir.r4_snapshots import snapshots

FOLDER = Path(str(files("profiles"))) / "structure-definitions"
STRUCTURES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
OURS = Snapshots(STRUCTURES.values())
PROFILES = [name for name, one in STRUCTURES.items() if one["type"] != "Extension"]


def made(name: str) -> dict[str, dict[str, Any]]:
    return {e["id"]: e for e in OURS.complete(canonical(name))["snapshot"]["element"]}


def of(type_: str, *stated: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The snapshot of a profile made up here."""
    url = canonical("made-up")
    elements = [{"path": "-", **one} for one in stated]
    base = {"id": "made-up", "url": url, "type": type_, "baseDefinition": EXTENSION + type_}
    completed = Snapshots([{**base, "differential": {"element": elements}}]).complete(url)
    return {e["id"]: e for e in completed["snapshot"]["element"]}


# --- the whole ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_definition_with_its_snapshot_is_valid_for_another_implementation_of_fhir(name: str) -> None:
    completed = OURS.complete(STRUCTURES[name]["url"])
    get_fhir_model_class("StructureDefinition").model_validate(deepcopy(completed))
    assert completed["differential"] == STRUCTURES[name]["differential"]


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_element_of_a_snapshot_is_complete_and_there_once(name: str) -> None:
    elements = OURS.complete(STRUCTURES[name]["url"])["snapshot"]["element"]
    assert len({e["id"] for e in elements}) == len(elements)
    for e in elements:
        assert {"definition", "min", "max", "base"} <= e.keys(), e["id"]
        assert "isModifierReason" in e or not e.get("isModifier"), e["id"]  # eld-18
        assert "type" in e or "contentReference" in e or "." not in e["id"], e["id"]
        assert len({c["key"] for c in e.get("constraint", ())}) == len(e.get("constraint", ()))
        assert e["path"] == ".".join(step.partition(":")[0] for step in e["id"].split("."))


@pytest.mark.parametrize("name", STRUCTURES)
def test_everything_that_a_differential_says_is_in_the_snapshot(name: str) -> None:
    found = made(name)
    for stated in STRUCTURES[name]["differential"]["element"]:
        for key, value in stated.items():
            if key == "constraint":
                ours = [{**c, "source": STRUCTURES[name]["url"]} for c in value]
                assert [c for c in found[stated["id"]][key] if c.get("source") == STRUCTURES[name]["url"]] == ours
            elif key == "extension":
                assert all(e in found[stated["id"]][key] for e in value)
            elif key == "type":
                assert [t["code"] for t in found[stated["id"]][key]] == [t["code"] for t in value]
            elif key == "binding":  # R4's own notes on a binding may stay with it
                assert value.items() <= found[stated["id"]][key].items()
            else:
                assert found[stated["id"]][key] == value


def bound(maximum: str) -> float:
    return inf if maximum == "*" else int(maximum)


def compared(name: str) -> Iterator[tuple[str, Any, Any]]:
    """What the hub's own reader of profiles, written without snapshots, makes of the same elements."""
    found = made(name)
    for id_, element in load().profile(name).elements.items():
        if id_ in found and "." in id_:
            written = found[id_]
            types = tuple(dict.fromkeys(t["code"] for t in written.get("type", ())))
            yield f"{id_} min", element.min, written["min"]
            sliced = bound(found[id_.rpartition(":")[0]]["max"]) if element.slice_name else inf
            stated = inf if element.max is None else element.max
            yield f"{id_} max", min(stated, sliced), bound(written["max"])  # a slice has no more than all have
            if types and "fhirpath" not in types[0]:
                yield f"{id_} types", element.types, types
            if element.binding and element.strength == "required":
                yield f"{id_} binding", element.binding, written["binding"]["valueSet"].partition("|")[0]
            fixed = next((v for k, v in written.items() if k.startswith(("fixed", "pattern"))), None)
            yield f"{id_} value", element.pattern if element.fixed is None else element.fixed, fixed


@pytest.mark.parametrize("name", PROFILES)
def test_the_hub_and_the_snapshot_mean_the_same_elements(name: str) -> None:
    listed = list(compared(name))
    assert len(listed) > 100
    assert [one for one in listed if one[1] != one[2]] == []


@pytest.mark.parametrize("url", snapshots())
def test_a_profile_that_says_nothing_is_its_base_in_the_order_of_r4(url: str) -> None:
    empty = {
        "id": "x",
        "url": "x",
        "type": snapshots()[url][0]["id"],
        "baseDefinition": url,
        "differential": {"element": []},
    }
    elements = Snapshots([empty]).complete("x")["snapshot"]["element"]
    assert [{k: v for k, v in e.items() if k != "definition"} for e in elements] == list(snapshots()[url])


def test_making_snapshots_changes_neither_the_tables_nor_the_definitions() -> None:
    before = json.dumps([list(snapshots().values()), STRUCTURES])
    again = Snapshots(STRUCTURES.values())
    first = [again.complete(one["url"]) for one in STRUCTURES.values()]
    assert json.dumps([list(snapshots().values()), STRUCTURES]) == before
    assert [again.complete(one["url"]) for one in STRUCTURES.values()] == first


# --- below an element --------------------------------------------------------------------------------------------------


def test_speaking_of_a_child_brings_in_all_children_of_the_data_type() -> None:
    found = of("Patient", {"id": "Patient.name.text", "min": 1})
    assert [id_.rpartition(".")[2] for id_ in found if id_.startswith("Patient.name.")] == [
        "id", "extension", "use", "text", "family", "given", "prefix", "suffix", "period"
    ]  # fmt: skip
    assert found["Patient.name.text"]["base"] == {"path": "HumanName.text", "min": 0, "max": "1"}
    assert not any(id_.startswith("Patient.address.") for id_ in found)


def test_slices_stand_after_all_that_is_below_the_element_they_slice() -> None:
    found = list(
        of(
            "Patient",
            {"id": "Patient.identifier", "slicing": {"rules": "open"}},
            {"id": "Patient.identifier:a", "sliceName": "a"},
            {"id": "Patient.identifier:a.value", "min": 1},
            {"id": "Patient.identifier:b", "sliceName": "b"},
            {"id": "Patient.identifier.system", "min": 1},
        )
    )
    order = ["Patient.identifier", "Patient.identifier.period", "Patient.identifier:a", "Patient.identifier:a.value",
             "Patient.identifier:b", "Patient.active"]  # fmt: skip
    assert sorted(order, key=found.index) == order


def test_a_slice_inherits_what_holds_for_every_item_but_need_not_be_there() -> None:
    found = of(
        "Patient",
        {"id": "Patient.identifier", "min": 1, "max": "3", "slicing": {"rules": "open"}},
        {"id": "Patient.identifier.value", "min": 1},
        {"id": "Patient.identifier:a", "sliceName": "a"},
        {"id": "Patient.identifier:a.system", "min": 1},
    )
    one = found["Patient.identifier:a"]
    assert (one["min"], one["max"], "slicing" in one) == (0, "3", False)
    assert found["Patient.identifier:a.value"]["min"] == 1
    assert found["Patient.identifier.system"]["min"] == 0


def test_an_extension_goes_by_its_own_definition() -> None:
    survivor = deepcopy(STRUCTURES["survivor"])
    survivor["differential"]["element"].append(
        {"id": "Patient.extension:reported-age.extension:low.value[x]", "path": "-", "maxValueInteger": 60}
    )
    elements = Snapshots([*STRUCTURES.values(), survivor]).complete(survivor["url"])["snapshot"]["element"]
    found = {e["id"]: e for e in elements}
    low = found["Patient.extension:reported-age.extension:low.value[x]"]
    assert (low["type"], low["minValueInteger"], low["maxValueInteger"]) == ([{"code": "integer"}], 0, 60)
    assert found["Patient.extension:reported-age.url"]["fixedUri"] == canonical("reported-age")
    assert found["Patient.extension:reported-age.value[x]"]["max"] == "0"


def test_an_element_that_repeats_another_stays_a_reference_until_it_is_opened() -> None:
    closed = of("Consent", {"id": "Consent.provision.type", "max": "0"})
    assert closed["Consent.provision.provision"]["contentReference"] == "#Consent.provision"
    opened = of(
        "Consent",
        {"id": "Consent.provision.type", "max": "0"},
        {"id": "Consent.provision.provision.type", "min": 1},
    )
    assert "contentReference" not in opened["Consent.provision.provision"]
    assert opened["Consent.provision.provision"]["type"] == [{"code": "BackboneElement"}]
    # what the profile says of the outer provision is not said of the inner one
    assert (opened["Consent.provision.type"]["max"], opened["Consent.provision.provision.type"]["max"]) == ("0", "1")
    assert opened["Consent.provision.provision.provision"]["contentReference"] == "#Consent.provision"


def test_invariants_add_up_and_say_where_they_come_from() -> None:
    found = made("survivor")["Patient"]["constraint"]
    assert {"dom-2", "dom-3"} <= {c["key"] for c in found}
    period = next(c for c in made("consent")["Consent.provision.period"]["constraint"] if c["key"] == "period-order")
    assert period["source"] == canonical("consent")


def test_must_support_is_never_unset() -> None:
    first = {"id": "Patient.name", "path": "Patient.name", "mustSupport": True}
    second = {"id": "Patient.name", "path": "Patient.name", "mustSupport": False}
    definitions = [
        {
            "id": "a",
            "url": "a",
            "type": "Patient",
            "baseDefinition": f"{EXTENSION}Patient",
            "differential": {"element": [first]},
        },
        {"id": "b", "url": "b", "type": "Patient", "baseDefinition": "a", "differential": {"element": [second]}},
    ]
    elements = Snapshots(definitions).complete("b")["snapshot"]["element"]
    assert next(e for e in elements if e["id"] == "Patient.name")["mustSupport"] is True


# --- what is refused ---------------------------------------------------------------------------------------------------

CARDINALITY = st.tuples(st.integers(0, 4), st.one_of(st.integers(0, 4), st.none()))


@settings(deadline=None, max_examples=60)
@given(first=CARDINALITY, second=CARDINALITY)
def test_a_cardinality_is_accepted_exactly_when_it_lies_within_the_one_before(
    first: tuple[int, int | None], second: tuple[int, int | None]
) -> None:
    def stated(url: str, base: str, bounds: tuple[int, int | None]) -> dict[str, Any]:
        least, most = bounds
        one = {"id": "Patient.name", "path": "Patient.name", "min": least, "max": "*" if most is None else str(most)}
        return {"id": url, "url": url, "type": "Patient", "baseDefinition": base, "differential": {"element": [one]}}

    def within(inner: tuple[int, int | None], outer: tuple[int, int | None]) -> bool:
        allowed = range(outer[0], 10 if outer[1] is None else outer[1] + 1)
        accepted = range(inner[0], 10 if inner[1] is None else inner[1] + 1)
        return len(accepted) > 0 and accepted[0] in allowed and accepted[-1] in allowed

    definitions = Snapshots([stated("a", f"{EXTENSION}Patient", first), stated("b", "a", second)])
    if within(first, (0, None)) and within(second, first):
        elements = {e["id"]: e for e in definitions.complete("b")["snapshot"]["element"]}
        assert elements["Patient.name"]["min"] == second[0]
    else:
        with pytest.raises(SnapshotError):
            definitions.complete("b")
