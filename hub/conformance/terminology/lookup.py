"""lookup: what is known of one code: its labels, its properties, the codes above and below it.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from collections.abc import Collection, Iterator
from typing import Final

from hub.conformance.terminology.known import concept, label, primary, version_of
from hub.conformance.terminology.parameters import parameters, parts, said
from hub.fhir import Resource
from hub.fhir.definitions import CodeSystem

_TYPES: Final = {"code": "Code", "string": "String", "boolean": "Boolean", "integer": "Integer", "dateTime": "DateTime"}


def look_up(system: CodeSystem, code: str, *, language: str | None = None, only: Collection[str] = ()) -> Resource:
    """Parameters. `only`: the properties wanted (`designation`, `parent`, `lang.fr`, …); all where none is named.

    Raises UNKNOWN_CODE.
    """
    found = concept(system, code)
    return parameters(
        said("name", "String", system.title or system.name),
        said("version", "String", version_of(system)),
        said("display", "String", label(found, language)),
        *_designations(found.designations.items(), only),
        *(_property(system, name, type_, value) for name, type_, value in _properties(system, code, only)),
    )


def _designations(labels: Collection[tuple[str, str]], only: Collection[str]) -> Iterator[Resource]:
    for language, text in labels:
        if not only or "designation" in only or f"lang.{primary(language)}" in only:
            yield parts("designation", said("language", "Code", language), said("value", "String", text))


def _properties(system: CodeSystem, code: str, only: Collection[str]) -> Iterator[tuple[str, str, object]]:
    """Name, FHIR type and value of each property that is wanted."""
    found = system.codes[code]
    children = [child for child, below in system.codes.items() if below.parent == code]
    everything: list[tuple[str, str, object]] = [
        *([("definition", "string", found.definition)] if found.definition else []),
        *([("parent", "code", found.parent)] if found.parent else []),
        *(("child", "code", child) for child in children),
        *(
            (name, system.property_types.get(name, "string"), one)
            for name, value in found.properties.items()
            for one in (value if isinstance(value, tuple) else (value,))
        ),
    ]
    return (one for one in everything if not only or one[0] in only)


def _property(system: CodeSystem, name: str, type_: str, value: object) -> Resource:
    return parts(
        "property", said("code", "Code", name), {"name": "value", f"value{_TYPES.get(type_, 'String')}": value}
    )
