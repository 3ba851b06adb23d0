"""What every act is given: the time, new ids, and who takes part."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

FOREVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, in UTC, with milliseconds."""


class Ids(Protocol):
    def new(self) -> str:
        """A random logical id: nothing can be read from it."""


class Directory(Protocol):
    """Organisations and the names they go by."""

    def find(self, text: str) -> str | None:
        """The id of the organisation that goes by this name, in any of its spellings; None when unknown or ambiguous."""

    def name(self, id_: str, language: str) -> str:
        """What an organisation is called in a language, else in the first that it has; the id itself when it is unknown."""

    def organization(self, id_: str) -> Mapping[str, Any] | None: ...

    def organizations(self) -> Iterable[str]:
        """The ids of all of them."""

    def offering(self, service: str, province: str) -> frozenset[str]:
        """The organisations that give this service, by its code, in this province; "": anywhere."""

    def usual_service(self, id_: str) -> str | None:
        """The service, by its code, that is meant where nothing is told but this organisation; None where it gives several, and
        none of them is said to be."""

    def below(self, id_: str) -> frozenset[str]:
        """The organisation and all that stand below it by Organization.partOf, at any depth."""
