"""What the whole contract shares: its name, version, canonical base, publisher. Declared once, in `profiles/contract.json`.

The files of `profiles` and `mappings` write every canonical with one literal base. Whoever publishes the contract elsewhere
changes `base` there and nothing else: all files are read through `resolved`.
https://hl7.org/fhir/R4/resource.html#canonical
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.serial import loads

FHIR_VERSION: Final = "4.0.1"
_BASE: Final = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w.~-]+)*|urn:[a-z0-9][a-z0-9-]{1,31}:[\w.:-]*[\w.-]")
_SHARED: Final = ("version", "status", "date", "publisher", "contact", "jurisdiction", "copyright")
_WITHOUT: Final[Mapping[str, frozenset[str]]] = {
    "NamingSystem": frozenset({"version", "copyright"}),
    "SearchParameter": frozenset({"copyright"}),
    "OperationDefinition": frozenset({"copyright"}),
    "Basic": frozenset(_SHARED),
}
"""Elements that R4 does not have where other definitions have them."""


@dataclass(frozen=True)
class Contract:
    """`written`: the base that the files spell out; `base`: the one that is meant."""

    name: str
    version: str
    written: str
    base: str
    title: str
    description: str
    status: str
    date: str
    publisher: str
    contact: tuple[Resource, ...]
    jurisdiction: tuple[Resource, ...]
    copyright: str
    license: str

    def dressed(self, definition: Resource) -> Resource:
        """A definition with what is the same in all: who publishes it, which version, where it holds. A draft stays one."""
        shared: dict[str, Any] = {
            "version": self.version,
            "status": definition.get("status", self.status),
            "date": self.date,
            "publisher": self.publisher,
            "contact": list(self.contact),
            "jurisdiction": list(self.jurisdiction),
            "copyright": self.copyright,
        }
        without = _WITHOUT.get(definition["resourceType"], frozenset())
        said = {key: value for key, value in shared.items() if key not in without}
        return _ordered({**definition, **said})


@cache
def contract() -> Contract:
    """The contract of this installation."""
    raw = loads(files("profiles").joinpath("contract.json").read_bytes())
    return Contract(**{**raw, "contact": tuple(raw["contact"]), "jurisdiction": tuple(raw["jurisdiction"])})


def resolved(text: str) -> str:
    """The text of a file of `profiles` or `mappings` with the canonical base that is meant."""
    one = contract()
    return text if one.base == one.written else rebased(text, one.written, one.base)


def rebased(text: str, old: str, new: str) -> str:
    """Every canonical under `old` becomes one under `new`."""
    return re.sub(re.escape(old) + r"(?![\w-])", lambda _: new, text)


def is_base(text: str) -> bool:
    """Whether canonicals can begin with this: an absolute URL or URN, without a slash, query or fragment at its end."""
    return _BASE.fullmatch(text) is not None


def _ordered(definition: Resource) -> Resource:
    """What a definition is comes before what it says; R4's order does not bind in JSON."""
    first = ("resourceType", "id", "meta", "language", "extension", "url", *_SHARED)
    named = {key: definition[key] for key in first if key in definition}
    return {**named, **definition}
