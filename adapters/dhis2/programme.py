"""The event programme that a connection names: what it is called within the instance, and what would stop an event there.

https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/metadata.html. Option sets are read with it, so that a
code that was taken out of one is found before anything is sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.dhis2.client import PROBLEMS, Dhis2
from hub.fhir.issues import Issue
from hub.ports import Connection, Row

SETTINGS: Final = ("program", "program_stage")
ANONYMOUS: Final = "WITHOUT_REGISTRATION"
FIELDS: Final = (
    "code,id,programType,expiryDays,"
    "programStages[code,id,programStageDataElements[dataElement[code,id,optionSet[options[code]]]]]"
)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Programme:
    """`elements`: id by code. `options`: by the code of the data element, those that it takes; any where it is not there."""

    id: str
    stage: str
    unit: str
    elements: Mapping[str, str]
    options: Mapping[str, frozenset[str]]
    type: str
    expires: bool

    def takes(self, rows: Sequence[Row]) -> Iterator[Issue]:
        """What would stop these rows."""
        if self.type != ANONYMOUS:
            yield Issue("error", "business-rule", "dhis2.registers-persons")
        for element in sorted({element for row in rows for element in row.said} - self.elements.keys()):
            yield unknown_code("programStageDataElements", element)
        pairs = {pair for row in rows for pair in row.said.items()}
        for element, option in sorted(pairs):
            if option not in self.options.get(element, {option}):
                params = {"element": element, "code": option}
                yield Issue("error", "not-found", "dhis2.no-such-option", params=params)


def unknown_code(list_: str, code: str) -> Issue:
    return Issue("error", "not-found", "dhis2.no-such-code", params={"list": list_, "code": code})


def is_named(connection: Connection) -> bool:
    return all(connection.settings.get(one) for one in SETTINGS)


def stopping(found: Programme | tuple[Issue, ...] | None, rows: Sequence[Row]) -> tuple[Issue, ...]:
    """What would stop these rows; nothing where no programme is named."""
    return tuple(found.takes(rows)) if isinstance(found, Programme) else found or ()


def fetch_programme(connection: Connection, dhis2: Dhis2) -> Programme | tuple[Issue, ...]:
    """The programme, or what of it is not there."""
    program, stage, unit = (str(connection.settings[one]) for one in (*SETTINGS, "org_unit"))
    programs = dhis2.listed("programs", [program], FIELDS)
    units = dhis2.listed("organisationUnits", [unit], "code,id")
    if program not in programs:
        return (unknown_code("programs", program),)
    if unit not in units:
        return (unknown_code("organisationUnits", unit),)
    stages = {str(one.get("code")): one for one in _each(programs[program], "programStages")}
    if stage not in stages:
        return (unknown_code("programStages", stage),)
    return _read(programs[program], stages[stage], units[unit])


def _read(program: Json, stage: Json, unit: Json) -> Programme:
    elements = [_within(one, "dataElement") for one in _each(stage, "programStageDataElements")]
    coded = {str(one["code"]): one for one in elements if "code" in one}
    sets = {code: _within(one, "optionSet") for code, one in coded.items() if one.get("optionSet")}
    return Programme(
        _id(program),
        _id(stage),
        _id(unit),
        {code: _id(one) for code, one in coded.items()},
        {code: frozenset(str(option.get("code")) for option in _each(one, "options")) for code, one in sets.items()},
        str(program.get("programType")),
        bool(program.get("expiryDays")),
    )


def _id(one: Json) -> str:
    """It becomes part of addresses, and of ids of our own: half a character is none."""
    found = one.get("id")
    if not (isinstance(found, str) and found.isascii()):
        raise PROBLEMS.not_understood
    return found


def _within(one: Json, name: str) -> Json:
    found = one.get(name)
    if not isinstance(found, dict):
        raise PROBLEMS.not_understood
    return found


def _each(one: Json, name: str) -> list[Json]:
    found = one.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise PROBLEMS.not_understood
    return found
