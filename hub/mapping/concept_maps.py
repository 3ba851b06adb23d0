"""A word list as somebody wrote it → the ConceptMap that it is, or where it is none.

https://hl7.org/fhir/R4/conceptmap.html
"""

import json
from collections.abc import Callable, Mapping
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
    return isinstance(said, Mapping) and _are_all(said.get("group", []), _is_group)


def _is_group(said: Mapping[str, Any]) -> bool:
    return isinstance(said.get("target"), str) and _are_all(said.get("element", []), _is_word)


def _is_word(said: Mapping[str, Any]) -> bool:
    return isinstance(said.get("code"), str) and _are_all(said.get("target", []), lambda _: True)


def _are_all(said: Any, wanted: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether it is a list of objects that are each as wanted."""
    return isinstance(said, list) and all(isinstance(one, Mapping) and wanted(one) for one in said)
