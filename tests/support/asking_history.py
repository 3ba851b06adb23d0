"""Requests for versions and histories, of what is seen, hidden, deleted, or not there at all."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.support.asked import Ask

if TYPE_CHECKING:
    from tests.support.asking import Asking


def vread(asking: "Asking", type_: str) -> Ask:
    version = asking.chance.choice(["1", "1", "2", "3", "77", "x"])
    return Ask("GET", f"/fhir/{type_}/{asking.id(type_)}/_history/{version}", covers=frozenset({f"{type_} vread"}))


def of_instance(asking: "Asking", type_: str) -> Ask:
    return _history(asking, f"/{type_}/{asking.id(type_)}", f"{type_} history-instance")


def of_type(asking: "Asking", type_: str) -> Ask:
    return _history(asking, f"/{type_}", f"{type_} history-type")


def of_system(asking: "Asking", _: str) -> Ask:
    return _history(asking, "", "history-system")


def _history(asking: "Asking", place: str, covers: str) -> Ask:
    chance = asking.chance
    asked = [("_count", str(chance.randrange(6)))] if chance.random() < 0.5 else []
    if chance.random() < 0.4:
        moment = f"2026-11-20T0{chance.randrange(1, 10)}:00:00Z"
        asked.append(chance.choice([("_since", moment), ("_at", moment), ("_at", "2026-11-20"), ("_since", "x")]))
    return Ask("GET", f"/fhir{place}/_history?{urlencode(asked)}", covers=frozenset({covers}))
