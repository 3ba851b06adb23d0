"""What an export is given as: the manifest and its files, of resources, of deletions, of what could not be delivered.

https://hl7.org/fhir/uv/bulkdata/export.html#response---output-manifest
"""

import gzip
from collections.abc import Iterable
from typing import Final

from flask import Request, Response

from hub.errors import SCOPE_LACKING, HubError
from hub.exchange import export
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.serial import dumps
from hub.fhir.summary import ALL, Wanted, shortened
from hub.ports import Caller, Export, Part
from hub.texts import choose_language
from hub.web.answers import said
from hub.web.export_asked import NDJSON, elements_of, reaches
from hub.web.service import Service

BUNDLE: Final = "Bundle"
OUTCOME: Final = "OperationOutcome"


def address(begun: Export, service: Service) -> str:
    return f"{service.base}/$export/{begun.id}"


def manifest(done: Export, service: Service) -> Resource:
    """Files are numbered from 1; the last one tells what could not be delivered, where there is such."""
    here, files = address(done, service), list(enumerate(done.parts, 1))
    lacking = {"type": OUTCOME, "url": f"{here}/{len(files) + 1}", "count": len(done.issues)}
    return {
        "transactionTime": instant(done.at - export.SETTLES),
        "request": done.wanted.request,
        "requiresAccessToken": True,
        "output": [
            {"type": part.type, "url": f"{here}/{number}", "count": part.count}
            for number, part in files
            if part.kind == "output"
        ],
        "deleted": [
            {"type": BUNDLE, "url": f"{here}/{number}", "count": 1} for number, part in files if part.kind == "deleted"
        ],
        "error": [lacking] if done.issues else [],
    }


def file(request: Request, caller: Caller, service: Service, job: str, number: int) -> Response:
    """One resource a line, as the caller sees it now; nothing of it where any is no longer seen as it was listed."""
    found = export.find(job, caller, hub=service.hub)
    if found.state == "done" and found.issues and number == len(found.parts) + 1:
        language = choose_language(request.headers.get("Accept-Language"))
        return _lines((dumps(said([issue], language)) for issue in found.issues), request)
    part = found.parts[number - 1] if 0 < number <= len(found.parts) else None
    if part and not reaches(caller, part.type):
        raise HubError(SCOPE_LACKING, expected=f"{'user' if caller.practitioner else 'system'}/{part.type}.rs")
    if part and part.kind == "deleted":
        return _lines([_deletions(export.fetch_deleted(found, number, caller, hub=service.hub))], request)
    views = export.fetch(found, number, caller, hub=service.hub)
    wanted = _wanted(found, part)
    return _lines((shortened(view.text, wanted) for view in views), request)


def _wanted(found: Export, part: Part | None) -> Wanted:
    """Of a type of which no element was named, what is mandatory alone."""
    if part is None or not found.wanted.elements:
        return ALL
    return Wanted(elements=frozenset({"id"}) | elements_of(part.type, found.wanted.elements))


def _deletions(references: Iterable[str]) -> str:
    entries = [{"request": {"method": "DELETE", "url": reference}} for reference in references]
    return dumps({"resourceType": BUNDLE, "type": "transaction"} | ({"entry": entries} if entries else {}))


def _lines(lines: Iterable[str], request: Request) -> Response:
    body = "".join(f"{line}\n" for line in lines).encode()
    answer = Response(body, content_type=NDJSON)
    answer.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        answer.set_data(gzip.compress(body, compresslevel=4, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    return answer
