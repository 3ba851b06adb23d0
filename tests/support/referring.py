"""Referrals over HTTP: an association that keeps one survivor's records, those who could help, each with a token of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from hub.directory.organizations import Names
from hub.exchange import Hub
from hub.exchange.publish import publish
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.ports import Registry
from hub.store import MongoStore
from hub.web.app import create_app
from tests.support.accompanied import consent_of
from tests.support.consents import permit
from tests.support.network import CLASSES, ENTRIES, KEEPER, need, survivor
from tests.support.parties import Addresses, Clock, Party, RandomIds, register
from tests.support.services import service

CODE_TYPE, CODES = code_system("identifier-type"), identifier_system("survivor-code")


@dataclass
class Referring:
    """`person`, `need`, `consent`: ids that the hub gave."""

    app: Flask
    registry: Registry
    hub: Hub
    person: str = ""
    need: str = ""
    consent: str = ""
    parties: dict[str, Party] = field(default_factory=dict)

    def by(self, organization: str) -> Party:
        if organization not in self.parties:
            self.parties[organization] = register(self.app, self.registry, organization)
        return self.parties[organization]

    def create(self, organization: str, resource: Resource) -> Resource:
        sent = {name: value for name, value in resource.items() if name != "id"}
        answer = self.by(organization).send("POST", f"/fhir/{resource['resourceType']}", sent)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def read(self, organization: str, reference: str) -> Resource:
        answer = self.by(organization).get(f"/fhir/{reference}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def status(self, organization: str, reference: str) -> int:
        return self.by(organization).get(f"/fhir/{reference}").status_code

    def move(self, organization: str, task: str, status: str, **more: Any) -> Resource:
        """The next version of what this organisation reads, under `If-Match`."""
        seen = self.read(organization, f"Task/{task}")
        answer = self.put(organization, {**seen, "status": status, **more}, f'W/"{seen["meta"]["versionId"]}"')
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def put(self, organization: str, resource: Resource, etag: str) -> Any:
        path = f"/fhir/{resource['resourceType']}/{resource['id']}"
        return self.by(organization).send("PUT", path, resource, If_Match=etag)

    def referrals(self, organization: str) -> list[Resource]:
        """All that it sees, the first to be written first."""
        found = self.by(organization).get("/fhir/Task?_sort=authored-on&_count=100").json or {}
        return [one["resource"] for one in found.get("entry", ())]

    def agree(self, *to: str, classes: Sequence[str] = CLASSES) -> str:
        """Her consent that each of these be told and see the same."""
        said = consent_of(f"Patient/{self.person}", *(permit(one, classes) for one in to))
        said |= {"organization": [{"reference": f"Organization/{KEEPER}"}]}
        return str(self.create(KEEPER, said)["id"])

    def decline(self, on: str = "2026-06-02", need: str = "") -> None:
        """She says that she does not agree that this need be referred."""
        seen = self.read(KEEPER, f"ServiceRequest/{need or self.need}")
        said = {"url": profile("refused-on"), "valueDateTime": on}
        kept = [one for one in seen.get("extension", ()) if one["url"] != said["url"]]
        answer = self.put(KEEPER, seen | {"extension": [*kept, said]}, f'W/"{seen["meta"]["versionId"]}"')
        assert answer.status_code == 200, answer.text

    def ask(self, to: str = "", **more: Any) -> str:
        said = need(to, subject={"reference": f"Patient/{self.person}"}, **more)
        return str(self.create(KEEPER, said)["id"])


def referring(store: MongoStore, registry: Registry) -> Referring:
    """A survivor of the association's; all medical services of the network are in the directory."""
    hub = Hub(store, Clock(), RandomIds(), Names(ENTRIES), b"a pepper that only this test knows")
    medical = [one for one in ENTRIES if "medical" in one.services]
    publish([service(f"{one.id}-care", "medical", one.id, area=[one.province]) for one in medical], hub=hub)
    at = Referring(create_app(hub, registry, Addresses()), registry, hub)
    code = {"type": {"coding": [{"system": CODE_TYPE, "code": "survivor-code"}]}, "system": CODES, "value": "CAS-0042"}
    at.person = str(at.create(KEEPER, survivor() | {"gender": "female", "identifier": [code]})["id"])
    return at
