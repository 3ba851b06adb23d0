"""The id of a request stands in the events of what it did, and brings no name into the audit.

https://hl7.org/fhir/R4/http.html#custom
"""

from collections.abc import Callable

import pytest

from hub.fhir.serial import loads
from hub.store import MongoStore
from tests.support.parties import Party

Parties = Callable[..., Party]
DRAWN = ("4bf92f3577b34da6a3ce929d0e0e4736", "0AF7651916CD43DD", "5f1c8e1a-3d1e-4b7a-9c55-0d8a6a1e2b3c")
SAID = ("Zineb-Alaoui", "0612345678", "212612345678000000", "AB123456", "deadbeef", "a" * 65, "é" * 20, "")


def ids(store: MongoStore) -> list[str]:
    """What the events name as requests, once for each event."""
    events = [loads(stored["json"]) for stored in store.database["AuditEvent"].find()]
    return [
        e["what"]["identifier"]["value"] for one in events for e in one["entity"] if e["type"]["code"] == "XrequestId"
    ]


@pytest.mark.parametrize("given", DRAWN)
def test_an_id_that_was_drawn_is_kept_as_it_was_given(
    party: Parties, tasks: list[str], store: MongoStore, given: str
) -> None:
    answer = party("chu").get(f"/fhir/Task/{tasks[0]}", X_Request_Id=given)
    assert answer.headers["X-Request-Id"] == given
    assert ids(store) == [given]


def test_without_one_the_id_of_the_answer_is_kept(party: Parties, tasks: list[str], store: MongoStore) -> None:
    answer = party("chu").get(f"/fhir/Task/{tasks[0]}")
    assert ids(store) == [answer.headers["X-Request-Id"]]


@pytest.mark.parametrize("given", SAID)
def test_what_could_be_somebodys_name_or_number_is_not_kept(
    party: Parties, tasks: list[str], store: MongoStore, given: str
) -> None:
    chu = party("chu")
    chu.get(f"/fhir/Task/{tasks[0]}", X_Request_Id=given)
    chu.get("/fhir/Task/never-was", X_Request_Id=given)
    kept = ids(store)
    assert [len(one) for one in kept] == [36, 36]
    assert kept[0] != kept[1]
    assert not given or given not in str(list(store.database["AuditEvent"].find()))


def test_the_entries_of_a_batch_have_the_id_of_the_batch(party: Parties, tasks: list[str], store: MongoStore) -> None:
    entries = [{"request": {"method": "GET", "url": f"Task/{id_}"}} for id_ in tasks[:3]]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = party("chu").send("POST", "/fhir", bundle)
    assert answer.status_code == 200
    assert ids(store) == [answer.headers["X-Request-Id"]] * 3


def test_a_request_is_found_by_its_id_by_who_keeps_what_it_looked_at(
    party: Parties, tasks: list[str], store: MongoStore
) -> None:
    party("chu").get(f"/fhir/Task/{tasks[0]}", X_Request_Id=DRAWN[0])
    asked = f"/fhir/AuditEvent?entity:identifier={DRAWN[0]}"
    assert [party(one).get(asked).json["total"] for one in ("amal", "chu")] == [1, 0]
