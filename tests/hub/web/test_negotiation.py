"""What form of answer a request asks for, and what stands in its headers."""

from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from hub.errors import BAD_PARAMETER, NOT_ACCEPTABLE, UNSUPPORTED_MEDIA, HubError
from hub.web.negotiation import answer_media, expected_version, preferences, require_media

FHIR, JSON = "application/fhir+json", "application/json"


def asked(path: str = "/fhir/Task", **headers: str) -> Request:
    spelled = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request(EnvironBuilder(path=path, headers=spelled).get_environ())


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (FHIR, FHIR),
        (JSON, JSON),
        ("*/*", FHIR),
        ("application/*", FHIR),
        ("text/html,application/xhtml+xml,*/*;q=0.8", FHIR),
        ("application/fhir+json; fhirVersion=4.0", FHIR),
        ("application/fhir+xml, application/fhir+json;q=0.5", FHIR),
        ("application/json;q=0.9, application/fhir+json", FHIR),
    ],
)
def test_json_is_given_to_whoever_accepts_it(accept: str, media: str) -> None:
    assert answer_media(asked(Accept=accept)) == media


def test_without_accept_the_answer_is_fhir_json() -> None:
    assert answer_media(asked()) == FHIR


@pytest.mark.parametrize(
    "accept", ["application/fhir+xml", "text/html", "application/fhir+json; fhirVersion=5.0", "application/json;q=0"]
)
def test_what_cannot_be_given_is_told(accept: str) -> None:
    with pytest.raises(HubError) as problem:
        answer_media(asked(Accept=accept))
    assert problem.value.problem is NOT_ACCEPTABLE


@pytest.mark.parametrize(
    "value", ["json", "application/json", "application/fhir%2Bjson", "application/fhir+json", "text/json"]
)
def test_format_beats_accept(value: str) -> None:
    assert answer_media(asked(f"/fhir/Task?_format={value}", Accept="application/fhir+xml")) == FHIR


@pytest.mark.parametrize("value", ["xml", "application/fhir+xml", "ttl", ""])
def test_an_unsupported_format_is_refused_whatever_accept_says(value: str) -> None:
    with pytest.raises(HubError) as problem:
        answer_media(asked(f"/fhir/Task?_format={value}", Accept=FHIR))
    assert problem.value.problem is NOT_ACCEPTABLE


@pytest.mark.parametrize(
    "media", ["application/fhir+json", "application/fhir+json; charset=UTF-8", "application/json; fhirVersion=4.0"]
)
def test_a_body_may_be_json_in_utf8(media: str) -> None:
    require_media(asked(Content_Type=media), FHIR, JSON)


@pytest.mark.parametrize(
    "media",
    [
        "",
        "text/plain",
        "application/fhir+xml",
        "application/json; charset=latin-1",
        "application/fhir+json; fhirVersion=5.0",
    ],
)
def test_any_other_body_is_refused(media: str) -> None:
    with pytest.raises(HubError) as problem:
        require_media(asked(Content_Type=media), FHIR, JSON)
    assert problem.value.problem is UNSUPPORTED_MEDIA


def test_preferences_are_read_and_unknown_ones_ignored() -> None:
    assert preferences(asked()).body == "representation"
    assert preferences(asked(Prefer="return=minimal")).body == "minimal"
    assert preferences(asked(Prefer="return=OperationOutcome, handling=strict")).body == "OperationOutcome"
    assert preferences(asked(Prefer="respond-async; handling=strict")).strict
    assert not preferences(asked(Prefer="handling=lenient, return=everything")).strict


@pytest.mark.parametrize(("header", "version"), [('W/"3"', 3), ('"3"', 3), ("*", "*"), (" * ", "*")])
def test_if_match_names_a_version_or_anything_that_is_there(header: str, version: Any) -> None:
    assert expected_version(asked(If_Match=header)) == version
    assert expected_version(asked()) is None


@pytest.mark.parametrize("header", ["3", 'W/"x"', 'W/"1", W/"2"', "W/3", '""'])
def test_a_malformed_if_match_is_refused(header: str) -> None:
    with pytest.raises(HubError) as problem:
        expected_version(asked(If_Match=header))
    assert problem.value.problem is BAD_PARAMETER
