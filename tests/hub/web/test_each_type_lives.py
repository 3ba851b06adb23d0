"""One resource of each type that is written here goes through every interaction that the statement lists of its type.

https://hl7.org/fhir/R4/http.html
"""

from collections.abc import Callable
from typing import Any, Final

import pytest
from flask import Flask

from hub.fhir import Resource
from tests.hub.web.test_doors import FOR_EVERYBODY, OF_A_SURVIVOR, OF_AN_ORGANISATION, created, written
from tests.support.accompanied import consent_of
from tests.support.consents import permit
from tests.support.parties import Party

Parties = Callable[..., Party]
TAG: Final = {"system": "https://amal.example/tags", "code": "follow-up"}
PATCH: Final = {"Content_Type": "application/json-patch+json"}
NAMES: Final = (
    *OF_A_SURVIVOR,
    *OF_AN_ORGANISATION,
    *FOR_EVERYBODY,
    "case",
    "incident",
    "outcome",
    "consent-by-class",
)


def _versions(party: Party, path: str, one: str) -> list[tuple[str, str]]:
    """What a history tells of this resource, the newest first."""
    entries = (party.get(f"/fhir/{path}/_history?_count=50").json or {}).get("entry", ())
    return [(e["request"]["method"], e["response"]["etag"]) for e in entries if e["fullUrl"].endswith(f"/{one}")]


def _etags(*numbers: int) -> list[str]:
    return [f'W/"{number}"' for number in numbers]


@pytest.mark.parametrize("name", NAMES)
def test_one_of_each_type_goes_through_every_interaction(
    app: Flask, party: Parties, survivor: Resource, name: str
) -> None:
    amal, nour = party("amal"), party("nour")
    hers = str(created(amal, survivor)["id"])
    consent = consent_of(f"Patient/{hers}", permit("chu", ["core"])) if name == "consent-by-class" else None
    kept = created(amal, consent or written(name, "amal", hers))
    type_, one = kept["resourceType"], f"{kept['resourceType']}/{kept['id']}"
    path, match = f"/fhir/{one}", {"If_Match": 'W/"1"'}
    assert amal.get(path).json == amal.get(f"{path}/_history/1").json == kept
    (found,) = (amal.get(f"/fhir/{type_}?_id={kept['id']}").json or {})["entry"]
    assert found["resource"] == kept

    tagged = amal.send("PUT", path, kept | {"meta": kept["meta"] | {"tag": [TAG]}}, **match)
    assert (tagged.status_code, tagged.headers["ETag"]) == (200, 'W/"2"'), tagged.text
    steps = [{"op": "remove", "path": "/meta/tag"}]
    patched = amal.send("PATCH", path, steps, If_Match='W/"2"', **PATCH)
    assert (patched.status_code, patched.headers["ETag"]) == (200, 'W/"3"'), patched.text
    by_search = amal.send("PATCH", f"/fhir/{type_}?_id={kept['id']}", [{**steps[0], "op": "test", "path": "/id", "value": kept["id"]}],
                          If_Match='W/"3"', **PATCH)  # fmt: skip
    assert (by_search.status_code, by_search.headers["ETag"]) == (200, 'W/"3"'), "nothing has changed"
    assert [_tags(amal, f"{path}/_history/{number}") for number in (1, 2, 3)] == [[], [TAG], []]
    lived = list(zip(("PUT", "PUT", "POST"), _etags(3, 2, 1), strict=True))
    assert _versions(amal, one, one) == _versions(amal, type_, one) == lived

    deleted = amal.send("DELETE", path, If_Match='W/"3"')
    if name == "list" or "delete" not in _listed(app, type_):  # a list of no survivor is kept as an entry is
        assert deleted.status_code == 405
        assert (deleted.headers["Allow"], amal.get(path).status_code) == ("GET, HEAD, OPTIONS, PATCH, PUT", 200)
        assert name != "list" or "retired" in deleted.text
        return
    assert deleted.status_code == 204, deleted.text
    assert [amal.get(f"{path}{below}").status_code for below in ("", "/_history/3", "/_history/4")] == [410, 200, 410]
    assert (amal.get(f"/fhir/{type_}?_id={kept['id']}").json or {})["total"] == 0
    assert _versions(amal, one, one) == _versions(amal, type_, one) == [("DELETE", 'W/"4"'), *lived]
    assert _versions(nour, type_, one) == []
    back = amal.send("PUT", path, kept)
    assert (back.status_code, back.headers["ETag"]) == (201, 'W/"5"'), back.text


def _tags(party: Party, path: str) -> list[Any]:
    return list((party.get(path).json or {})["meta"].get("tag", ()))


def _listed(app: Flask, type_: str) -> set[str]:
    """The interactions that the statement lists."""
    with app.test_client() as http:
        (rest,) = (http.get("/fhir/metadata").json or {})["rest"]
    return {i["code"] for one in rest["resource"] if one["type"] == type_ for i in one["interaction"]}
