"""The id of a request stands in the events of what it did, and brings no name into the audit.

https://hl7.org/fhir/R4/http.html#custom
"""

from collections.abc import Callable

import pytest

from hub.fhir.serial import loads
from hub.store import MongoStore
from tests.support.parties import Party
from tests.support.token_requests import proven

Parties = Callable[..., Party]
DRAWN = ("4bf92f3577b34da6a3ce929d0e0e4736", "0AF7651916CD43DD", "5f1c8e1a-3d1e-4b7a-9c55-0d8a6a1e2b3c")
SAID = ("Zineb-Alaoui", "0612345678", "212612345678000000", "AB123456", "deadbeef", "a" * 65, "é" * 20, "")


def ids(store: MongoStore, *, of_tokens: bool = False) -> list[str]:
    """What the events name as requests, once for each event."""
    found = [loads(stored["json"]) for stored in store.database["AuditEvent"].find()]
    events = [one for one in found if ("token." in str(one["subtype"])) == of_tokens]
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
    answers = [chu.get(f"/fhir/Task/{id_}", X_Request_Id=given) for id_ in (tasks[0], "never-was")]
    kept = ids(store)
    assert kept == [one.headers["X-Request-Id"] for one in answers], "the answer says what is kept"
    assert [len(one) for one in kept] == [36, 36]
    assert kept[0] != kept[1]
    assert not given or given not in str(list(store.database["AuditEvent"].find()))


@pytest.mark.parametrize(
    ("given", "returned"), [("abc-123", "abc-123"), ("<script>", None), (DRAWN[0], None), ("", None)]
)
def test_what_a_client_called_its_request_comes_back_to_it(
    party: Parties, tasks: list[str], given: str, returned: str | None
) -> None:
    answer = party("chu").get(f"/fhir/Task/{tasks[0]}", X_Request_Id=given)
    assert answer.headers.get("X-Correlation-Id") == returned


def test_the_events_of_a_token_name_the_request_that_asked_for_it(party: Parties, store: MongoStore) -> None:
    chu = party("chu")
    store.database["AuditEvent"].delete_many({})
    form = proven(chu.client, grant_type="client_credentials", scope="system/Task.rs")
    refused = proven(chu.client, grant_type="client_credentials", scope="system/none")
    given_back = proven(chu.client, token=chu.token)
    with chu.app.test_client() as http:
        paths = ("/oauth/token", form), ("/oauth/token", refused), ("/oauth/revoke", given_back)
        answers = [
            http.post(path, data=data, headers={"X-Request-Id": DRAWN[n]}) for n, (path, data) in enumerate(paths)
        ]
    assert [one.status_code for one in answers] == [200, 400, 200]
    assert sorted(ids(store, of_tokens=True)) == sorted(DRAWN)


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
