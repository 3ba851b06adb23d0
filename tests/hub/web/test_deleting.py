"""delete over HTTP: https://hl7.org/fhir/R4/http.html#delete"""

from collections.abc import Callable

import pytest

from hub.exchange import Hub
from hub.exchange.erase import erase
from hub.fhir import Resource
from hub.store import MongoStore
from tests.support.parties import Party
from tests.support.shared_case import SharedCase, as_new, share, stored, to

Parties = Callable[..., Party]
NEVER = "/fhir/Observation/00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    return share(party, survivor)


def test_what_its_keeper_deletes_is_gone_for_the_keeper_and_absent_for_all_others(case: SharedCase) -> None:
    path = f"/fhir/{case.incident}"
    assert case.reader.get(path).status_code == 200
    answer = case.keeper.send("DELETE", path)
    assert (answer.status, answer.data) == ("204 No Content", b"")
    gone = case.keeper.get(path)
    assert gone.status == "410 Gone"
    assert (gone.json or {})["issue"][0]["code"] == "deleted"
    assert case.reader.get(path).data == case.reader.get(NEVER).data
    assert case.reader.get(path).status_code == case.stranger.get(path).status_code == 404


def test_what_is_deleted_is_found_by_no_search(case: SharedCase) -> None:
    search = f"/fhir/Observation?patient={case.patient}"
    assert (case.keeper.get(search).json or {})["total"] == (case.reader.get(search).json or {})["total"] == 1
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    assert (case.keeper.get(search).json or {})["total"] == (case.reader.get(search).json or {})["total"] == 0


def test_deleting_again_or_what_is_hidden_or_never_was_answers_alike(case: SharedCase, store: MongoStore) -> None:
    path = f"/fhir/{case.incident}"
    answers = [case.stranger.send("DELETE", path), case.stranger.send("DELETE", NEVER)]
    assert case.keeper.get(path).status_code == 200, "a stranger deletes nothing"
    answers += [case.keeper.send("DELETE", path), case.keeper.send("DELETE", path)]
    assert {(one.status, one.data) for one in answers} == {("204 No Content", b"")}
    versions = store.database.Observation.find_one({"gone": True}) or {}
    assert versions["v"] == 2, "a repeated deletion makes no version"


def test_who_sees_it_and_does_not_keep_it_is_refused(case: SharedCase) -> None:
    assert case.reader.send("DELETE", f"/fhir/{case.incident}").status == "403 Forbidden"
    assert case.keeper.get(f"/fhir/{case.incident}").status_code == 200


