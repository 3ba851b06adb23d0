"""The organisation a cell names, in whatever spelling the directory knows."""

from dataclasses import dataclass
from typing import Any

from hub.mapping.model import Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole


@dataclass(frozen=True)
class OrganizationName(Whole):
    """The id of the organisation. Its inverse is the id, which the directory finds as well."""

    @property
    def steady(self) -> bool:
        return False  # the directory may know more tomorrow

    def forward(self, text: str, context: Context) -> Reading:
        found = context.find_organization(text.strip())
        return Reading(found) if found else Reading(None, Trouble("mapping.organization-unknown", value=text))

    def back(self, value: Any) -> str:
        return str(value)
