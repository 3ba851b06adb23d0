"""What is sent along with the matches: `_include=Task:patient:Patient`, `_revinclude=Provenance:target`, `:iterate`, `*`.

https://hl7.org/fhir/R4/search.html#revinclude
"""

import re
from collections.abc import Iterator
from typing import Final

from hub.fhir.query import Include
from hub.search.asked import bad
from hub.search.parameters import PARAMETERS, parameter

NAMES: Final = ("_include", "_revinclude", "_include:iterate", "_revinclude:iterate")
_VALUE: Final = re.compile(r"([A-Z][A-Za-z]+):(\*|[a-z][a-z\-]*)(?::([A-Z][A-Za-z]+))?")


def read(type_: str, name: str, value: str) -> Include:
    """Raises BAD_PARAMETER."""
    reverse, iterate = name.startswith("_rev"), name.endswith(":iterate")
    if value == "*":
        return Include("*", "*", "", reverse, iterate)
    match = _VALUE.fullmatch(value)
    if match is None or not _is_known(match[1], match[2], match[3] or (type_ if reverse and not iterate else "")):
        raise bad(name, "*, Type:parameter, Type:parameter:Target")
    return Include(match[1], match[2], match[3] or "", reverse, iterate)


def _is_known(source: str, name: str, target: str) -> bool:
    if source not in PARAMETERS:
        return False
    if name == "*":
        return not target or target in PARAMETERS
    found = parameter(source, name)
    return found is not None and found.type == "reference" and (not target or target in found.targets)


def followed(include: Include, source: str) -> Iterator[str]:
    """The reference parameters of a type that it follows."""
    if include.source not in {"*", source}:
        return
    for name, found in PARAMETERS[source].items():
        is_asked = include.parameter in {"*", name} and include.target in {"", *found.targets}
        if is_asked and found.type == "reference":
            yield name


def pointing(include: Include, target: str) -> Iterator[tuple[str, str]]:
    """Type and reference parameter of what may point to a type, for one that is reverse."""
    if include.target in {"", target}:
        for source in PARAMETERS:
            yield from (
                (source, name) for name in followed(include, source) if target in PARAMETERS[source][name].targets
            )
