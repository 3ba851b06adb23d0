"""The organisation a cell names, in whatever spelling the directory knows."""

import re
from dataclasses import dataclass
from typing import Any, Final

from hub.mapping.model import Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole

_PERSON: Final = re.compile(
    r"\s*((me|ma[iî]tre|dr|docteur|doctor|pr|prof|professeur|mr?s?|mme|mlle|miss)\b|(الأستاذة?|الدكتورة?|السيدة?)\s|(ذة?|دة?)\s?[./])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class OrganizationName(Whole):
    """The id of the organisation. Its inverse is the id, which the directory finds as well."""

    @property
    def steady(self) -> bool:
        return False  # the directory may know more tomorrow

    def forward(self, text: str, context: Context) -> Reading:
        found = context.find_organization(text.strip())
        shown = "" if _PERSON.match(text) else text  # whoever has a title is a person, and is not named in a message
        return Reading(found) if found else Reading(None, Trouble("mapping.organization-unknown", value=shown))

    def back(self, value: Any) -> str:
        return str(value)
