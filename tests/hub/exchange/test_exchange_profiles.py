"""Of a type with several profiles, each document is seen and found by the data classes of its own profile, exactly."""

import pytest

from hub.errors import HubError
from hub.exchange import Page, disclose
from hub.fhir import Resource
from hub.fhir.query import Match, Query, Sort, Target, Token
from hub.ports import Changes, Key, Save
from tests.support.association import Scene, hospital
from tests.support.written import example

HERS = "0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31"
OF_HER = Match("patient", "reference", (Target("Patient", HERS),))


def keep(at: Scene, *classes: str, names: tuple[str, ...]) -> list[Resource]:
    """These examples, open to the hospital for these classes, whatever classes occur in them."""
    kept = [example(name) for name in names]
    keys = (Key("zahra|*|*"), *(Key(f"chu-atlas|COC|{name}") for name in classes))
    at.store.commit(Changes(saves=[Save(one, HERS, "zahra", keys) for one in kept], persons={HERS: 0}))
    return kept


def names(page: Page) -> set[str]:
    assert page.total == len(page.entries)
    return {entry.id for entry in page.entries}


def found(at: Scene, type_: str, *matches: Match, sort: tuple[Sort, ...] = ()) -> set[str]:
    return names(disclose.search(Query(type_, matches, sort), hospital(), hub=at.hub))


def reads(at: Scene, resource: Resource) -> bool:
    try:
        return bool(at.read(f"{resource['resourceType']}/{resource['id']}", hospital()))
    except HubError:
        return False


PAIRS = [
    ("Observation", ("incident", "outcome"), ("incident-summary", "needs-and-services")),
    ("ServiceRequest", ("need", "protective-measure"), ("needs-and-services", "legal")),
]


@pytest.mark.parametrize(("type_", "examples", "classes"), PAIRS)
@pytest.mark.parametrize("opened", [0, 1])
def test_the_class_of_one_profile_opens_no_document_of_another(
    at: Scene, type_: str, examples: tuple[str, str], classes: tuple[str, str], opened: int
) -> None:
    kept = keep(at, classes[opened], names=examples)
    visible = kept[opened]["id"]
    for sort in ((), (Sort("status"),), (Sort("_id"),)):
        assert found(at, type_, sort=sort) == {visible}
        assert found(at, type_, OF_HER, sort=sort) == {visible}
    assert [reads(at, one) for one in kept] == [opened == 0, opened == 1]


@pytest.mark.parametrize(("type_", "examples", "classes"), PAIRS)
def test_with_both_classes_one_search_finds_documents_of_both(
    at: Scene, type_: str, examples: tuple[str, str], classes: tuple[str, str]
) -> None:
    kept = keep(at, *classes, names=examples)
    assert found(at, type_, OF_HER) == {one["id"] for one in kept}
    code = kept[1]["code"]["coding"][0]
    assert found(at, type_, Match("code", "token", (Token(code["system"], code["code"]),))) == {kept[1]["id"]}


def test_a_class_that_only_occurs_in_a_document_does_not_open_it(at: Scene) -> None:
    (incident,) = keep(at, "perpetrator", "incident-narrative", "needs-and-services", names=("incident",))
    assert found(at, "Observation") == set()
    assert not reads(at, incident)


def test_the_class_that_another_profile_asks_for_hides_nothing(at: Scene) -> None:
    """An outcome is found by its date with the key to needs and services, though the date of an incident is of another class."""
    (outcome,) = keep(at, "needs-and-services", names=("outcome",))
    assert found(at, "Observation", sort=(Sort("date", descending=True),)) == {outcome["id"]}


def test_a_document_that_was_stored_without_its_profile_is_one_of_the_profile_that_is_meant(at: Scene) -> None:
    (incident,) = keep(at, "incident-summary", names=("incident",))
    at.store.database.Observation.update_many({}, {"$unset": {"p": ""}})
    assert found(at, "Observation", OF_HER) == {incident["id"]}
    at.store.database.Observation.update_many({}, {"$set": {"k.$[].g": "chu-atlas|COC|needs-and-services"}})
    assert found(at, "Observation", OF_HER) == set()
