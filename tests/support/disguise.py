"""What is hidden of a document that is seen in part: dropped, or kept and filled otherwise; for who may not see it, it stays as it was."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.masking import redact

EVERY: Final = frozenset({"*"})
WRITTEN_FREELY: Final = frozenset({"text", "value", "valueString", "city", "line", "postalCode"})


def disguise(resource: Resource, allowed: frozenset[str], hidden: Random | None) -> Resource:
    """The same for a caller with these classes; every element of other classes dropped, or kept and filled otherwise."""
    if allowed == EVERY:
        return resource
    seen = _seen(resource, allowed)
    for path in list(_places(resource)):
        without = _without(resource, path)
        if _seen(without, allowed) == seen:
            resource = _otherwise(resource, path, hidden) if hidden and hidden.random() < 0.8 else without
    assert _seen(resource, allowed) == seen
    return resource


def _seen(resource: Resource, allowed: frozenset[str]) -> Resource:
    cut, _ = redact(resource, allowed)
    return {key: value for key, value in cut.items() if key != "meta"}


def _places(resource: Resource) -> Iterator[tuple[str, int | None]]:
    for key, value in resource.items():
        if key not in {"resourceType", "id", "meta"}:
            yield key, None
            yield from ((key, number) for number in reversed(range(len(value)))) if isinstance(value, list) else ()


def _without(resource: Resource, path: tuple[str, int | None]) -> Resource:
    key, number = path
    rest = {name: value for name, value in resource.items() if name != key}
    if key not in resource or number is None:
        return rest
    items = [item for n, item in enumerate(resource[key]) if n != number]
    return resource | {key: items} if items else rest


def _otherwise(resource: Resource, path: tuple[str, int | None], hidden: Random) -> Resource:
    key, number = path
    if key not in resource:
        return resource
    if number is None:
        return resource | {key: _scrambled(resource[key], key, hidden)}
    items = [_scrambled(item, key, hidden) if n == number else item for n, item in enumerate(resource[key])]
    return resource | {key: items}


def _scrambled(value: Any, key: str, hidden: Random) -> Any:
    if isinstance(value, list):
        return [_scrambled(item, key, hidden) for item in value]
    if isinstance(value, dict):
        return {name: _scrambled(item, name, hidden) for name, item in value.items()}
    if key == "birthDate":
        return f"{hidden.randrange(1960, 2008)}-{hidden.randrange(1, 13):02}"
    return f"{value} {hidden.randrange(1000)}" if key in WRITTEN_FREELY and isinstance(value, str) else value
