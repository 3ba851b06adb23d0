"""batch: every entry as a request of its own; what fails stops no other. https://hl7.org/fhir/R4/http.html#brules"""

from http import HTTPStatus
from typing import Final

import orjson
from flask import Response

from hub.errors import HubError
from hub.fhir.serial import dumps
from hub.web import problems
from hub.web.entries import Entry
from hub.web.inner import Inner
from hub.web.negotiation import FHIR_JSON, FORM
from hub.web.service import Call

_TOLD: Final = (("Location", "location"), ("ETag", "etag"))


def batch(found: list[Entry | HubError], call: Call, within: Inner) -> list[str]:
    """The entries of the batch-response, in the order of the request."""
    return [
        single(one, call, within) if isinstance(one, Entry) else entry_of(problems.answer(one, call.request))
        for one in found
    ]


def single(entry: Entry, call: Call, within: Inner) -> str:
    """One entry answered alone, as an entry of the response: its text is what it would have been."""
    body = b"" if entry.resource is None else dumps(entry.resource).encode()
    headers = {**entry.headers, "Content-Type": FORM if entry.place.endswith("_search") else FHIR_JSON}
    answer = within(call.request, entry.method, entry.url, headers, body)
    if entry.method == "HEAD" or answer.status_code == HTTPStatus.NOT_MODIFIED:  # a server sends no body with either
        answer.set_data(b"")
    return entry_of(answer)


def entry_of(answer: Response) -> str:
    told = {"status": f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"}
    told |= {name: answer.headers[header] for header, name in _TOLD if header in answer.headers}
    if answer.last_modified:
        told["lastModified"] = answer.last_modified.isoformat().replace("+00:00", "Z")
    text = answer.get_data(as_text=True)
    if not text:
        return f'{{"response":{orjson.dumps(told).decode()}}}'
    if answer.status_code >= 400 or text.startswith('{"resourceType":"OperationOutcome"'):
        return f'{{"response":{orjson.dumps(told).decode()[:-1]},"outcome":{text}}}}}'
    return f'{{"resource":{text},"response":{orjson.dumps(told).decode()}}}'
