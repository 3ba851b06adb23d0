"""An association with a register, a hospital it refers to, and a hub with a real database between them."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub import mapping
from hub.directory.organizations import Entry, Names
from hub.exchange import Hub, Page, View, change, disclose
from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Target, Token, Value
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.ports import Caller, Connection, Key, Place, SourceRecord, Watermark
from hub.search.parameters import PARAMETERS
from hub.store import MongoStore

ASSOCIATION, HOSPITAL, COURT = "yasmine", "chu-atlas", "tribunal"
FORM = "spreadsheet/register-fr"
BEGINNING = datetime(2026, 6, 1, 9, tzinfo=UTC)
ROW = {
    "case_number": "12",
    "visit_date": "01/05/2026",
    "survivor_code": "S-7",
    "full_name": "Zineb Alaoui",
    "cin": "AB123456",
    "phone": "0612345678",
    "safe_to_call": "oui",
    "birth_date": "02/03/1990",
    "address": "12, rue des Orangers",
    "province": "Casablanca",
    "violence_types": "physique",
    "request": "soins médicaux",
    "referred_to": "CHU Atlas",
    "urgency": "urgent",
    "consent": "oui",
    "consent_date": "01/05/2026",
    "remarks": "Elle a peur de son mari.",
}


@dataclass
class StillClock:
    """A clock that goes when it is told to."""

    at: datetime = BEGINNING

    def now(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


class RandomIds:
    def new(self) -> str:
        return str(uuid.uuid4())


@dataclass
class Scene:
    hub: Hub
    store: MongoStore
    clock: StillClock
    connection: Connection
    form: mapping.Mapping = field(default_factory=lambda: mapping.load(FORM))

    # the association's side

    def row(self, id_: str = "1", **cells: str | None) -> SourceRecord:
        """A row of the register; `cell=None` is an empty one. Its version changes with its content."""
        content = {name: cell for name, cell in {**ROW, **cells}.items() if cell is not None}
        version = hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()
        return SourceRecord("row", id_, version, content, Place(1, int(id_) + 1), {"row": id_})

    def receive(self, *records: SourceRecord, watermark: Watermark | None = None, **how: Any) -> Receipt:
        return receive(list(records), self.connection, self.form, hub=self.hub, watermark=watermark, **how)

    # what is in the database, for the test alone

    def all(self, type_: str) -> list[Resource]:
        return [
            self.hub.store.read(type_, one["_id"], None).resource()
            for one in self.store.database[type_].find({"erased": {"$exists": False}})
        ]  # type: ignore[union-attr]

    def one(self, type_: str, **where: str) -> Resource:
        (found,) = [one for one in self.all(type_) if all(one.get(name) == value for name, value in where.items())]
        return found

    def keys(self, resource: Resource) -> frozenset[str]:
        """The grants by which organisations other than the association may see it."""
        stored = self.hub.store.read(resource["resourceType"], resource["id"], None)
        assert stored is not None
        return frozenset(key.grant for key in stored.keys if key != Key(f"{ASSOCIATION}|*|*"))

    def everything(self, *but: str) -> dict[str, list[Mapping[str, Any]]]:
        """Every document of every collection."""
        names = sorted(set(self.store.database.list_collection_names()) - set(but))
        return {name: sorted(self.store.database[name].find(), key=lambda one: str(one["_id"])) for name in names}

    def audit(self, action: str = "") -> list[Resource]:
        """AuditEvents, or those of one verb, be it the act itself or what followed from it."""
        return [one for one in self.all("AuditEvent") if not action or action in verbs(one)]

    # callers

    def read(self, reference: str, by: Caller) -> View:
        return disclose.read(*split(reference), by, hub=self.hub)

    def search(self, type_: str, by: Caller, **matches: Value) -> Page:
        asked = [
            Match(name.replace("_", "-"), PARAMETERS[type_][name.replace("_", "-")].type, (value,))
            for name, value in matches.items()
        ]
        return disclose.search(Query(type_, tuple(asked)), by, hub=self.hub)

    def move(self, task: Resource, status: str, by: Caller, **more: Any) -> View:
        """Change a referral as `by`, from the version last seen."""
        seen = self.read(f"Task/{task['id']}", by)
        body = {**task_of(seen), "status": status, **more}
        return change.update("Task", task["id"], body, by, expected=seen.version, hub=self.hub)

    def accepted(self) -> Resource:
        """The referral of the register's row, accepted by the hospital."""
        self.receive(self.row())
        self.move(self.one("Task"), "accepted", hospital())
        return self.one("Task")

    def withdraw(self) -> None:
        consent = self.one("Consent", status="active")
        steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
        change.patch("Consent", consent["id"], steps, association(), expected=None, hub=self.hub)


def verbs(event: Resource) -> list[str]:
    return [subtype["code"] for subtype in event["subtype"][1:]]


def association(purpose: str = "COC") -> Caller:
    return Caller("yasmine-system", ASSOCIATION, purpose)


def hospital(purpose: str = "COC") -> Caller:
    return Caller("chu-system", HOSPITAL, purpose)


def court() -> Caller:
    return Caller("court-system", COURT, "COC")


def task_of(view: View) -> Resource:
    found: Resource = loads(view.text)
    return found


def reason(code: str) -> Resource:
    coding = {"system": code_system("referral-status-reason"), "code": code}
    return {"statusReason": {"coding": [coding], "text": "Dit par la structure."}}


def outcome(code: str = "service-provided") -> Resource:
    kind = {"coding": [{"system": code_system("task-output"), "code": "outcome"}]}
    value = {"coding": [{"system": code_system("referral-outcome"), "code": code}]}
    return {"output": [{"type": kind, "valueCodeableConcept": value}]}


def to(type_: str, id_: str) -> Target:
    return Target(type_, id_)


def code(value: str, system: str | None = None) -> Token:
    return Token(system, value)


def scene(store: MongoStore, folder: Path) -> Scene:
    clock = StillClock()
    names = Names(
        [
            Entry(ASSOCIATION, "association", {"fr": "Yasmine"}, "MA-CAS"),
            Entry(HOSPITAL, "hospital-unit", {"fr": "CHU Atlas"}, "MA-CAS"),
            Entry(COURT, "court-unit", {"fr": "Tribunal"}, "MA-CAS"),
        ]
    )
    hub = Hub(store, clock, RandomIds(), names, b"a pepper that only this test knows")
    form = mapping.load(FORM)
    settings = {"path": "register.xlsx", "output": "follow-up", "language": "fr"}
    connection = Connection(
        "register", ASSOCIATION, "spreadsheet", FORM, settings, folder, form.layout(), secret=lambda name: ""
    )
    return Scene(hub, store, clock, connection, form)
