"""Whose turn it is: work that one process of a deployment does at a time, and the persons who are due.

A turn has an end, so that it passes on when its holder dies: https://martinfowler.com/articles/patterns-of-distributed-systems/lease.html.
What is done in a turn must bear to be done twice, as the end may come before the holder notices. Who is marked as due has another
revision, so that no act that was computed before overwrites the mark.
"""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from hub.store.schema import Mongo, only


def due_persons(database: Mongo, now: datetime, limit: int) -> list[str]:
    """First those of whom nothing is known, as persons that were stored before this was kept."""
    wanted = {"$or": [{"n": None}, {"n": {"$lte": now}}]}
    return [found["_id"] for found in database.persons.find(wanted, {"_id": 1}).sort("n").limit(limit)]


def follow_rules(database: Mongo, signature: str) -> bool:
    """The persons are marked first: whoever dies in between leaves it to be done again."""
    found = database.settings.find_one({"_id": "rules"})
    if found and found["version"] == signature:
        return False
    known = {"$or": [{"n": {"$ne": None}}, {"s": {"$exists": True}}]}
    database.persons.update_many(known, {"$set": {"n": None}, "$unset": {"s": ""}, "$inc": {"r": 1}})
    database.settings.replace_one({"_id": "rules"}, {"version": signature}, upsert=True)
    return True


def follow_directory(database: Mongo) -> bool:
    """By the last change of the services, also of one that is deleted. As `follow_rules`: the persons are marked first."""
    last = database.HealthcareService.find_one({}, {"at": 1, "v": 1}, sort=[("at", -1), ("_id", -1)])
    version = f"{last['_id']}/{last['v']} {last['at']}" if last else ""
    found = database.settings.find_one({"_id": "directory"})
    if found and found["version"] == version:
        return False
    open_to_claim = {only("Task"): "requested", "x.owner": {"$exists": False}}
    persons = database.Task.distinct("person", open_to_claim)
    database.persons.update_many({"_id": {"$in": persons}}, {"$set": {"n": None}, "$inc": {"r": 1}})
    database.settings.replace_one({"_id": "directory"}, {"version": version}, upsert=True)
    return True


def take(database: Mongo, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """True when nobody else holds it now; the holder may take it again, which makes it longer."""
    free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$lte": now}}]}
    try:
        database.turns.update_one(free, {"$set": {"holder": holder, "until": until}}, upsert=True)
    except DuplicateKeyError:  # it is there, and somebody else's
        return False
    return True


def end(database: Mongo, name: str, holder: str) -> None:
    database.turns.delete_one({"_id": name, "holder": holder})
