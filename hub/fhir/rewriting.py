"""References of a transaction that name what the transaction itself creates, rewritten to the ids that it gets.

https://hl7.org/fhir/R4/http.html#trules: in Reference.reference, uri, url, oid and uuid, and in links and
images of the narrative; never in a canonical. A reference to a version keeps its shape.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.r4 import tables
from hub.fhir.serial import dumps

_LINK: Final = re.compile(r"""(<(?:a|img)\b[^>]*?\b(?:href|src)\s*=\s*)(["'])([^"']*)\2""", re.IGNORECASE)
_HISTORY: Final = "/_history/"

Rewrite = Callable[[str], str]


def rewritten(resource: Resource, links: Mapping[str, str]) -> Resource:
    """The resource with every reference to a key of `links` turned into its value."""
    if not links:
        return resource

    def rewrite(text: str) -> str:
        stem, mark, version = text.partition(_HISTORY)
        return f"{links[stem]}{mark}{version}" if stem in links else text

    return {key: _node(key, value, rewrite) for key, value in resource.items()}


def _node(name: str, value: Any, rewrite: Rewrite) -> Any:
    if isinstance(value, dict):
        return {key: _node(key, below, rewrite) for key, below in value.items()}
    if isinstance(value, list):
        return [_node(name, below, rewrite) for below in value]
    if not isinstance(value, str) or name in _canonicals():
        return value
    if name == "div":
        return _LINK.sub(lambda found: f"{found[1]}{found[2]}{rewrite(found[3])}{found[2]}", value)
    return rewrite(value) if name == "reference" or name in _addresses() else value


@cache
def _canonicals() -> frozenset[str]:
    """Names of elements that are canonicals wherever they occur."""
    return frozenset(_names("canonical")) - frozenset(_names("uri", "url", "oid", "uuid"))


@cache
def _addresses() -> frozenset[str]:
    return frozenset(_names("uri", "url", "oid", "uuid"))


def _names(*types: str) -> Iterator[str]:
    for path, row in tables().rows.items():
        name = path.rpartition(".")[2]
        for type_ in row.types:
            if type_ in types:
                yield name.removesuffix("[x]") + (type_[0].upper() + type_[1:] if name.endswith("[x]") else "")


def conditional_references(resource: Resource) -> Iterator[tuple[str, str]]:
    """References that are a search, each with where it stands in the resource: `subject.reference`, `Patient?identifier=…`.

    https://hl7.org/fhir/R4/http.html#transaction
    """
    if "?" not in dumps(resource):  # nearly always, and told at a twentieth of what the walk costs
        return
    pending: list[tuple[str, Any]] = [("", resource)]
    while pending:
        path, here = pending.pop()
        if isinstance(here, dict):
            literal = here.get("reference")
            if isinstance(literal, str) and _SEARCH.match(literal):
                yield f"{path}.reference".removeprefix("."), literal
            pending += ((f"{path}.{name}".removeprefix("."), one) for name, one in here.items())
        elif isinstance(here, list):
            pending += ((f"{path}[{number}]", one) for number, one in enumerate(here))


_SEARCH: Final = re.compile(r"[A-Z][A-Za-z]{1,63}\?", re.ASCII)
