"""What form the answer takes and what the request asks beside its address: `_format`, Accept, Prefer, If-Match.

https://hl7.org/fhir/R4/http.html#mime-type · https://hl7.org/fhir/R4/http.html#ops
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from flask import Request

from hub.errors import BAD_PARAMETER, NOT_ACCEPTABLE, UNSUPPORTED_MEDIA, HubError
from hub.exchange.change import ANYTHING, Expected

FHIR_JSON: Final = "application/fhir+json"
JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
FORM: Final = "application/x-www-form-urlencoded"

HTTP_PARAMETERS: Final = frozenset({"_format", "_pretty"})
"""Parameters that belong to HTTP and not to the search."""

_FORMATS: Final = {"json", "text/json", JSON, FHIR_JSON, "application/fhir json"}  # a `+` in a URL arrives as a space
_ANSWERS: Final = {
    FHIR_JSON: FHIR_JSON,
    JSON: JSON,
    "text/json": JSON,
    "*/*": FHIR_JSON,
    "application/*": FHIR_JSON,
    "text/*": JSON,
    "": FHIR_JSON,
}
_ETAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"', re.ASCII)
_PREFERENCE: Final = re.compile(r"(?<![\w-])(return|handling)\s*=\s*\"?(\w+)", re.IGNORECASE)
_R4: Final = re.compile(r"4\.0(\.\d)?")


def answer_media(request: Request) -> str:
    """The media type of the answer; `_format` beats Accept. Raises NOT_ACCEPTABLE."""
    if "_format" in request.args:
        return media_named(request.args.items(), FHIR_JSON)
    if not request.headers.get("Accept", "").strip(", "):
        return FHIR_JSON
    for entry, quality in request.accept_mimetypes:
        media, _, parameters = entry.lower().partition(";")
        if quality > 0 and media.strip() in _ANSWERS and _is_r4(parameters):
            return _ANSWERS[media.strip()]
    raise HubError(NOT_ACCEPTABLE)


def media_named(pairs: Iterable[tuple[str, str]], unsaid: str) -> str:
    """The media type that `_format` asks among these parameters. Raises NOT_ACCEPTABLE."""
    asked = [value.split(";")[0].strip().lower() for name, value in pairs if name == "_format"]
    if not set(asked) <= _FORMATS:
        raise HubError(NOT_ACCEPTABLE)
    return FHIR_JSON if asked else unsaid


def is_pretty(pairs: Iterable[tuple[str, str]]) -> bool:
    return ("_pretty", "true") in pairs


def require_media(request: Request, *accepted: str) -> None:
    """The body's media type must be one of `accepted`, in UTF-8. Raises UNSUPPORTED_MEDIA."""
    parameters = request.mimetype_params
    charset = parameters.get("charset", "utf-8").lower().strip('"')
    version = parameters.get("fhirversion", parameters.get("fhirVersion", "4.0"))
    if request.mimetype not in accepted or charset not in {"utf-8", "utf8"} or not _R4.fullmatch(version):
        raise HubError(UNSUPPORTED_MEDIA, expected=", ".join(accepted))


def _is_r4(parameters: str) -> bool:
    version = re.search(r"fhirversion=\"?([\d.]+)", parameters)
    return version is None or _R4.fullmatch(version[1]) is not None


Returned = Literal["representation", "minimal", "OperationOutcome"]
_RETURNED: Final[dict[str, Returned]] = {one: one for one in get_args(Returned)}


@dataclass(frozen=True)
class Preferences:
    """https://hl7.org/fhir/R4/http.html#return: what a client would rather have; unknown preferences are ignored. Names are in
    capitals or not, and of what is said twice the first holds: https://www.rfc-editor.org/rfc/rfc7240#section-2"""

    body: Returned
    strict: bool


def preferences(request: Request, unsaid: Returned = "representation") -> Preferences:
    """`unsaid`: what is given back after a change where nothing is said of it."""
    asked: dict[str, str] = {}
    for name, value in _PREFERENCE.findall(request.headers.get("Prefer", "")):
        asked.setdefault(name.lower(), value)
    return Preferences(_RETURNED.get(asked.get("return", ""), unsaid), asked.get("handling") == "strict")


def expected_version(request: Request) -> Expected:
    """What If-Match expects: a version, or anything. Raises BAD_PARAMETER."""
    return expected_by(request.headers.get("If-Match"))


def expected_by(tag: str | None) -> Expected:
    """The same of an If-Match as it was written. Raises BAD_PARAMETER."""
    if tag is None:
        return None
    if tag.strip() == ANYTHING:
        return ANYTHING
    match = _ETAG.fullmatch(tag.strip())
    if match is None:
        raise HubError(BAD_PARAMETER, path="http.If-Match", parameter="If-Match", expected='W/"1"')
    return int(match[1])
