"""What would stop a pull or an answer, found before one is run: settings, host, credential, version. Nothing is kept of it."""

from collections.abc import Iterator
from typing import Final

from adapters.fhir import around
from adapters.fhir.client import Resource, Server, opened
from adapters.fhir.manifest import MANIFEST
from adapters.fhir.paths import paths
from hub.errors import AdapterError
from hub.fhir.canonicals import profile
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings

REFERRAL: Final = profile("referral")


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when all can run. Nothing is written."""
    yield from unknown_settings(connection, MANIFEST)
    if not paths(connection.layout.columns):
        yield Issue("fatal", "not-supported", "adapters.fhir-no-paths")
    try:
        with opened(connection) as server:
            yield from _server(server, sends=connection.settings.get("send") is True)
    except AdapterError as problem:
        yield stops(problem)


def _server(server: Server, *, sends: bool) -> Iterator[Issue]:
    told = server.look()
    if not str(told.get("fhirVersion", "")).startswith("4.0"):
        yield Issue("warning", "not-supported", "adapters.fhir-other-version")
    if sends and _is_hub(told) is not server.terms.hub:
        text = "adapters.fhir-is-no-hub" if server.terms.hub else "adapters.fhir-is-a-hub"
        yield Issue("fatal", "not-supported", text)
    next(server.pages("Task", [("_count", "1"), *server.terms.search]), None)
    if server.terms.deletions and not server.supports("Task/_history?_count=1"):
        yield Issue("warning", "not-supported", "adapters.fhir-no-history")
    if unsearchable := around.unsearchable(server):
        yield Issue("warning", "not-supported", "adapters.fhir-unsearchable", params={"types": ", ".join(unsearchable)})


def _is_hub(capabilities: Resource) -> bool:
    """Whether it takes referrals as our own profile has them: https://hl7.org/fhir/R4/capabilitystatement.html"""
    try:
        profiles = [one for rest in capabilities["rest"] for type_ in rest["resource"] for one in _supported(type_)]
    except (KeyError, TypeError, AttributeError):
        return False
    return REFERRAL in profiles


def _supported(type_: Resource) -> list[object]:
    return list(type_.get("supportedProfile", ()))
