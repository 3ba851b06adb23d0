"""Reading a file of policies: each value with its place in the file, so that what is wrong is named where it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from hub import errors
from hub.errors import HubError
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.data_classes import shareable
from hub.fhir.definitions import load
from hub.texts import LANGUAGES

PURPOSE = f"{TERMINOLOGY}/v3-ActReason"
KEYED_BY = {"policies": "url", "overrides": "id"}
"""Lists whose entries a deployment changes one by one."""


def merged(packaged: dict[str, Any], own: Any, file: str) -> dict[str, Any]:
    """What is packaged, under what a deployment says: value by value, lists of entries entry by entry."""
    if own is None:
        return packaged
    if not isinstance(own, dict):
        Place(file, own).refuse()
    return {
        **packaged,
        **own,
        **{name: _merged(name, packaged, own, file) for name in ("ages", *KEYED_BY) if name in own},
    }


def _merged(name: str, packaged: dict[str, Any], own: dict[str, Any], file: str) -> Any:
    theirs = Place(file, own).at(name)
    if name not in KEYED_BY:
        return {**packaged[name], **theirs.mapping()}
    key = KEYED_BY[name]
    entries = {entry[key]: entry for entry in packaged[name]}
    for entry in theirs.entries(key):
        entries[entry.value[key]] = {**entries.get(entry.value[key], {}), **entry.value}
    return list(entries.values())


@dataclass(frozen=True)
class Place:
    """A value of the file. `path`: where it stands in it."""

    file: str
    value: Any
    path: str = ""

    def at(self, name: str) -> "Place":
        return Place(self.file, self.mapping().get(name), f"{self.path}.{name}" if self.path else name)

    def refuse(self, what: str = "") -> NoReturn:
        """The value itself is repeated only where it is a word of the file's own, as an unknown code."""
        detail = f"{self.path}: {what}" if what else self.path or "{ }"
        raise HubError(errors.BAD_FILE, place=self.file, detail=detail)

    def mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict) or not all(isinstance(key, str) for key in self.value):
            self.refuse()
        return self.value

    def entries(self, key: str) -> "Iterator[Place]":
        """The mappings of a list, each named by what it is known by."""
        if not isinstance(self.value, list):
            self.refuse()
        seen = set[str]()
        for number, value in enumerate(self.value, 1):
            entry = Place(self.file, value, f"{self.path}[{number}]")
            name = Place(self.file, entry.mapping().get(key), f"{entry.path}.{key}").text()
            if name in seen:
                entry.at(key).refuse(name)
            seen.add(name)
            yield Place(self.file, value, f"{self.path}[{name}]")

    def has_only(self, names: set[str]) -> None:
        for name in self.mapping():
            if name not in names:
                self.at(name).refuse(", ".join(sorted(names)))

    def has_only_codes(self, system: str) -> None:
        for name in self.mapping():
            if not load().code_system(system).contains(name):
                self.at(name).refuse(name)

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse()
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.refuse("true, false")
        return self.value

    def number(self, low: int, high: int) -> int:
        if type(self.value) is not int or not low <= self.value <= high:
            self.refuse(f"{low}-{high}")
        return self.value

    def number_or_none(self, low: int, high: int) -> int | None:
        return None if self.value is None else self.number(low, high)

    def one_of(self, allowed: Sequence[str]) -> str:
        if self.value not in allowed:
            self.refuse(", ".join(allowed))
        return str(self.value)

    def texts(self) -> frozenset[str]:
        if not isinstance(self.value, list):
            self.refuse("[ ]")
        return frozenset(Place(self.file, one, self.path).text() for one in self.value)

    def codes(self, system: str, *also: str) -> frozenset[str]:
        return self._among({*also, *load().code_system(system).codes})

    def data_classes(self) -> frozenset[str]:
        """Only those that a consent can open: what never leaves does not leave by a policy either."""
        return self._among(shareable())

    def purposes(self) -> frozenset[str]:
        system = load().code_system(PURPOSE)
        return self._among({code for code in self.texts() if system.contains(code)})

    def _among(self, known: "set[str] | frozenset[str]") -> frozenset[str]:
        found = self.texts()
        if unknown := sorted(found - known):
            self.refuse(", ".join(unknown))
        return found

    def in_three_languages(self) -> dict[str, str]:
        self.has_only(set(LANGUAGES))
        return {language: self.at(language).text() for language in LANGUAGES}
