"""$export: kick-off, status, cancel and files of a bulk export of the system, of all patients, or of the members of a Group.

https://hl7.org/fhir/uv/bulkdata/export.html. A delivery worker does the work; where none runs, each look at the status does a
step of it, so that a hub of one process needs nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
from flask import Flask, Request, Response, request
from werkzeug.http import http_date

from hub.errors import BROKEN, SCOPE_LACKING, HubError
from hub.exchange import export
from hub.fhir.issues import Issue
from hub.fhir.serial import dumps
from hub.oauth import scopes
from hub.ports import Caller, Export, Wanted
from hub.texts import choose_language
from hub.web.answers import said
from hub.web.asker import asker
from hub.web.export_asked import Asked, reaches, read
from hub.web.export_files import address, file, manifest
from hub.web.negotiation import FHIR_JSON, JSON, answer_media
from hub.web.service import Service

RETRY_S: Final = 1
SYSTEM: Final = ""
DEFINITIONS: Final = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
INSTANTIATES: Final = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"


@dataclass(frozen=True)
class Level:
    """What is exported: `type` "" is the whole system. As `hub.web.operations.Operation`, for the CapabilityStatement."""

    type: str
    rule: str
    definition: str
    name: str = "export"
    of_records: bool = True


LEVELS: Final = (
    Level(SYSTEM, "/fhir/$export", f"{DEFINITIONS}/export"),
    Level("Patient", "/fhir/Patient/$export", f"{DEFINITIONS}/patient-export"),
    Level("Group", "/fhir/Group/<id_>/$export", f"{DEFINITIONS}/group-export"),
)
STATUS: Final = "/fhir/$export/<job>"
FILE: Final = "/fhir/$export/<job>/<int:number>"

Answer = Callable[..., Response]


def register(app: Flask, service: Service) -> None:
    def route(rule: str, methods: list[str], answer: Answer) -> None:
        def view(**named: str | int) -> Response:
            return answer(request, asker(request, service), service, **named)

        app.add_url_rule(rule, f"export {methods[0]} {rule}".replace(".", "_"), view, methods=methods)

    for level in LEVELS:
        route(level.rule, ["GET", "POST"], _of(level))
    route(STATUS, ["GET"], status)
    route(STATUS, ["DELETE"], cancel)
    route(FILE, ["GET"], file)


def _of(level: Level) -> Answer:
    return lambda request, caller, service, id_="": kick_off(level, id_, request, caller, service)


def kick_off(level: Level, id_: str, request: Request, caller: Caller, service: Service) -> Response:
    """202, with the address of the status; what was ignored is said."""
    answer_media(request)
    asked = read(request, caller, of_people=level.type != SYSTEM)
    wanted = Wanted(
        request=service.base + request.full_path.removeprefix("/fhir").rstrip("?"),
        base=service.base,
        types=tuple(asked.types),
        since=asked.since,
        filters=asked.filters,
        of_people=level.type != SYSTEM,
        persons=_persons(level, id_, asked, caller, service),
        patients=asked.patients,
        elements=tuple(asked.elements),
    )
    for type_ in asked.filters:
        list(export.queries(type_, wanted))  # what is not understood is said at once
    begun = export.begin(wanted, caller, hub=service.hub, issues=_ignored(asked))
    answer = Response(_told(_ignored(asked), request), 202, content_type=f"{FHIR_JSON}; charset=utf-8")
    answer.headers["Content-Location"] = address(begun, service)
    return answer


def _persons(level: Level, id_: str, asked: Asked, caller: Caller, service: Service) -> frozenset[str] | None:
    """Whose records: of a Group its members, and of whoever was named these alone."""
    if asked.patients and not reaches(caller, "Patient"):
        raise HubError(SCOPE_LACKING, expected=f"{'user' if caller.practitioner else 'system'}/Patient.rs")
    named = frozenset(asked.patients)
    if level.type != "Group":
        return named or None
    members = _members(id_, caller, service)
    return members & named if named else members


def _members(id_: str, caller: Caller, service: Service) -> frozenset[str]:
    if not scopes.permits(caller.scopes, "Group", "read"):
        raise HubError(SCOPE_LACKING, expected=f"{'user' if caller.practitioner else 'system'}/Group.r")
    return export.members(id_, caller, hub=service.hub)


def _ignored(asked: Asked) -> list[Issue]:
    names = ", ".join(dict.fromkeys(asked.ignored))
    return [Issue("warning", "not-supported", "web.ignored-parameters", params={"parameters": names})] if names else []


def _told(ignored: list[Issue], request: Request) -> str:
    issues = ignored or [Issue("information", "informational", "exports.begun")]
    return dumps(said(issues, choose_language(request.headers.get("Accept-Language"))))


def status(request: Request, caller: Caller, service: Service, job: str) -> Response:
    """202 while it is under way, 200 with the manifest when it is done."""
    answer_media(request)
    found = export.find(job, caller, hub=service.hub)
    if found.state == "running":
        found = _worked(found, caller, service)
    if found.state == "failed":
        raise HubError(BROKEN, text="exports.failed")
    if found.state == "running":
        answer = Response("", 202)
        answer.headers["X-Progress"] = f"{found.place}/{len(found.wanted.stages)}"
        answer.headers["Retry-After"] = str(RETRY_S)
        return answer
    answer = Response(orjson.dumps(manifest(found, service)), content_type=JSON)
    answer.headers["Expires"] = http_date(found.until)
    return answer


def _worked(found: Export, caller: Caller, service: Service) -> Export:
    """At most as many lines as one file has, and no more, while nobody else is at it."""
    left = service.hub.exports.lines
    while left > 0 and (lines := export.advance(scopes.narrowings, hub=service.hub, id_=found.id)) is not None:
        left -= lines
    return export.find(found.id, caller, hub=service.hub)


def cancel(request: Request, caller: Caller, service: Service, job: str) -> Response:
    """202; after it, for its client too, the export never was."""
    answer_media(request)
    export.cancel(export.find(job, caller, hub=service.hub), hub=service.hub)
    return Response("", 202)
