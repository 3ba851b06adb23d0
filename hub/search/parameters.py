"""The search parameters that the hub answers: R4's own of every type that has a profile, and those of this project.

https://hl7.org/fhir/R4/searchparameter-registry.html. A parameter is left out where every profile of its type prohibits what it
reads, and where it asks to compare how a name sounds. It belongs to the data classes that the profile declares for the elements
it reads, so that nobody is found by what the caller may not see.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, cast

from hub.fhir.definitions import load
from hub.fhir.elements import Profile
from hub.fhir.query import ParameterType
from hub.fhir.search_definitions import OF_EVERY_TYPE, Definition, search_definitions
from hub.search import reach
from hub.search.paths import NOWHERE, Path, Unreadable, compiled, compiled_below
from hub.search.values import reader


@dataclass(frozen=True)
class Parameter:
    """`paths`: what is read; of a composite where its items are, each read by `components`. `kept_as`: the parameter under whose
    name the values are kept: of several that read the same, the first.

    `targets`: types that a reference may point to. `implied`: of a token that reads elements of type `code` alone, system and
    code of all that they may hold: no system stands beside them. `data_classes`: all that a value may be read from; `by_system`
    narrows them for a token whose system tells which element is meant: both in the profile that is meant where a resource
    names none (`in_profile` tells of the others).
    """

    name: str
    type: ParameterType
    paths: tuple[Path, ...]
    data_classes: frozenset[str]
    targets: tuple[str, ...] = ()
    implied: frozenset[tuple[str, str]] = frozenset()
    by_system: Mapping[str, str] = field(default_factory=dict)
    definition: str = ""
    expression: str = ""
    kept_as: str = ""
    components: "tuple[Parameter, ...]" = ()


_NESTED: Final = "Consent.provision.provision"
_TRANSLATED: Final = "extension('http://hl7.org/fhir/StructureDefinition/translation').extension('content').value"
BEYOND: Final = {
    ("Consent", "action"): f"{_NESTED}.action",
    ("Consent", "actor"): f"{_NESTED}.actor.reference",
    ("Consent", "data"): f"{_NESTED}.data.reference",
    ("Consent", "purpose"): f"{_NESTED}.purpose",
    ("Consent", "security-label"): f"{_NESTED}.securityLabel",
    ("HealthcareService", "name"): f"HealthcareService.name.{_TRANSLATED}",
    ("Location", "name"): f"Location.name.{_TRANSLATED}",
    ("Organization", "name"): f"Organization.name.{_TRANSLATED}",
}
"""What is read beside R4's own expression: consents say whom they open to in provisions of provisions, names are in three
languages."""

EVERYWHERE: Final = {
    one.name: Parameter(
        one.name,
        cast(ParameterType, one.type),
        compiled(one.expression.replace(OF_EVERY_TYPE, "Patient"), "Patient"),  # any type: all have these
        frozenset(),
        definition=one.url,
        expression=one.expression,
        kept_as=one.name,
    )
    for one in search_definitions()[OF_EVERY_TYPE]
}
"""Parameters of every type."""

KEPT_BESIDE: Final = frozenset({"_id", "_lastUpdated"})
"""Those that read what the store itself keeps beside a document."""

OF_THE_WHOLE: Final = frozenset({"_security", "_source", "_tag"})
"""What `hub.fhir.masking` does not leave in a part: labels tell of what was taken out. Only who may see all of a document finds
it by them."""


def _parameters(type_: str) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    places: dict[tuple[object, ...], str] = {}
    for definition in search_definitions().get(type_, ()):
        one = _parameter(type_, definition) if definition.usage == "normal" else None
        if one is not None:
            place = (one.type, one.paths, tuple((part.type, part.paths) for part in one.components))
            found[one.name] = replace(one, kept_as=places.setdefault(place, one.name))
    return found


def _parameter(type_: str, definition: Definition) -> Parameter | None:
    """None where no profile permits anything that it reads."""
    meant = load().for_type(type_)
    assert meant is not None, type_
    try:
        paths = compiled(_expression(type_, definition), type_)
    except Unreadable:
        return None
    if definition.components:
        return _composite(type_, definition, paths, meant)
    kept = _permitted(type_, definition.type, paths)
    if not kept:
        return None
    return _with_classes(
        Parameter(
            definition.name,
            cast(ParameterType, definition.type),
            kept,
            frozenset(),
            _targets(type_, definition, kept) if definition.type == "reference" else (),
            _implied(type_, kept) if definition.type == "token" else frozenset(),
            definition=definition.url,
            expression=_expression(type_, definition),
        ),
        meant,
    )


def _expression(type_: str, definition: Definition) -> str:
    beyond = BEYOND.get((type_, definition.name))
    return f"{definition.expression} | {beyond}" if beyond else definition.expression


def _permitted(type_: str, kind: str, paths: Iterable[Path], below: Path = NOWHERE) -> tuple[Path, ...]:
    """Those that say something to a parameter of this kind, and that a profile permits."""
    profiles = load().of_type(type_)
    said = (path for path in paths if reader(kind, path.type))
    kept = (path for path in said if any(reach.permitted(profile, below + path) for profile in profiles))
    return tuple(dict.fromkeys(_plain(type_, path, below) for path in kept))


def _plain(type_: str, path: Path, below: Path) -> Path:
    """Without the type that references must point to, where no other is permitted: `patient` and `subject` read the same."""
    profiles = (profile for profile in load().of_type(type_) if reach.permitted(profile, below + path))
    listed = {reach.targets(profile, below + path) for profile in profiles}
    return Path(path.steps) if listed == {frozenset({path.target})} else path


def _composite(type_: str, definition: Definition, paths: tuple[Path, ...], meant: Profile) -> Parameter | None:
    components = tuple(_component(type_, paths, *one) for one in definition.components)
    if not all(one.paths for one in components):
        return None
    found = Parameter(
        definition.name,
        "composite",
        paths,
        frozenset(),
        definition=definition.url,
        expression=definition.expression,
        components=components,
    )
    return _with_classes(found, meant)


def _component(type_: str, above: tuple[Path, ...], url: str, expression: str) -> Parameter:
    """A part of a composite: its paths begin at each item of the composite."""
    definition = next(one for listed in search_definitions().values() for one in listed if one.url == url)
    paths = [
        path
        for one in above
        for path in _permitted(type_, definition.type, compiled_below(expression, one, type_), one)
    ]
    return Parameter(
        definition.name,
        cast(ParameterType, definition.type),
        tuple(dict.fromkeys(paths)),
        frozenset(),
        definition=url,
        expression=expression,
        kept_as=definition.name,
    )


def _targets(type_: str, definition: Definition, paths: tuple[Path, ...]) -> tuple[str, ...]:
    """The types that a reference may point to, as far as they are stored here."""
    found: set[str] = set()
    for path in paths:
        for profile in load().of_type(type_):
            if reach.permitted(profile, path):
                found |= {path.target} if path.target else reach.targets(profile, path) or frozenset(STORED)
    return tuple(one for one in STORED if one in found and (not definition.targets or one in definition.targets))


def _implied(type_: str, paths: tuple[Path, ...]) -> frozenset[tuple[str, str]]:
    if {path.type for path in paths} != {"code"}:
        return frozenset()
    return frozenset().union(*(reach.implied(type_, path) for path in paths))


def _whole_paths(parameter: Parameter) -> Iterator[Path]:
    for path in parameter.paths:
        yield from (path + one for component in parameter.components for one in component.paths)
        if not parameter.components:
            yield path


def _with_classes(parameter: Parameter, profile: Profile) -> Parameter:
    paths = list(_whole_paths(parameter))
    systems = dict(reach.systems(profile, paths)) if parameter.type == "token" else {}
    return replace(parameter, data_classes=reach.classes_of(profile, paths), by_system=systems)


@cache
def in_profile(type_: str, name: str, profile_name: str) -> Parameter | None:
    """The parameter with the data classes that it reads in this profile of the type, which may differ from profile to profile."""
    found, profile = parameter(type_, name), load().profile(profile_name)
    if found is None or (name in EVERYWHERE and name not in OF_THE_WHOLE):
        return found
    if name in OF_THE_WHOLE:
        return replace(found, data_classes=profile.classes | {profile.base_class})
    return _with_classes(found, profile)


STORED: Final = tuple(sorted({profile.type for profile in load().profiles()}))
PARAMETERS: Final[dict[str, dict[str, Parameter]]] = {type_: _parameters(type_) for type_ in STORED}


def parameter(type_: str, name: str) -> Parameter | None:
    """The parameter of that type, or None where it is not answered."""
    return PARAMETERS[type_].get(name) or EVERYWHERE.get(name)
