"""The examples of a profile: those that conform, and those that are refused, each with the one issue that is found in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hub.conformance.package import Package
from hub.conformance.validator import validate
from hub.fhir import Resource
from hub.fhir.elements import Profile
from hub.fhir.issues import Issue
from hub.fhir.serial import loads


@dataclass(frozen=True)
class Refused:
    """`name`: the rule that it breaks."""

    name: str
    resource: Resource
    issue: Issue


def valid(profile: Profile, package: Package) -> list[tuple[str, Resource]]:
    found = {name.rpartition("/")[2]: one for name, one in package.examples.items()}
    return [(name, one) for name, one in found.items() if name.partition("--")[0] == profile.name]


def invalid(profile: Profile) -> list[Refused]:
    return [one for name, one in _refused() if name == profile.name]


@cache
def _refused() -> tuple[tuple[str, Refused], ...]:
    return tuple(_read())


def _read() -> Iterator[tuple[str, Refused]]:
    folder = files("profiles").joinpath("examples", "invalid")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        profile, _, rule = path.name.removesuffix(".json").partition("--")
        if path.name.endswith(".json"):
            resource = loads(path.read_bytes())
            yield profile, Refused(rule, resource, validate(resource)[0])
