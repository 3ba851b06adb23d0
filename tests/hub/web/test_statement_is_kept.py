"""What the CapabilityStatement lists is answered, and what it does not list is not: each interaction, operation, search parameter,
include and form of a patch, of each type. https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import pytest
from flask import Flask

from hub.errors import HubError
from hub.fhir import Resource
from hub.fhir.search_definitions import search_definitions
from hub.search import parse
from hub.search.matching import MODIFIERS
from hub.search.parameters import EVERYWHERE, PARAMETERS
from hub.web.interactions import OPERATIONS
from tests.support.parties import Party

Parties = Callable[..., Party]

NOBODY: Final = "00000000-0000-4000-8000-00000000dead"
STRICT: Final = {"Prefer": "handling=strict"}
PATCH: Final = {"Content_Type": "application/json-patch+json"}
STEPS: Final = [{"op": "replace", "path": "/status", "value": "x"}]
NOT_SERVED: Final = ("Medication", "Account", "Basic", "Bundle", "Binary", "Parameters", "OperationOutcome", "Moon")
FORMS: Final = {
    "token": "a", "reference": "x", "date": "2025", "number": "1", "quantity": "1", "string": "aa", "uri": "http://a.example/b",
    "special": "33|-7|1|km",
}  # fmt: skip
MODIFIED: Final = {
    "missing": "true",
    "in": "http://hl7.org/fhir/ValueSet/task-status",
    "not-in": "http://hl7.org/fhir/ValueSet/task-status",
    "above": "http://hl7.org/fhir/task-status|ready",
    "below": "http://hl7.org/fhir/task-status|ready",
    "of-type": "a|b|c",
}


@cache
def _metadata(app: Flask) -> Resource:
    with app.test_client() as http:
        found: Resource = http.get("/fhir/metadata").json or {}
    return found


@pytest.fixture
def resources(app: Flask) -> list[Resource]:
    found: list[Resource] = _metadata(app)["rest"][0]["resource"]
    return found


@pytest.fixture
def amal(party: Parties) -> Party:
    return party("amal")


def _asked(type_: str) -> dict[str, tuple[str, str, Any, dict[str, str], set[int]]]:
    """Interaction → method, address, body and headers of one about nobody; and how it is answered where it is served."""
    one, body = f"{type_}/{NOBODY}", {"resourceType": type_}
    return {
        "read": ("GET", one, None, {}, {404}),
        "vread": ("GET", f"{one}/_history/1", None, {}, {404}),
        "history-instance": ("GET", f"{one}/_history", None, {}, {404}),
        "history-type": ("GET", f"{type_}/_history", None, {}, {200}),
        "search-type": ("GET", type_, None, {}, {200}),
        "create": ("POST", type_, body, {}, {403, 422}),
        "update": ("PUT", one, {**body, "id": NOBODY}, {"If_Match": 'W/"1"'}, {404, 422}),
        "patch": ("PATCH", one, STEPS, PATCH | {"If_Match": 'W/"1"'}, {404}),
        "delete": ("DELETE", one, None, {}, {204, 404}),
    }


def _of(resource: Resource) -> set[str]:
    return {one["code"] for one in resource.get("interaction", ())}


def test_each_type_answers_the_interactions_that_are_listed_and_no_others(
    amal: Party, resources: list[Resource]
) -> None:
    listed = {one["type"]: _of(one) for one in resources} | {type_: set() for type_ in NOT_SERVED}
    for type_, codes in listed.items():
        for code, (method, path, body, headers, served) in _asked(type_).items():
            answer = amal.send(method, f"/fhir/{path}", body, **headers)
            if code in codes:
                assert answer.status_code in served, (type_, code, answer.text)
            else:
                said = (answer.status_code, (answer.json or {})["issue"][0]["code"])
                assert said in {(404, "not-supported"), (405, "not-supported")}, (type_, code, answer.text)


def test_each_type_answers_the_conditions_that_are_listed_and_no_others(amal: Party, resources: list[Resource]) -> None:
    for one in (one for one in resources if one.get("searchParam") and "conditionalUpdate" in one):
        type_, where = one["type"], f"/fhir/{one['type']}?_id={NOBODY}"
        body = {"resourceType": type_}
        changed = {"If_Match": 'W/"1"'} if one["versioning"] == "versioned-update" else {}
        statuses = {
            "conditionalCreate": amal.send("POST", f"/fhir/{type_}", body, If_None_Exist=f"_id={NOBODY}").status_code,
            "conditionalUpdate": amal.send("PUT", where, body, **changed).status_code,
            "conditionalPatch": amal.send("PATCH", where, STEPS, **PATCH, **changed).status_code,
            "conditionalDelete": amal.send("DELETE", where).status_code,
        }
        create, update = one["conditionalCreate"], one["conditionalUpdate"]
        assert (statuses["conditionalCreate"] == 405) != create, (type_, statuses)
        assert (statuses["conditionalUpdate"] == 405) == (not (update and create)), (
            type_,
            statuses,
        )  # nothing is found
        assert statuses["conditionalPatch"] == (404 if "patch" in _of(one) else 405), (type_, statuses)
        assert statuses["conditionalDelete"] == (204 if one["conditionalDelete"] == "single" else 405), type_
        assert one["updateCreate"] is False and one["conditionalRead"] == "full-support"
        unversioned = amal.send("PUT", f"/fhir/{type_}/{NOBODY}", {**body, "id": NOBODY})
        is_required = (unversioned.json or {})["issue"][0]["code"] == "required" and unversioned.status_code == 400
        assert one["versioning"] == ("versioned-update" if is_required else "versioned"), type_


# --- operations ------------------------------------------------------------------------------------------------------


def test_each_type_answers_the_operations_that_are_listed_and_no_others(
    app: Flask, amal: Party, resources: list[Resource]
) -> None:
    (rest,) = _metadata(app)["rest"]
    listed = {one["type"]: {op["name"] for op in one.get("operation", ())} for one in resources}
    of_all = {one["name"] for one in rest["operation"]}
    names = set().union(*listed.values(), of_all, {"apply", "convert", "graph", "lastn", "stats"})
    assert {one.name for one in OPERATIONS} <= names
    for type_, own in listed.items():
        answered = {name for name in names if any(_is_operation(amal, path) for path in _addresses(type_, name))}
        assert answered - own <= {"validate"} and own <= answered, type_  # what is not stored can be validated too
    answered = {name for name in names if _is_operation(amal, f"/fhir/${name}")}
    assert answered == {"meta", "import-register", "export"} <= of_all
    of_each = set.intersection(*(listed[type_] for type_ in PARAMETERS))
    assert of_all == answered | of_each, "and what is asked of every type"


def _addresses(type_: str, name: str) -> Iterator[str]:
    yield f"/fhir/{type_}/${name}"
    yield f"/fhir/{type_}/{NOBODY}/${name}"


def _is_operation(party: Party, path: str) -> bool:
    """Whether there is an operation here, whatever it says to who asks nothing of it."""
    answer = party.send("PUT", path, {})  # by which no operation is asked
    said = (answer.json or {})["issue"][0]["code"]
    assert (answer.status_code, said) in {(404, "not-supported"), (405, "not-supported")}, path
    return answer.status_code == 405 and "POST" in answer.headers.get("Allow", "")


# --- searching -------------------------------------------------------------------------------------------------------


def _value(type_: str, name: str) -> str:
    found = EVERYWHERE.get(name) or PARAMETERS[type_][name]
    return "$".join(FORMS[one.type] for one in found.components or (found,))


def test_each_search_parameter_that_is_listed_is_answered(amal: Party, resources: list[Resource]) -> None:
    asked = 0
    for one in (one for one in resources if one["type"] in PARAMETERS):
        for said in one["searchParam"]:
            name, type_ = said["name"], one["type"]
            form = (
                (":missing", "true")
                if said.get("documentation") == "Encrypted: :missing"
                else ("", _value(type_, name))
            )
            answer = amal.send(
                "POST", f"/fhir/{type_}/_search", f"{name}{form[0]}={form[1]}&_count=0", **_FORM, **STRICT
            )
            assert answer.status_code == 200, (type_, name, answer.text)
            asked += 1
    assert asked > 400


_FORM: Final = {"Content_Type": "application/x-www-form-urlencoded"}


def test_no_search_parameter_that_is_not_listed_is_answered(amal: Party, resources: list[Resource]) -> None:
    """All that R4 has for any type, of each type, and one that nobody has."""
    known = sorted({one.name for some in search_definitions().values() for one in some} | {"colour"})
    for one in (one for one in resources if one["type"] in PARAMETERS):
        listed = {said["name"] for said in one["searchParam"]}
        for name in known:
            if name not in listed:
                with pytest.raises(HubError):
                    parse(one["type"], [(name, "x")], strict=True)
        answer = amal.get(f"/fhir/{one['type']}?colour=red", **STRICT)
        assert answer.status_code == 400, one["type"]


def test_each_modifier_is_answered_that_the_description_tells_of_and_no_other(app: Flask) -> None:
    with app.test_client() as http:
        described: Any = http.get("/openapi.json").json
    every = sorted({one for some in MODIFIERS.values() for one in some} | {"iterate", "code-text", "Moon"})
    for type_ in PARAMETERS:
        for about in described["paths"][f"/fhir/{type_}"]["get"]["parameters"]:
            if "$ref" not in about.get("schema", {}):
                continue
            name = about["name"]
            schema = described["components"]["schemas"][about["schema"]["$ref"].rpartition("/")[2]]
            told = {one.strip(":.,") for one in schema["description"].split() if one.startswith(":")}
            assert told == {one for one in every if _is_answered(type_, name, one)}, (type_, name)


def _is_answered(type_: str, name: str, modifier: str) -> bool:
    kind = (EVERYWHERE.get(name) or PARAMETERS[type_][name]).type
    value = FORMS["uri"] if kind == "uri" and modifier != "missing" else MODIFIED.get(modifier, FORMS.get(kind, "a$b"))
    try:
        parse(type_, [(f"{name}:{modifier}", value)], strict=True)
    except HubError:
        return False
    return True


def test_each_include_is_answered_that_is_listed_and_no_other(amal: Party, resources: list[Resource]) -> None:
    sources = {name: sorted(PARAMETERS[name]) for name in PARAMETERS}
    for one in (one for one in resources if one["type"] in PARAMETERS):
        type_ = one["type"]
        ways = {"_include": one.get("searchInclude", []), "_revinclude": one.get("searchRevInclude", [])}
        for way, listed in ways.items():
            of = {type_: sources[type_]} if way == "_include" else sources
            answered = {
                f"{source}:{name}"
                for source, names in of.items()
                for name in names
                if _includes(type_, way, source, name)
            }
            assert answered == set(listed), (type_, way)
            if listed:
                whole = amal.get(f"/fhir/{type_}?{'&'.join(f'{way}={each}' for each in listed[:20])}", **STRICT)
                assert whole.status_code == 200, whole.text


def _includes(type_: str, way: str, source: str, name: str) -> bool:
    try:
        parse(type_, [(way, f"{source}:{name}")], strict=True)
    except HubError:
        return False
    return True


# --- forms -----------------------------------------------------------------------------------------------------------


def test_each_form_of_a_patch_and_of_an_answer_is_taken_that_is_listed_and_no_other(app: Flask, amal: Party) -> None:
    said = _metadata(app)
    for media in (*said["patchFormat"], "application/xml-patch+xml", "application/fhir+xml", "text/plain"):
        answer = amal.send("PATCH", f"/fhir/Patient/{NOBODY}", "{}", Content_Type=media)
        assert (answer.status_code != 415) == (media in said["patchFormat"]), media
    for format_ in (*said["format"], "xml", "application/fhir+xml", "ttl", "text/turtle"):
        answer = amal.get("/fhir/Patient?_count=0", Accept=format_ if "/" in format_ else "application/fhir+json")
        by_name = amal.get(f"/fhir/Patient?_count=0&_format={format_.replace('+', '%2B')}")
        assert (by_name.status_code == 200) == (format_ in said["format"]), format_
        assert "/" not in format_ or (answer.status_code == 200) == (format_ in said["format"]), format_


def test_what_is_listed_of_the_whole_server_is_answered(app: Flask, amal: Party) -> None:
    (rest,) = _metadata(app)["rest"]
    bundle = {"resourceType": "Bundle", "entry": [{"request": {"method": "GET", "url": "Patient?_count=0"}}]}
    asked = {
        "search-system": amal.get("/fhir?_type=Patient"),
        "history-system": amal.get("/fhir/_history?_count=1"),
        "batch": amal.send("POST", "/fhir", bundle | {"type": "batch"}),
        "transaction": amal.send("POST", "/fhir", bundle | {"type": "transaction"}),
    }
    assert {one["code"] for one in rest["interaction"]} == asked.keys()
    assert {code: answer.status_code for code, answer in asked.items()} == dict.fromkeys(asked, 200)
    assert rest["compartment"] == ["http://hl7.org/fhir/CompartmentDefinition/patient"]
    assert amal.get(f"/fhir/Patient/{NOBODY}/*").status_code == 200
    assert {amal.get(f"/fhir/{type_}/{NOBODY}/Task").status_code for type_ in ("Encounter", "Practitioner")} == {404}
    assert _metadata(app)["fhirVersion"] == "4.0.1"
