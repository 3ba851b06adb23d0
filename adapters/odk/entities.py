"""What became of a referral, in an entity list: workers have it with them, also where there is no network.

https://docs.getodk.org/central-api-entity-management/. Which entity a submission is about is the answer to one of its questions.
Only properties that the list has are written, and always upon the version that was read: what a worker has sent in meanwhile is
read first and stays.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from adapters.odk.asking import PROBLEMS
from adapters.odk.client import Central

UUID: Final = re.compile(r"(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
TRIES: Final = 5


def entity_of(answer: object) -> str:
    """The number of an entity; empty for an answer that is none."""
    found = UUID.fullmatch(answer.strip()) if isinstance(answer, str) else None
    return found[1].lower() if found else ""


def properties(answers: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """By the name of the question, of those that the list has."""
    named = {path.rpartition("/")[2]: value for path, value in answers.items()}
    return {name: value for name, value in named.items() if name in known}


def update(central: Central, entity: str, wanted: Mapping[str, str]) -> None:
    """Nothing where it says so already, or where the entity is no more. Raises Retriable where others keep changing it."""
    for _ in range(TRIES):
        found = central.entity(entity)
        if found is None:
            return
        version, data = _current(found)
        changed = {name: value for name, value in wanted.items() if data.get(name, "") != value}
        if not changed or central.change_entity(entity, version, changed):
            return
    raise PROBLEMS.later("busy")


def _current(found: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    current = found.get("currentVersion")
    version, data = (current.get("version"), current.get("data")) if isinstance(current, Mapping) else (None, None)
    if isinstance(version, bool) or not isinstance(version, int) or not isinstance(data, Mapping):
        raise PROBLEMS.not_understood
    return version, data
