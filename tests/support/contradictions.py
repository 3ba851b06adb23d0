"""What must hold in a database after any pull, however often it was interrupted; and what two databases have in common."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import orjson
from pymongo.database import Database

from hub.fhir.parts import join

Mongo = Database[dict[str, Any]]
Resource = dict[str, Any]

FROM_RECORDS: Final = ("Patient", "EpisodeOfCare", "Observation", "Consent", "ServiceRequest")
_REFERENCE: Final = re.compile(r'"([A-Z][A-Za-z]+/[0-9a-f-]{36})"')
_OF_ITS_MOMENT: Final = ("id", "identifier", "meta", "authoredOn", "lastModified", "restriction")


def resources(database: Mongo, type_: str) -> dict[str, Resource]:
    """As far as they are not encrypted: ciphertexts are never the same twice."""
    return {f"{type_}/{found['_id']}": orjson.loads(join(found["json"], {})) for found in database[type_].find()}


def contradictions(database: Mongo) -> Iterator[str]:
    """Everything that is missing, or there twice, in one sentence each. Nothing when the database is whole."""
    stored = {type_: resources(database, type_) for type_ in (*FROM_RECORDS, "Task")}
    yield from _ledger(database, {one for type_ in FROM_RECORDS for one in stored[type_]})
    yield from _referrals(database, stored["ServiceRequest"], stored["Task"])
    yield from _told(database, stored)
    yield from _revisions(database, stored)


def _ledger(database: Mongo, stored: set[str]) -> Iterator[str]:
    claims = Counter(pair["r"] for entry in database.ledger.find() for pair in entry["resources"])
    yield from (f"{one} is in the ledger and not stored" for one in claims.keys() - stored)
    yield from (f"{one} is stored and in no ledger entry" for one in stored - claims.keys())
    yield from (f"{one} came from {times} records" for one, times in claims.items() if times > 1)
    named = Counter(entry["r"] for entry in database.identities.find())
    survivors = {one for one in stored if one.startswith("Patient/")}
    yield from (f"{one} has {named[one]} identities" for one in survivors | named.keys() if named[one] != 1)


def _referrals(database: Mongo, needs: dict[str, Resource], tasks: dict[str, Resource]) -> Iterator[str]:
    focused = Counter(task["focus"]["reference"] for task in tasks.values())
    for reference, need in needs.items():
        wanted = 1 if "performer" in need and need["status"] == "active" else 0
        if focused[reference] != wanted:
            yield f"{reference} has {focused[reference]} referrals instead of {wanted}"
    yield from (f"a referral of {one}, which is not stored" for one in focused.keys() - needs.keys())
    queued = Counter(row["reference"] for row in database.outbox.find({"reference": {"$regex": "^Task/"}}))
    sent = {reference for reference, task in tasks.items() if task["status"] == "requested"}
    yield from (f"{one} was put into the outbox {queued[one]} times" for one in sent if queued[one] != 1)
    yield from (f"{one} is in the outbox and was not sent" for one in queued.keys() - sent)


def _told(database: Mongo, stored: dict[str, dict[str, Resource]]) -> Iterator[str]:
    origins = _mentions(database, "Provenance")
    events = _mentions(database, "AuditEvent")
    for type_, found in stored.items():
        for one in found:
            if type_ != "Task" and origins[one] != 1:
                yield f"{one} has {origins[one]} Provenances"
            if not events[one]:
                yield f"{one} is in no AuditEvent"


def _mentions(database: Mongo, type_: str) -> Counter[str]:
    """How many resources of this type mention each reference."""
    return Counter(one for found in database[type_].find() for one in set(_REFERENCE.findall(found["json"])))


def _revisions(database: Mongo, stored: dict[str, dict[str, Resource]]) -> Iterator[str]:
    if old := database.history.count_documents({}):
        yield f"{old} old versions are kept, and none was ever replaced"
    for type_ in stored:
        if later := database[type_].count_documents({"v": {"$ne": 1}}):
            yield f"{later} × {type_} beyond the first version"
        if closed := database[type_].count_documents({"k": []}):
            yield f"{closed} × {type_} that nobody may see"
    persons = {f"Patient/{person['_id']}" for person in database.persons.find({"r": 1})}
    yield from (f"{one} has no compartment at its first revision" for one in stored["Patient"].keys() ^ persons)


def meaning(database: Mongo) -> dict[str, dict[str, Resource]]:
    """What each source record became, in terms that two databases share: ids and instants left out."""
    entries = {entry["_id"]: {pair["n"]: pair["r"] for pair in entry["resources"]} for entry in database.ledger.find()}
    names = {one: local for entry in entries.values() for local, one in entry.items()}
    stored = {one: resource for type_ in FROM_RECORDS for one, resource in resources(database, type_).items()}
    tasks = {task["focus"]["reference"]: task for task in resources(database, "Task").values()}
    told: dict[str, dict[str, Resource]] = {}
    for key, entry in entries.items():
        told[key] = {local: _in_common(stored[one], names) for local, one in entry.items()}
        told[key] |= {f"task of {local}": _in_common(tasks[one], names) for local, one in entry.items() if one in tasks}
    return told


def _in_common(resource: Resource, names: dict[str, str]) -> Resource:
    hidden = _OF_ITS_MOMENT if resource["resourceType"] == "Task" else ("id", "meta")
    text = orjson.dumps({name: value for name, value in resource.items() if name not in hidden}).decode()
    common: Resource = orjson.loads(_REFERENCE.sub(lambda found: f'"{names.get(found[1], found[1])}"', text))
    return common
