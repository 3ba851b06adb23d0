"""JSON text ↔ resource: the one place where it is decided how a resource is written."""

from typing import Any

import orjson

from hub.fhir import Resource


def dumps(resource: Resource) -> str:
    """Compact JSON, in the order of the resource's elements."""
    return orjson.dumps(resource).decode()


def loads(text: str | bytes) -> Any:
    """Raises ValueError when `text` is not JSON."""
    return orjson.loads(text)
