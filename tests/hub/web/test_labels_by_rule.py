"""A patch that would take away, or weaken, a label that follows by rule is refused and says which: it is not half done in silence.

https://hl7.org/fhir/R4/http.html#patch: what cannot be carried out as it was asked is no success.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.labels import HANDLING
from hub.texts import LANGUAGES, say
from tests.support.parties import Party
from tests.support.shared_case import PATCH, SharedCase, share

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
OWN = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "CEL"}
FHIRPATH = {"Content_Type": "application/fhir+json"}
MERGE = {"Content_Type": "application/merge-patch+json"}


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


def level(code: str) -> Resource:
    return {"system": CONFIDENTIALITY, "code": code}


def security(case: SharedCase) -> list[Resource]:
    found: list[Resource] = (case.keeper.get(f"/fhir/{case.incident}").json or {})["meta"]["security"]
    return found


def delete(path: str) -> Resource:
    parts = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def patched(case: SharedCase, body: Any, form: dict[str, str] = PATCH, **more: str) -> Any:
    return case.keeper.send("PATCH", f"/fhir/{case.incident}", body, **form, **more)


def assert_refused(answer: Any, *codes: str) -> None:
    (issue,) = answer.get_json(force=True)["issue"]
    assert (answer.status_code, issue["code"]) == (422, "business-rule")
    assert issue["expression"][0].endswith("meta.security")
    assert issue["diagnostics"] == say("problems.label-by-rule", "en", label=", ".join(codes))


def test_a_label_by_rule_is_taken_away_by_no_form_of_a_patch(case: SharedCase) -> None:
    held = security(case)
    codes, place = sorted(one["code"] for one in held), held.index(HANDLING)
    assert_refused(patched(case, [{"op": "remove", "path": f"/meta/security/{place}"}]), "NORDSCLCD")
    assert_refused(patched(case, delete(f"Observation.meta.security[{place}]"), FHIRPATH), "NORDSCLCD")
    assert_refused(patched(case, [{"op": "remove", "path": "/meta/security"}]), *codes)
    assert_refused(patched(case, {"meta": {"security": None}}, MERGE), *codes)
    assert_refused(patched(case, {"meta": {"security": [held[0]]}}, MERGE), *sorted(one["code"] for one in held[1:]))
    assert (security(case), case.keeper.get(f"/fhir/{case.incident}").headers["ETag"]) == (held, 'W/"1"')


def test_a_label_by_rule_is_not_made_weaker(case: SharedCase) -> None:
    held = security(case)
    mark = next(one["code"] for one in held if one["system"] == CONFIDENTIALITY)
    at = next(number for number, one in enumerate(held) if one["system"] == CONFIDENTIALITY)
    assert mark != "L"
    step = {"op": "replace", "path": f"/meta/security/{at}", "value": level("L")}
    assert_refused(patched(case, [step]), *sorted(["L", mark]))
    assert_refused(patched(case, [{"op": "add", "path": "/meta/security/-", "value": level("L")}]), "L")
    assert security(case) == held


def test_what_restates_them_or_raises_them_is_done_and_so_is_what_is_the_keepers_own(case: SharedCase) -> None:
    held = security(case)
    assert patched(case, {"meta": {"security": held}}, MERGE).headers["ETag"] == 'W/"1"'
    others = [one for one in held if one["system"] != CONFIDENTIALITY]
    raised = patched(case, {"meta": {"security": [level("V"), *others, OWN]}}, MERGE)
    assert (raised.status_code, security(case)) == (200, [level("V"), *others, OWN])
    lowered = patched(case, {"meta": {"security": held}}, MERGE)  # what the keeper added goes again
    assert (lowered.status_code, security(case)) == (200, held)


def test_a_label_goes_with_what_it_follows_from(case: SharedCase) -> None:
    """Whether the patch says so or not; and what it says too early is refused."""
    whole, held = case.keeper.get(f"/fhir/{case.incident}").json or {}, security(case)
    emptied = {name: None for name in ("note", "component", "method") if name in whole}
    assert patched(case, emptied, MERGE).status_code == 200
    less = security(case)
    gone = sorted({one["code"] for one in held} - {one["code"] for one in less})
    assert gone == ["V"]
    assert case.keeper.send("PUT", f"/fhir/{case.incident}", whole).status_code == 200
    assert security(case) == held
    early = patched(case, {"meta": {"security": less}}, MERGE)
    assert (early.status_code, security(case)) == (422, held)
    assert patched(case, {**emptied, "meta": {"security": less}}, MERGE).status_code == 200
    assert security(case) == less


def test_in_a_transaction_nothing_is_changed_and_its_place_is_told(case: SharedCase) -> None:
    data = b64encode(json.dumps([{"op": "remove", "path": "/meta/security"}]).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    entry = {"resource": binary, "request": {"method": "PATCH", "url": case.incident}}
    answer = case.keeper.send("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    (issue,) = answer.get_json(force=True)["issue"]
    assert (answer.status_code, issue["expression"]) == (422, ["Bundle.entry[0].resource.meta.security"])


def test_an_update_that_leaves_them_out_keeps_them(case: SharedCase) -> None:
    held = security(case)
    body = case.keeper.get(f"/fhir/{case.incident}").json or {}
    body |= {"status": "amended", "meta": {"profile": body["meta"]["profile"]}}
    assert case.keeper.send("PUT", f"/fhir/{case.incident}", body).headers["ETag"] == 'W/"2"'
    assert security(case) == held


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_refusal_names_the_label_in_the_language_of_who_asks(case: SharedCase, language: str) -> None:
    place = security(case).index(HANDLING)
    answer = patched(case, [{"op": "remove", "path": f"/meta/security/{place}"}], Accept_Language=language)
    (issue,) = answer.get_json(force=True)["issue"]
    assert issue["diagnostics"] == say("problems.label-by-rule", language, label="NORDSCLCD")