def test_what_something_refers_to_is_not_deleted(case: SharedCase) -> None:
    answer = case.keeper.send("DELETE", f"/fhir/{case.need}")
    assert answer.status == "409 Conflict"
    assert "Task" in answer.text
    assert case.need.partition("/")[2] not in answer.text


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("other", "status"), [("deleted", 200), ("changed", 200), ("left", 409), ("created", 409), ("changed to", 409)]
)
def test_a_transaction_deletes_what_nothing_refers_to_when_it_is_done_in_whatever_order_it_stands(
    case: SharedCase, other: str, status: int, turned: bool
) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: what comes of it does not depend on the order of its entries."""
    referring = as_new("encounter", subject=to(case.patient), serviceProvider=to("Organization/amal"))
    without = {name: value for name, value in referring.items() if name != "episodeOfCare"}
    to_case = without | {"episodeOfCare": [to(case.case)]}
    kept = stored(case.keeper, without if other in {"created", "changed to"} else to_case)
    one = f"Encounter/{kept['id']}"
    entries = [{"request": {"method": "DELETE", "url": case.case}}]
    if other == "deleted":
        entries.append({"request": {"method": "DELETE", "url": one}})
    elif other.startswith("changed"):
        changed = (to_case if other == "changed to" else without) | {"id": kept["id"]}
        entries.append({"resource": changed, "request": {"method": "PUT", "url": one}})
    elif other == "created":
        entries.append({"resource": to_case, "request": {"method": "POST", "url": "Encounter"}})
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries[::-1] if turned else entries}
    answer = case.keeper.send("POST", "/fhir", sent)
    assert answer.status_code == status, answer.text
    left = case.keeper.get(f"/fhir/{case.case}").status_code, case.keeper.get(f"/fhir/{one}").status_code
    assert left == ((410, 410 if other == "deleted" else 200) if status == 200 else (200, 200))
    if status == 409:
        place = sent["entry"].index(entries[0])  # type: ignore[attr-defined]
        assert (answer.json or {})["issue"][0]["expression"] == [f"Bundle.entry[{place}].resource"]
        assert (case.keeper.get("/fhir/Encounter?_summary=count").json or {})["total"] == 1


@pytest.mark.parametrize(
    ("of", "word"), [("patient", "hub erase"), ("consent", "$withdraw"), ("task", "entered-in-error")]
)
def test_what_is_not_deleted_says_what_to_do_instead(case: SharedCase, of: str, word: str) -> None:
    answer = case.keeper.send("DELETE", f"/fhir/{getattr(case, of)}", If_Match='W/"2"')
    assert answer.status == "405 Method Not Allowed"
    assert word in answer.text


def test_a_deletion_of_a_version_that_is_no_longer_current_is_refused(case: SharedCase) -> None:
    assert case.keeper.send("DELETE", f"/fhir/{case.incident}", If_Match='W/"9"').status == "412 Precondition Failed"
    assert case.keeper.send("DELETE", f"/fhir/{case.incident}", If_Match='W/"1"').status_code == 204


def test_the_outcome_says_it_where_it_is_preferred(case: SharedCase) -> None:
    answer = case.keeper.send(
        "DELETE", f"/fhir/{case.incident}", Prefer="return=OperationOutcome", Accept_Language="fr"
    )
    assert answer.status_code == 200
    assert "supprimée" in answer.text


def test_an_update_brings_back_what_was_deleted_as_the_version_after(case: SharedCase) -> None:
    path = f"/fhir/{case.incident}"
    body = case.keeper.get(path).json
    case.keeper.send("DELETE", path)
    assert case.reader.send("PUT", path, body).status_code == 404
    steps = [{"op": "replace", "path": "/status", "value": "amended"}]
    assert case.keeper.send("PATCH", path, steps, Content_Type="application/json-patch+json").status_code == 410
    assert case.keeper.send("PUT", path, body, If_Match='W/"1"').status == "412 Precondition Failed"
    back = case.keeper.send("PUT", path, body, If_Match='W/"2"')
    assert (back.status, back.headers["ETag"]) == ("201 Created", 'W/"3"')
    assert back.headers["Location"].endswith(f"{path}/_history/3")
    assert case.keeper.get(path).status_code == case.reader.get(path).status_code == 200
    assert case.keeper.send("PUT", path, (body or {}) | {"status": "amended"}).status == "200 OK"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_so_does_one_in_a_bundle(case: SharedCase, kind: str) -> None:
    body = case.keeper.get(f"/fhir/{case.incident}").json
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    entry = {"resource": body, "request": {"method": "PUT", "url": case.incident}}
    answer = case.keeper.send("POST", "/fhir", {"resourceType": "Bundle", "type": kind, "entry": [entry]})
    (told,) = (answer.json or {})["entry"]
    assert told["response"]["status"].startswith("201")
    assert told["response"]["location"].endswith(f"{case.incident}/_history/3")


def test_a_deletion_is_told_and_whoever_could_see_it_is_to_be_told(case: SharedCase, store: MongoStore) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    (row,) = store.database.outbox.find({"kind": "incident.delete"})
    assert (row["reference"], row["recipient"]) == (case.incident, "chu")
    trail = case.keeper.get(f"/fhir/AuditEvent?entity={case.incident}&_sort=-_lastUpdated").text
    assert "incident.delete" in trail
    assert not list(store.database.Communication.find()), "no consent has ended"


def test_whom_the_hub_erases_has_nothing_left_that_was_deleted(case: SharedCase, hub: Hub) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    erase(case.patient.partition("/")[2], "asked", hub=hub)
    assert case.keeper.get(f"/fhir/{case.incident}").status_code == 404


def test_validate_says_beforehand_what_would_speak_against_a_deletion(case: SharedCase) -> None:
    refused = case.keeper.get(f"/fhir/{case.need}/$validate?mode=delete").text
    assert "referred-to" in refused
    assert case.keeper.get(f"/fhir/{case.incident}/$validate?mode=delete").status_code == 200
    assert case.keeper.get(f"/fhir/{case.incident}").status_code == 200, "nothing is deleted"
