"""$import-register: an association without a server sends its register itself; first as a trial, then for good."""

import base64
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from werkzeug.test import TestResponse

from hub.exchange import Hub
from hub.exchange import upload as uploading
from hub.exchange.tally import PLACES
from hub.ports import Registry
from hub.texts import LANGUAGES, say
from hub.web.app import create_app
from tests.support.command_line import BAD, HEADERS, MARKS, MENDED
from tests.support.parties import Addresses, Party
from tests.support.uploading import CSV, GOOD, PATH, leaving_out, register, uploads

OTHER = GOOD.replace("1;05/01/2026;AR-001", "2;06/01/2026;AR-002").replace("0612345678", "0612345679")


@pytest.fixture
def app(hub: Hub, registry: Registry) -> Flask:
    return create_app(hub, registry, Addresses(), doors=uploads("amal", "nour"))


def send(party: Party, *rows: str, name: str = "register", commit: str = "", **headers: str) -> TestResponse:
    asked = f"{PATH}?connection={name}{f'&commit={commit}' if commit else ''}"
    return party.send("POST", asked, register(*rows), **{"Content_Type": CSV, **headers})


def told(answer: TestResponse) -> dict[str, Any]:
    """Numbers, and the sentences of the outcome."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = {}
    for one in (answer.json or {})["parameter"]:
        (value,) = (one[key] for key in one if key != "name")
        found[one["name"]] = value
    found["said"] = [issue["diagnostics"] for issue in found["outcome"]["issue"]]
    return found


def test_a_trial_tells_what_would_become_of_each_record_and_stores_nothing(
    party: Callable[..., Party], hub: Hub
) -> None:
    before = hub.store.counts() | {"AuditEvent": 0}
    answer = told(send(party("amal"), GOOD, OTHER, BAD))
    assert (answer["stored"], answer["read"], answer["created"], answer["quarantined"]) == (False, 3, 2, 1)
    assert hub.store.counts() | {"AuditEvent": 0} == before
    assert list(hub.store.quarantine()) == []
    (wrong, done) = answer["said"]
    assert wrong.startswith("row 4: Column “Type de violence”")
    assert "commit=true" in done


def test_what_is_committed_goes_the_way_of_a_pull(party: Callable[..., Party], hub: Hub) -> None:
    amal = party("amal")
    answer = told(send(amal, GOOD, BAD, commit="true"))
    assert (answer["stored"], answer["created"], answer["quarantined"]) == (True, 1, 1)
    found = amal.get("/fhir/ServiceRequest").json or {}
    assert found["total"] == 1
    assert [one.connection for one in hub.store.quarantine()] == ["register"]
    again = told(send(amal, GOOD, BAD, commit="true"))
    assert (again["created"], again["unchanged"], again["waiting"]) == (0, 1, 1)
    mended = told(send(amal, GOOD, MENDED, commit="true"))
    assert (mended["created"], mended["unchanged"], mended["waiting"]) == (1, 1, 0)


def test_a_complete_register_takes_back_what_is_no_longer_in_it(party: Callable[..., Party]) -> None:
    amal = party("amal")
    assert told(send(amal, GOOD, OTHER, name="complete", commit="true"))["created"] == 2
    assert told(send(amal, GOOD, name="complete"))["withdrawn"] == 1
    assert told(send(amal, GOOD, name="complete", commit="true"))["withdrawn"] == 1
    assert told(send(amal, GOOD, name="complete", commit="true"))["withdrawn"] == 0


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_no_value_of_a_cell_is_answered_in_any_language(party: Callable[..., Party], speaks: str) -> None:
    answer = send(party("amal"), GOOD, BAD, Accept_Language=speaks)
    assert told(answer)["quarantined"] == 1
    assert [mark for mark in (*MARKS, "lunaire") if mark in json.dumps(answer.json, ensure_ascii=False)] == []


def test_a_binary_in_parameters_says_the_same_as_the_file_itself(party: Callable[..., Party]) -> None:
    amal = party("amal")
    data = base64.b64encode(register(GOOD, BAD)).decode()
    binary = {"resourceType": "Binary", "contentType": CSV, "data": data}
    given = [{"name": "connection", "valueId": "register"}, {"name": "register", "resource": binary}]
    answer = amal.send("POST", PATH, {"resourceType": "Parameters", "parameter": given})
    assert answer.json == send(amal, GOOD, BAD).json


def test_a_workbook_is_known_by_its_bytes(party: Callable[..., Party]) -> None:
    book = Workbook()
    for line in (HEADERS, GOOD):
        book.worksheets[0].append(line.split(";"))
    file = BytesIO()
    book.save(file)
    asked = f"{PATH}?connection=register"
    answer = party("amal").send("POST", asked, file.getvalue(), Content_Type="application/octet-stream")
    assert told(answer)["created"] == 1


def test_a_connection_of_another_one_that_is_pulled_and_none_at_all_are_not_found_in_the_same_words(
    party: Callable[..., Party],
) -> None:
    amal = party("amal")
    answers = {send(amal, GOOD, name=name, commit="true").text for name in ("theirs", "pulled", "nothing")}
    assert len(answers) == 1
    assert send(amal, GOOD, name="theirs").status_code == 404
    assert send(party("nour"), GOOD, name="theirs").status_code == 200


@pytest.mark.parametrize("scope", ["system/*.rs", "system/Patient.cruds", "system/*.c", "system/Task.rs?status=ready"])
def test_a_token_that_may_not_write_every_type_takes_in_nothing(party: Callable[..., Party], scope: str) -> None:
    assert send(party("amal", scope), GOOD, commit="true").status_code == 403


def test_what_is_wrongly_sent_is_refused_and_stores_nothing(
    party: Callable[..., Party], hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    amal = party("amal")
    before = hub.store.counts()
    assert send(amal, GOOD, commit="yes").status_code == 400
    assert send(amal, GOOD, Content_Type="application/xml").status_code == 415
    assert amal.send("POST", f"{PATH}?connection=register", b"", Content_Type=CSV).status_code == 400
    assert amal.send("POST", PATH, register(GOOD), Content_Type=CSV).status_code == 400
    assert send(amal, GOOD, Content_Encoding="gzip").status_code == 415
    assert amal.get(f"{PATH}?connection=register").status_code == 405
    unreadable = amal.send("POST", f"{PATH}?connection=register&commit=true", b"no;such\n1;2\n", Content_Type=CSV)
    assert unreadable.status_code == 422
    assert "header" in unreadable.text
    large = b"x" * (5 * 1024 * 1024 + 1)
    assert amal.send("POST", f"{PATH}?connection=register", large, Content_Type=CSV).status_code == 413
    monkeypatch.setattr(uploading, "MOST_RECORDS", 1)
    assert send(amal, GOOD, OTHER, commit="true").status_code == 413
    assert hub.store.counts() == before


def test_it_is_on_record_who_uploaded(party: Callable[..., Party], hub: Hub) -> None:
    amal = party("amal")
    send(amal, GOOD, commit="true")
    found = amal.get("/fhir/AuditEvent?_count=50").json or {}
    agents = [agent for entry in found["entry"] for agent in entry["resource"]["agent"]]
    assert any("amal-system" in json.dumps(agent) for agent in agents)


def test_the_capability_statement_and_the_description_tell_of_it(party: Callable[..., Party]) -> None:
    amal = party("amal")
    statement = amal.get("/fhir/metadata").json or {}
    assert "import-register" in {one["name"] for one in statement["rest"][0]["operation"]}
    described = (amal.get("/openapi.json").json or {})["paths"][PATH]["post"]
    assert CSV in described["requestBody"]["content"]
    assert {"connection", "commit"} <= {one.get("name") for one in described["parameters"]}


def test_a_complete_register_leaves_out_its_tests_and_withdraws_what_became_one_and_nothing_else(
    hub: Hub, registry: Registry, party: Callable[..., Party], tmp_path: Path
) -> None:
    doors = uploads("amal", "nour")
    doors["complete"] = leaving_out(doors["complete"], tmp_path, "[{column: remarks, begins: essai}]")
    app = create_app(hub, registry, Addresses(), doors=doors)
    amal = Party(app, "amal", party("amal").token)
    test = OTHER.replace("Récit très secret", "Essai de Zineb Marquée")
    for commit in ("", "true"):
        answer = send(amal, GOOD, test, name="complete", commit=commit)
        found = told(answer)
        assert (found["read"], found["created"], found["left-out"], found["withdrawn"]) == (2, 1, 1, 0)
        assert not any(mark in answer.text for mark in MARKS)
    assert hub.store.counts()["Patient"] == 1
    became_one = GOOD.replace("Récit très secret", "Essai")
    for commit, left in (("", 1), ("true", 1), ("true", 0)):
        found = told(send(amal, became_one, test, name="complete", commit=commit))
        assert (found["created"], found["left-out"], found["withdrawn"]) == (0, 2, left)
    assert told(send(amal, GOOD, name="complete", commit="true"))["updated"] == 1


def test_of_many_rows_with_the_same_mistake_the_first_are_told_and_the_others_counted(
    party: Callable[..., Party],
) -> None:
    rows = [BAD.replace("3;", f"{number};", 1) for number in range(1, PLACES + 31)]
    answer = told(send(party("amal"), *rows))
    assert answer["quarantined"] == PLACES + 30
    *found, more, _ = answer["said"]
    assert [one.partition(":")[0] for one in found] == [f"row {number}" for number in range(2, PLACES + 2)]
    assert more == say("web.too-many", "en", count=30)
