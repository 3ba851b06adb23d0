"""translate: https://hl7.org/fhir/R4/conceptmap-operation-translate.html"""

from typing import Any

import pytest
from fhir.resources.R4B.parameters import Parameters

from hub.conformance.terminology import (
    Coding,
    ConceptMap,
    Wanted,
    find_concept_map,
    find_value_set,
    packaged,
    translate,
)
from hub.conformance.terminology.concept_maps import read
from hub.errors import UNKNOWN_CANONICAL, HubError
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, concept_map
from tests.support.terminology import DEFINITIONS, values

MAPS = list(packaged().values())
GBV, LAW = code_system("gbv-type"), code_system("law-103-13")
WORDS = code_system("register-violence-fr")
TURNED = {"wider": "narrower", "narrower": "wider"}


def translated(*codings: Coding, maps: list[ConceptMap] = MAPS, language: str = "en", **wanted: Any) -> Resource:
    answer = translate(DEFINITIONS, maps, codings, Wanted(**wanted), language=language)
    Parameters.model_validate(answer)
    return answer


def matches(answer: Resource) -> list[tuple[str, str]]:
    return [(m["equivalence"], m["concept"]["code"]) for m in values(answer, "match") if "concept" in m]


def test_a_code_is_translated_with_its_equivalence_and_label() -> None:
    answer = translated(Coding(GBV, "rape"), language="fr")
    (match,) = values(answer, "match")
    assert values(answer, "result") == [True]
    assert match["equivalence"] == "wider"
    assert match["source"] == concept_map("gbv-type-to-law-103-13")
    assert match["concept"] == {"system": LAW, "code": "sexual", "display": DEFINITIONS.display(LAW, "sexual", "fr")}


def test_backwards_what_was_wider_is_narrower() -> None:
    answer = translated(Coding(LAW, "sexual"), reverse=True)
    assert matches(answer) == [("narrower", "rape"), ("equivalent", "sexual-assault")]


@pytest.mark.parametrize("found", MAPS, ids=lambda found: found.url.rpartition("/")[2])
def test_every_correspondence_is_found_from_both_sides(found: ConceptMap) -> None:
    for row in found.rows:
        forward = translated(Coding(row.source_system, row.source), maps=[found], target_system=row.target_system)
        if row.target is None:
            assert values(forward, "result") == [False]
            continue
        assert (row.equivalence, row.target) in matches(forward)
        asked = Coding(row.target_system, row.target)
        back = translated(asked, maps=[found], reverse=True, target_system=row.source_system)
        assert (TURNED.get(row.equivalence, row.equivalence), row.source) in matches(back)
        assert values(back, "result") == [True]


@pytest.mark.parametrize("found", MAPS, ids=lambda found: found.url.rpartition("/")[2])
def test_whatever_comes_back_leads_there_again_by_an_equivalent(found: ConceptMap) -> None:
    targets = {(row.target_system, row.target, row.source_system) for row in found.rows if row.target}
    for system, code, words in targets:
        back = translated(Coding(system, str(code)), maps=[found], reverse=True, target_system=words)
        for equivalence, word in matches(back):
            there = translated(Coding(words, word), maps=[found], target_system=system)
            assert (TURNED.get(equivalence, equivalence), code) in matches(there)


def test_what_is_known_to_match_nothing_is_told_from_what_is_unknown() -> None:
    nothing, unknown = translated(Coding(GBV, "non-gbv")), translated(Coding(GBV, "no-such-code"))
    assert values(nothing, "result") == values(unknown, "result") == [False]
    assert [match["equivalence"] for match in values(nothing, "match")] == ["unmatched"]
    assert values(unknown, "match") == []
    assert values(nothing, "message") != values(unknown, "message")


@pytest.mark.parametrize("word", ["viol conjugal", "Viol Conjugal", " VIOL  conjugal "])
def test_a_word_of_a_form_is_found_however_it_is_spelled(word: str) -> None:
    assert ("equivalent", "rape") in matches(translated(Coding(WORDS, word)))


def test_a_code_of_a_code_system_is_found_only_as_it_is_spelled() -> None:
    assert matches(translated(Coding(GBV, "Rape"))) == []
    assert matches(translated(Coding(LAW, "?"), reverse=True)) == []


def test_translations_are_narrowed_by_system_and_by_value_set() -> None:
    word = Coding(WORDS, "viol")
    everything = find_value_set(DEFINITIONS, id_="gbv-type")
    other = find_value_set(DEFINITIONS, id_="milieu")
    assert ("equivalent", "rape") in matches(translated(word, target_system=GBV))
    assert matches(translated(word, target_system=LAW)) == []
    assert ("equivalent", "rape") in matches(translated(word, target=everything))
    assert matches(translated(word, target=other)) == []
    assert matches(translated(Coding(GBV, "rape"), source=everything)) == [("wider", "sexual")]
    assert matches(translated(Coding(GBV, "rape"), source=other)) == []


def test_of_several_codings_the_translations_of_each_are_given_once() -> None:
    both = translated(Coding(GBV, "rape"), Coding(GBV, "physical-assault"), Coding(GBV, "rape"))
    assert matches(both) == [("wider", "sexual"), ("equivalent", "physical")]


def test_a_word_without_target_is_known_and_matches_nothing() -> None:
    group = {"source": WORDS, "target": GBV, "element": [{"code": "—"}]}
    ours = read({"resourceType": "ConceptMap", "url": "https://example.org/ConceptMap/ours", "group": [group]})
    answer = translated(Coding(WORDS, "—"), maps=[ours])
    assert [match["equivalence"] for match in values(answer, "match")] == ["unmatched"]


def test_backwards_nobody_comes_to_what_matches_nothing() -> None:
    elsewhere = "https://example.org/local"
    elements = [{"code": "rape", "target": [{"code": "v", "equivalence": "wider"}]}, {"code": "non-gbv"}]
    group = {"source": GBV, "target": elsewhere, "element": elements}
    ours = read({"resourceType": "ConceptMap", "url": "https://example.org/ConceptMap/ours", "group": [group]})
    assert matches(translated(Coding(elsewhere, "V"), maps=[ours], reverse=True)) == [("narrower", "rape")]
    assert values(translated(Coding(elsewhere, "?"), maps=[ours], reverse=True), "match") == []


@pytest.mark.parametrize("found", MAPS, ids=lambda found: found.url.rpartition("/")[2])
def test_a_concept_map_is_found_by_its_id_and_by_its_canonical(found: ConceptMap) -> None:
    assert find_concept_map(packaged(), id_=found.url.rpartition("/")[2]) == found
    assert find_concept_map(packaged(), url=f"{found.url}|{found.version}") == found
    with pytest.raises(HubError) as refused:
        find_concept_map(packaged(), url=f"{found.url}|9")
    assert refused.value.problem is UNKNOWN_CANONICAL
