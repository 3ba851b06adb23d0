"""What R4 promises of every interaction: HEAD, Prefer, tags, and nothing dropped in silence. https://hl7.org/fhir/R4/http.html"""

from collections.abc import Callable
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.store import MongoStore
from tests.support.parties import Party
from tests.support.shared_case import PATCH, SharedCase, share, stored

TAG = {"system": "http://example.org/tags", "code": "seen"}


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


@pytest.mark.parametrize(
    "path",
    ["/fhir/{}", "/fhir/{}/_history/1", "/fhir/{}/_history", "/fhir/Observation", "/fhir/_history", "/fhir/metadata"],
)
def test_head_is_get_without_a_body_and_leaves_the_same_trace(case: SharedCase, store: MongoStore, path: str) -> None:
    address = path.format(case.incident)

    def trace() -> int:
        return store.database.AuditEvent.count_documents({"person": case.patient.partition("/")[2]})

    began = trace()
    get = case.reader.get(address)
    between = trace()
    head = case.reader.send("HEAD", address)
    assert (head.status, head.data) == (get.status, b"")
    for name in ("Content-Type", "ETag", "Last-Modified", "Cache-Control"):
        assert head.headers.get(name) == get.headers.get(name)
    assert trace() - between == between - began


@pytest.mark.parametrize(
    "change",
    [
        {"unheardOf": True},
        {"modifierExtension": [{"url": "http://example.org/negation", "valueBoolean": True}]},
        {"_unheardOf": {"id": "x"}},
    ],
)
def test_what_is_not_understood_is_refused_and_never_dropped(
    party: Callable[..., Party], survivor: Resource, change: dict[str, Any]
) -> None:
    amal = party("amal")
    assert amal.send("POST", "/fhir/Patient", survivor | change).status == "422 Unprocessable Entity"
    one = stored(amal, survivor)
    path = f"/fhir/Patient/{one['id']}"
    assert amal.send("PUT", path, one | change).status == "422 Unprocessable Entity"
    merge = {"Content_Type": "application/merge-patch+json"}
    assert amal.send("PATCH", path, change, **merge).status == "422 Unprocessable Entity"
    assert amal.get(path).headers["ETag"] == 'W/"1"'


def test_an_update_adds_tags_and_a_patch_takes_them_away(party: Callable[..., Party], survivor: Resource) -> None:
    amal = party("amal")
    one = stored(amal, survivor | {"meta": {**survivor["meta"], "tag": [TAG]}})
    path = f"/fhir/Patient/{one['id']}"
    other = {**TAG, "code": "other"}
    without = {**one, "meta": {"profile": one["meta"]["profile"], "tag": [other]}}
    updated = amal.send("PUT", path, without)
    assert (updated.json or {})["meta"]["tag"] == [TAG, other]
    patched = amal.send("PATCH", path, [{"op": "remove", "path": "/meta/tag/0"}], **PATCH)
    assert (patched.json or {})["meta"]["tag"] == [other]


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (PATCH["Content_Type"], [{"op": "remove", "path": "/meta/tag"}]),
        ("application/merge-patch+json", '{"meta": {"tag": null}}'),
        (
            "application/fhir+json",
            {
                "resourceType": "Parameters",
                "parameter": [
                    {
                        "name": "operation",
                        "part": [
                            {"name": "type", "valueCode": "delete"},
                            {"name": "path", "valueString": "Patient.meta.tag[0]"},
                        ],
                    }
                ],
            },
        ),
    ],
)
def test_the_last_tag_is_taken_away_by_each_form_of_a_patch(
    party: Callable[..., Party], survivor: Resource, media: str, body: Any
) -> None:
    amal = party("amal")
    one = stored(amal, survivor | {"meta": {**survivor["meta"], "tag": [TAG]}})
    path = f"/fhir/Patient/{one['id']}"
    patched = amal.send("PATCH", path, body, Content_Type=media)
    assert (patched.status_code, patched.headers["ETag"]) == (200, 'W/"2"'), patched.text
    without = {name: value for name, value in one["meta"].items() if name not in {"tag", "versionId", "lastUpdated"}}
    assert without.items() <= (patched.json or {})["meta"].items() and "tag" not in (patched.json or {})["meta"]


def test_an_update_adds_labels_and_lowers_none_and_the_same_again_is_the_same(
    party: Callable[..., Party], survivor: Resource
) -> None:
    """https://hl7.org/fhir/R4/resource.html#tag-updates: also where it says of labels, or of a tag, something else."""
    amal = party("amal")
    one = stored(amal, survivor | {"meta": {**survivor["meta"], "tag": [TAG]}})
    path, very = f"/fhir/Patient/{one['id']}", {"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": "V"}
    added = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"security": [very]}}]}
    assert amal.send("POST", f"{path}/$meta-add", added).status_code == 200
    before = (amal.get(path).json or {})["meta"]
    assert very in before["security"]
    own = {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "CEL"}
    said = {"profile": one["meta"]["profile"], "security": [own], "tag": [{**TAG, "display": "said otherwise"}]}
    for _ in range(2):
        updated = amal.send("PUT", path, {**one, "meta": said})
        after = (updated.json or {})["meta"]
        assert (after["security"], after["tag"]) == ([*before["security"], own], [TAG])
        assert after["versionId"] == "3"


@pytest.mark.parametrize(
    ("preference", "kind"),
    [("return=minimal", ""), ("return=OperationOutcome", "OperationOutcome"), ("colour=red", "Observation")],
)
def test_what_is_preferred_is_given_and_where_it_is_said_always(case: SharedCase, preference: str, kind: str) -> None:
    body = {**(case.keeper.get(f"/fhir/{case.incident}").json or {}), "status": "amended"}
    answer = case.keeper.send("PUT", f"/fhir/{case.incident}", body, Prefer=preference)
    assert answer.status_code == 200
    assert answer.headers["Location"].endswith(f"{case.incident}/_history/2")
    assert answer.headers["ETag"] == 'W/"2"'
    if kind:
        assert (answer.json or {})["resourceType"] == kind
    else:
        assert (answer.data, answer.headers["Content-Length"], answer.content_type) == (b"", "0", None)


@pytest.mark.parametrize(
    "spelling", ["json", "application/json", "application/fhir%2Bjson", "application/fhir+json", "text/json"]
)
def test_the_format_of_the_address_beats_the_header(case: SharedCase, spelling: str) -> None:
    for path in (case.incident, f"{case.incident}/_history", f"{case.incident}/_history/1"):
        answer = case.keeper.get(f"/fhir/{path}?_format={spelling}&_pretty=true", Accept="application/fhir+xml")
        assert answer.status_code == 200
        assert answer.content_type == "application/fhir+json; charset=utf-8"
        assert answer.text.count("\n") > 5
    assert case.keeper.get(f"/fhir/{case.incident}/_history?_format=xml").status == "406 Not Acceptable"
