"""What a cell means that says nothing: what another column says, or what the directory says of whoever stands in that.

consent_date: {otherwise: visit_date}              # her agreement is written on the day of the visit
request: {otherwise: {service_of: referred_to}}    # the usual service of the organisation that she is referred to

Both are decisions of whoever keeps the register, written in its mapping. The cell is read as if it said so; what comes back is
written as ever.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.fhir.canonicals import code_system
from hub.mapping.document import Document, Where
from hub.mapping.plan import Column, Otherwise
from hub.mapping.problems import Problems
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.organizations import OrganizationName

SERVICE_OF: Final = "service_of"
SHAPE: Final = f"otherwise: column, otherwise: {{{SERVICE_OF}: column}}"
SERVICES: Final = code_system("service-type")


def read(said: Mapping[str, Any], where: Where, problems: Problems) -> Otherwise | None:
    """Where the cell says nothing."""
    told = said.get("otherwise")
    if told is None:
        return None
    if isinstance(told, str) and told:
        return Otherwise(told)
    if isinstance(told, dict) and list(told) == [SERVICE_OF] and isinstance(told[SERVICE_OF], str):
        return Otherwise(told[SERVICE_OF], is_service=True)
    problems.add((*where, "otherwise"), "shape", expected=SHAPE)
    return None


def checked(columns: Mapping[str, Column], problems: Problems, document: Document) -> dict[str, Column]:
    """The columns, without what could not be read."""
    return {
        name: replace(column, otherwise=None)
        if column.otherwise and not _fits(column, columns, problems, document)
        else column
        for name, column in columns.items()
    }


def _fits(column: Column, columns: Mapping[str, Column], problems: Problems, document: Document) -> bool:
    """A file that extends another may leave one of the two unread, or read it as something else: what the other file says
    otherwise is no mistake of it, and says nothing then."""
    assert column.otherwise is not None
    where: Where = ("columns", column.name, "otherwise")
    other = columns.get(column.otherwise.column)
    if other is None:
        problems.add(where, "unknown-column", column=column.otherwise.column)
        return False
    if column.transform is None or other.transform is None:
        return False  # one of them is ignored, or told of already
    alike = (
        _knows_services(column, other)
        if column.otherwise.is_service
        else type(other.transform) is type(column.transform)
    )
    if alike and not column.within and not other.within and column.direction != "back":
        return True
    if document.place(where).startswith(f"{document.name}:"):
        problems.add(where, "otherwise", column=other.name)
    return False


def _knows_services(column: Column, other: Column) -> bool:
    codes = column.transform.vocabulary.codes if isinstance(column.transform, Codes) else ()
    return isinstance(other.transform, OrganizationName) and any(code.system == SERVICES for code in codes)


def untold(columns: Mapping[str, Column], unsaid: Collection[str]) -> dict[str, None]:
    """The columns that a record could not tell, and those that say otherwise what these do."""
    follow = (name for name, one in columns.items() if one.otherwise and one.otherwise.column in unsaid)
    return dict.fromkeys((*unsaid, *follow))
