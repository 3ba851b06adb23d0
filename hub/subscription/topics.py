"""The topics that the hub announces, as the contract writes them: SubscriptionTopics of R5 as Basic resources of R4 (pure).

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from hub.fhir import Resource
from hub.fhir.serial import loads

SERVED: Final = ("referral-task", "service-request", "consent-withdrawn")
"""Those of the contract of which the outbox tells."""

_PART: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."


@dataclass(frozen=True)
class Topic:
    """`triggers`: type of the resources that it is about → the search that one of them must meet; `filters`: the search
    parameters of each type by which a subscriber may narrow it."""

    url: str
    triggers: Mapping[str, tuple[tuple[str, str], ...]]
    filters: Mapping[str, frozenset[str]]


@cache
def topics() -> Mapping[str, Topic]:
    """By their canonical URLs."""
    folder = files("profiles") / "subscription-topics"
    found = [_topic(loads((folder / f"{name}.json").read_text("utf-8"))) for name in SERVED]
    return {one.url: one for one in found}


def _topic(basic: Resource) -> Topic:
    triggers = dict(_trigger(one["extension"]) for one in _parts(basic["extension"], f"{_PART}resourceTrigger"))
    filters: dict[str, set[str]] = {type_: set() for type_ in triggers}
    for part in _parts(basic["extension"], f"{_PART}canFilterBy"):
        (about,) = _values(part["extension"], "resource")
        filters[about].update(_values(part["extension"], "filterParameter"))
    (url,) = _values(basic["extension"], f"{_PART}url")
    return Topic(url, triggers, {type_: frozenset(names) for type_, names in filters.items()})


def _trigger(parts: Iterable[Resource]) -> tuple[str, tuple[tuple[str, str], ...]]:
    (about,) = _values(parts, "resource")
    current = [text for part in _parts(parts, "queryCriteria") for text in _values(part["extension"], "current")]
    return about.rsplit("/", 1)[-1], tuple(pair(one) for text in current for one in text.split("&"))


def pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _parts(extensions: Iterable[Resource], url: str) -> list[Resource]:
    return [one for one in extensions if one["url"] == url]


def _values(extensions: Iterable[Resource], url: str) -> Iterator[str]:
    for one in _parts(extensions, url):
        yield next(str(value) for name, value in one.items() if name.startswith("value"))
