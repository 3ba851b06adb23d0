"""Differentials and definitions of which no snapshot is made, and whatever else is sent."""

import random
import time
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


MODIFIER = profile("danger", "Extension", {"path": "Extension", "isModifier": True, "isModifierReason": "untrue"})


FIRST = profile("first", "Patient", *STATED)


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


# --- what is refused --------------------------------------------------------------------------------------------------


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


# --- what a definition leans on ---------------------------------------------------------------------------------------


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


# --- whatever is sent -------------------------------------------------------------------------------------------------


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
def test_what_is_sent_to_do_harm_does_none(what: str) -> None:
    began = time.process_time()
    try:
        assert len(of("Patient", *HOSTILE[what])) < 10_000
    except SnapshotError as refusal:
        assert len(str(refusal)) < 1000
    assert time.process_time() - began < 10, "of the processor, whoever else wants it"


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
