"""No search, page, include or history has a whole collection read; and what is read does not grow with what is stored.

Told by the database's own profile of what it did for a request, so nothing that a request asks is left out.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from benchmarks.crowd import BIGGEST, RECIPIENTS, Asked, gather, multiply
from hub.exchange import Hub
from hub.search import is_sealed
from hub.search.compartments import MEMBERS
from hub.search.parameters import EVERYWHERE, PARAMETERS, Parameter
from hub.search.parsing import is_sortable
from hub.store import MongoStore, history, totals
from hub.store.schema import is_type
from tests.hub.web.conftest import PERSON
from tests.support.parties import BASE, Party
from tests.support.profiled import profiled

Parties = Callable[..., Party]

ID: Final = "00000000-0000-4000-8000-000000000001"
VALUES: Final = {
    "token": "ab", "string": "abc", "date": "2003-05-02", "number": "1", "quantity": "1", "uri": "https://x.example",
    "special": "34.0|-5.0|10|km",
}  # fmt: skip


def value(parameter: Parameter) -> str:
    if parameter.type == "composite":
        return "$".join(value(part) for part in parameter.components)
    if parameter.type == "reference":
        return f"{parameter.targets[0] if parameter.targets else 'Patient'}/{ID}"
    return VALUES[parameter.type]


def parameters(type_: str) -> Iterator[Parameter]:
    yield from (*EVERYWHERE.values(), *PARAMETERS[type_].values())


def of_every_parameter(type_: str) -> Iterator[str]:
    for one in parameters(type_):
        yield f"/fhir/{type_}?{one.name}={value(one)}"
        yield f"/fhir/{type_}?{one.name}:missing=false"
        if one.type == "token" and one.name != "_id":
            yield f"/fhir/{type_}?{one.name}:not=ab"
        if is_sortable(type_, one.name):
            yield f"/fhir/{type_}?_sort={one.name}&_count=2"


def of_every_reference(type_: str) -> Iterator[str]:
    for one in parameters(type_):
        for target in one.targets if one.type == "reference" else ():
            yield f"/fhir/{type_}?{one.name}:{target}._id={ID}"
            yield f"/fhir/{target}?_has:{type_}:{one.name}:_id={ID}"
            yield f"/fhir/{target}?_revinclude={type_}:{one.name}"
        if one.type == "reference":
            yield f"/fhir/{type_}?_include={type_}:{one.name}"


def of_history_and_person(type_: str) -> Iterator[str]:
    yield f"/fhir/{type_}/_history?_count=2"
    yield f"/fhir/{type_}/_history?_since=2026-01-01T00:00:00Z"
    yield f"/fhir/{type_}/_history?_at=2026-01-01"
    if type_ in MEMBERS:
        yield f"/fhir/Patient/{PERSON}/{type_}?_count=2"


OVER_TYPES: Final = (
    "/fhir?_count=2", "/fhir/_history?_count=2", f"/fhir/Patient/{PERSON}/*?_count=2", f"/fhir/Task/{ID}/_history",
    "/fhir/Task?_count=2&_include=*&_revinclude=*", "/fhir/Task?_count=2&_summary=count", f"/fhir/Patient/{PERSON}/$everything",
    "/fhir/Patient/$everything?_count=2", "/fhir/Task?patient.organization._id=x&_total=accurate",
)  # fmt: skip


def pages(party: Party, path: str) -> int:
    """How many pages there were, all of them read; 0 where it is not answered."""
    read = 0
    while path:
        answer = party.get(path)
        if answer.status_code != 200:
            assert answer.status_code in {400, 404}, (path, answer.text)
            return 0
        links = {link["relation"]: link["url"] for link in (answer.json or {}).get("link", ())}
        path, read = links.get("next", "").removeprefix(BASE.removesuffix("/fhir")), read + 1
    return read


@pytest.mark.parametrize("type_", PARAMETERS)
def test_no_request_about_a_type_has_a_collection_read(
    store: MongoStore, party: Parties, tasks: list[str], type_: str
) -> None:
    reader = party("chu")
    for asks in (of_every_parameter, of_every_reference, of_history_and_person):
        with profiled(store) as profile:
            for path in asks(type_):
                name = path.partition("?")[2].partition("=")[0].partition(":")[0]
                answered = pages(reader, path)
                assert answered or is_sealed(type_, name) or ":missing" in path or "/Patient/" in path, path
        assert not profile.scans


def test_no_request_over_types_or_pages_has_a_collection_read(
    store: MongoStore, party: Parties, tasks: list[str]
) -> None:
    with profiled(store) as profile:
        read = [pages(party("amal"), path) for path in OVER_TYPES]
    assert profile.operations and max(read) > 2
    assert not profile.scans


def test_a_collection_that_is_read_would_be_noticed(store: MongoStore, tasks: list[str]) -> None:
    with profiled(store) as profile:
        store.database.Task.find_one({"json": "?"})
    assert profile.scans and profile.examined >= len(tasks)


# --- sizes -----------------------------------------------------------------------------------------------------------

PAGE: Final = 4


def promised(one: Asked) -> Iterator[tuple[str, str]]:
    """Who asks, and what."""
    clinic = one.recipient
    for who, role in ((clinic, "owner"), (BIGGEST, "requester")):
        yield who, f"Task?{role}=Organization/{who}&status=accepted&_sort=-_lastUpdated&_count={PAGE}"
        yield who, f"Task?_count={PAGE}"
        yield who, f"Observation?_count={PAGE}"
        yield who, f"Task?identifier={one.referral}"
        yield who, f"Patient?_has:Task:patient:identifier={one.referral}"
        yield who, f"Task/_history?_count={PAGE}"
    yield BIGGEST, f"Patient?identifier={one.code}"
    yield BIGGEST, f"Task?patient.identifier={one.code}&status={one.status}"
    yield BIGGEST, f"?_type=Task,Observation&_count={PAGE}"
    yield BIGGEST, f"Patient/{one.survivor}/$everything"


def test_what_is_read_for_a_request_does_not_grow_with_what_is_stored(
    store: MongoStore, hub: Hub, party: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (totals, history):
        monkeypatch.setattr(module, "FEW", 2 * PAGE)
    crowd = gather(hub, 1200)
    one = next(one for one in crowd.people if (one.keeper, one.recipient) == (BIGGEST, RECIPIENTS[0]))
    parties = {who: party(who) for who in (BIGGEST, one.recipient)}
    before = examined(store, parties, one)
    assert multiply(store, 8 * crowd.stored) >= 7 * crowd.stored
    for type_ in filter(
        is_type, store.database.list_collection_names()
    ):  # the database does so by itself at ten times the work
        store.database.command("planCacheClear", type_)
    after = examined(store, parties, one)
    for asked, (seen, found) in after.items():
        first, found_first = before[asked]
        assert found == found_first > 0, asked
        assert seen <= 1.5 * first + 2 * PAGE, (asked, first, seen)


def examined(store: MongoStore, parties: dict[str, Party], one: Asked) -> dict[tuple[str, str], tuple[int, int]]:
    """What was looked at, and how much was found."""
    told = {}
    for who, path in promised(one):
        with profiled(store) as profile:
            answer: Any = parties[who].get(f"/fhir/{path}").json
        told[who, path] = profile.examined, len(answer.get("entry", ()))
    return told
