"""Every address × every method: what an address does not answer is 405 with what it does.

https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.support.parties import Party

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ID = "00000000-0000-4000-8000-0000000000aa"
FILLED = {
    "resource:type_": "Observation",
    "type_": "Observation",
    "version_": "1",
    "int:number": "1",
    "name": "Observation",
}


def addresses(app: Flask) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Rule, an address of it, and the methods that some rule of these very words answers."""
    served: dict[str, set[str]] = defaultdict(set)
    for rule in app.url_map.iter_rules():
        served[rule.rule] |= rule.methods or set()
    for rule_, methods in served.items():
        yield rule_, re.sub(r"<([^>]+)>", lambda found: FILLED.get(found[1], ID), rule_), frozenset(methods)


def test_what_an_address_does_not_answer_is_refused_with_what_it_does(app: Flask, party: Callable[..., Party]) -> None:
    amal, wrong, asked = party("amal"), [], 0
    for rule, path, served in addresses(app):
        for method in sorted({*METHODS} - served):
            answer = amal.send(method, path, {} if method in {"POST", "PUT", "PATCH"} else None)
            asked += 1
            if (answer.status_code, answer.headers.get("Allow")) != (405, ", ".join(sorted(served))):
                wrong.append((method, rule, answer.status_code, answer.headers.get("Allow")))
    assert (wrong, asked > 200) == ([], True)


def test_what_an_address_answers_it_never_refuses_as_a_method(app: Flask, party: Callable[..., Party]) -> None:
    amal = party("amal")
    asked = [(method, path) for _, path, served in addresses(app) for method in sorted(served)]
    refused = [
        (method, path)
        for method, path in asked
        if amal.send(method, path, {} if method in {"POST", "PUT", "PATCH"} else None).status_code == 405
    ]
    assert refused == []


@pytest.mark.parametrize("path", ["metadata", "_history", "Observation/_history", f"Subscription/{ID}", "$export/1"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_wrong_method_is_told_before_anybody_is_asked_who_it_is(app: Flask, path: str, method: str) -> None:
    """What there is and by which methods stands in the CapabilityStatement: nothing is learnt from it."""
    answer = app.test_client().open(f"/fhir/{path}", method=method, json={})
    assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)
    assert (answer.get_json(force=True)["issue"][0]["code"]) == "not-supported"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", f"Patient/{ID}", "GET, HEAD, OPTIONS, PATCH, PUT"),
        ("POST", f"Observation/{ID}", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("POST", f"AuditEvent/{ID}", "GET, HEAD, OPTIONS"),
        ("PATCH", f"Subscription/{ID}", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("DELETE", "Subscription", "GET, HEAD, OPTIONS, POST"),
        ("GET", "Patient/_search", "OPTIONS, POST"),
    ],
)
def test_what_is_allowed_is_said_of_the_type_that_was_asked(
    party: Callable[..., Party], method: str, path: str, allowed: str
) -> None:
    answer = party("amal").send(method, f"/fhir/{path}", {} if method in {"POST", "PATCH"} else None)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("name", ["_history", "_search", "$match", "$nothing"])
def test_no_resource_is_named_as_an_address_of_the_api(party: Callable[..., Party], name: str) -> None:
    body: dict[str, Any] = {"resourceType": "Observation", "id": name}
    for method in ("PUT", "PATCH", "DELETE"):
        answer = party("amal").send(method, f"/fhir/Observation/{name}", body if method != "DELETE" else None)
        assert answer.status_code == (405 if name in {"_history", "_search"} else 404), name
