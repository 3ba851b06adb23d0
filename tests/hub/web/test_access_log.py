"""What is logged of a request: named fields, and nothing that a caller wrote."""

import logging
from collections.abc import Callable

import pytest

from hub.errors import INVALID, HubError
from hub.fhir import Resource
from tests.support.parties import Party

Parties = Callable[..., Party]


FIELDS = ("method", "route", "status", "ms", "client")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    said = [record for record in caplog.records if record.name == "hub.access"]
    assert all(record.getMessage() == "request.answered" for record in said)
    return [{name: getattr(record, name) for name in FIELDS} for record in said]


def everything(caplog: pytest.LogCaptureFixture) -> str:
    """The text and all fields, whatever a formatter would make of them."""
    return caplog.text + "".join(str(vars(record)) for record in caplog.records)


def test_a_request_is_logged_by_route_and_client(
    party: Parties, tasks: list[str], access_log: pytest.LogCaptureFixture
) -> None:
    chu = party("chu")
    access_log.clear()
    chu.get(f"/fhir/Task/{tasks[0]}")
    (line,) = lines(access_log)
    assert line.pop("ms")
    assert line == {"method": "GET", "route": "/fhir/<type_>/<id_>", "status": 200, "client": "chu-system"}


def test_nothing_that_a_caller_writes_is_logged(
    party: Parties, survivor: Resource, access_log: pytest.LogCaptureFixture
) -> None:
    mark = "Zahra-MARK"
    amal = party("amal")
    amal.get(f"/fhir/Task?patient={mark}&{mark}=1")
    amal.get(f"/fhir/Task/{mark}")
    amal.get(f"/fhir/{mark}/1")
    amal.get(f"/{mark}?{mark}", X_Request_Id=mark, User_Agent=mark, Referer=f"https://x/{mark}")
    amal.send("POST", "/fhir/Task/_search", f"patient={mark}", Content_Type="application/x-www-form-urlencoded")
    amal.send("POST", "/fhir/Patient", {**survivor, "name": [{"text": mark}]})
    amal.send("POST", "/fhir/Patient", {**survivor, mark: mark})
    amal.send("POST", "/fhir/Patient", f'{{"{mark}')
    amal.get("/fhir/Task", Authorization=f"Bearer {mark}")
    assert lines(access_log)
    assert mark not in everything(access_log)
    assert amal.token not in everything(access_log)


def test_the_request_id_is_given_back_or_made(party: Parties) -> None:
    chu = party("chu")
    drawn = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert chu.get("/fhir/Task", X_Request_Id=drawn).headers["X-Request-Id"] == drawn
    assert len(chu.get("/fhir/Task").headers["X-Request-Id"]) == 36
    assert len(chu.get("/fhir/Task", X_Request_Id="<script>").headers["X-Request-Id"]) == 36


def test_an_unexpected_exception_is_logged_by_type_and_place_alone(
    party: Parties, access_log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    chu = party("chu")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Zahra-MARK")

    monkeypatch.setattr("hub.exchange.disclose.search", fail)
    answer = chu.get("/fhir/Task")
    assert answer.status == "500 Internal Server Error"
    assert "MARK" not in everything(access_log) + answer.text
    (record,) = (r for r in access_log.records if r.levelno >= logging.ERROR)
    assert str(vars(record)["problem"]).startswith("RuntimeError at fail:")


def test_a_problem_without_a_sentence_is_still_answered_and_quotes_nothing(
    party: Parties, access_log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    chu = party("chu")

    def fail(*_: object, **__: object) -> None:
        raise HubError(INVALID, text="nowhere.Zahra-MARK")

    monkeypatch.setattr("hub.exchange.disclose.search", fail)
    answer = chu.get("/fhir/Task")
    assert answer.status_code == 500
    assert "MARK" not in everything(access_log) + answer.text
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"
