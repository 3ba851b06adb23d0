"""A word list as somebody wrote it → the ConceptMap that it is, or where it is none.

https://hl7.org/fhir/R4/conceptmap.html
"""

import json
from collections.abc import Mapping
from typing import Any

from hub.errors import MISCONFIGURED, HubError
from hub.fhir.serial import loads
from hub.mapping.library import WordList


def read(written: WordList) -> Any:
    """Raises HubError(MISCONFIGURED) with file, line and character when the text is not JSON; never with what stands there."""
    try:
        return loads(written.text)
    except json.JSONDecodeError as error:
        place = f"{written.name}:{error.lineno}"
        column = str(error.colno)
        raise HubError(MISCONFIGURED, place=place, text="mapping.check-not-json", column=column) from None


def is_whole(said: Any) -> bool:
    """Whether each group names the code system that its words lead to, and each element its word."""
    groups = said.get("group", []) if isinstance(said, Mapping) else None
    return _are_objects(groups) and all(_is_group(one) for one in groups)


def _is_group(said: Mapping[str, Any]) -> bool:
    elements = said.get("element", [])
    return (
        isinstance(said.get("target"), str)
        and _are_objects(elements)
        and all(isinstance(one.get("code"), str) and _are_objects(one.get("target", [])) for one in elements)
    )


def _are_objects(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(one, Mapping) for one in said)
