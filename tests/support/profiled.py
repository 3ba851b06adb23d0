"""What the database did meanwhile: its own profile of each operation, https://www.mongodb.com/docs/manual/reference/database-profiler/."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hub.search.parameters import PARAMETERS
from hub.store import MongoStore


@dataclass
class Profile:
    operations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def scans(self) -> list[Any]:
        """Operations that read a whole collection of resources or the whole history."""
        return [one["command"] for one in self._of_resources() if "COLLSCAN" in one.get("planSummary", "")]

    @property
    def examined(self) -> int:
        """Keys and documents of what is searched, not of what is written about it."""
        read = [one for one in self._of_resources() if not one["ns"].endswith(".AuditEvent")]
        return sum(one.get("keysExamined", 0) + one.get("docsExamined", 0) for one in read)

    def _of_resources(self) -> list[dict[str, Any]]:
        return [one for one in self.operations if one["ns"].partition(".")[2] in {*PARAMETERS, "history"}]


@contextmanager
def profiled(store: MongoStore) -> Iterator[Profile]:
    found = Profile()
    store.database.create_collection("system.profile", capped=True, size=64 * 2**20)
    try:
        store.database.command("profile", 2)
        yield found
        store.database.command("profile", 0)
        found.operations = list(store.database["system.profile"].find())
    finally:
        store.database.command("profile", 0)
        store.database.drop_collection("system.profile")
