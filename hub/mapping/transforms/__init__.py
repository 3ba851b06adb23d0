"""The named transforms of the mapping format, each with its inverse. A closed list: a form needs a word list, not a program."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.mapping.model import Transform
from hub.mapping.transforms.ages import AgeText
from hub.mapping.transforms.answers import Answer, Boolean
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import DateText
from hub.mapping.transforms.organizations import OrganizationName
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits, Integer, Text, Year

TRANSFORMS: Final[Mapping[str, Callable[..., Transform]]] = {
    "text": Text,
    "digits": Digits,
    "integer": Integer,
    "year": Year,
    "date": DateText,
    "age": AgeText,
    "phone": Phones,
    "boolean": Boolean,
    "answer": Answer,
    "organization": OrganizationName,
    "code": Codes,
    "codes": Codes,
}

_GIVEN: Final = frozenset({"language", "vocabulary", "several", "_cached", "known"})

__all__ = ["TRANSFORMS", "parameters"]


def parameters(name: str) -> frozenset[str]:
    """The settings that a transform takes in a mapping file: the fields of its class that are not given by the engine."""
    fields: Mapping[str, Any] = TRANSFORMS[name].__dataclass_fields__  # type: ignore[attr-defined]  # each is a dataclass
    return frozenset(fields) - _GIVEN
