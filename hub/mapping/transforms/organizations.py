"""The organisation a cell names, in whatever spelling the directory knows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.model import NOTHING, Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole

NOBODY: Final = "-"
_PERSON: Final = re.compile(
    r"\s*((me|ma[iî]tre|dr|docteur|doctor|pr|prof|professeur|mr?s?|mme|mlle|miss)\b|(الأستاذة?|الدكتورة?|السيدة?)\s|(ذة?|دة?)\s?[./])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class OrganizationName(Whole):
    """The id of the organisation. Its inverse is the id, which the directory finds as well. `words`: by the id or a name of an
    organisation, how this register writes it; by "-", what it writes where she is referred to nobody."""

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def _known(self) -> dict[str, str]:
        return {fold(str(word)): name for name, words in self.words.items() for word in words}

    @property
    def steady(self) -> bool:
        return False  # the directory may know more tomorrow

    def forward(self, text: str, context: Context) -> Reading:
        meant = self._known.get(fold(text), text.strip())
        if meant == NOBODY:
            return NOTHING
        found = context.find_organization(meant)
        shown = "" if is_person(text) else text  # whoever has a title is a person, and is not named in a message
        return Reading(found) if found else Reading(None, Trouble("mapping.organization-unknown", value=shown))

    def back(self, value: Any) -> str:
        return str(value)


def is_person(text: str) -> bool:
    """Whether it begins with the title of a person: a lawyer, a doctor."""
    return _PERSON.match(text) is not None
