"""Why no snapshot can be made of a definition: one exception, with the element and a sentence from the catalogue."""

import re
from typing import Final

from hub.fhir.issues import Issue
from hub.texts import say

_SHOWN: Final = re.compile(r"[A-Za-z][A-Za-z0-9:.\[\]/_-]{0,199}", re.ASCII)


class SnapshotError(ValueError):
    """A differential that is not over its base: it widens it, speaks of what is not there, or is no differential at all.

    `issue` says it as an issue; `str()` in English. `element` is the element's id, or its place in the differential."""

    def __init__(self, element: str, key: str, **blanks: str | int) -> None:
        self.element = shown(element)
        said = {"element": self.element, **{name: shown(value) for name, value in blanks.items()}}
        self.issue = Issue("error", "processing", f"snapshot.{key}", self.element, params=said)
        super().__init__(say(self.issue.text, "en", **said))


def shown(name: str | int) -> str:
    """A name as far as it looks like one: whoever sends a definition may write anything into it."""
    if isinstance(name, int):
        return str(name)
    found = _SHOWN.match(name)
    return found[0] if found else "?"
