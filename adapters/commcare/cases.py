"""A case, whichever way it came: of the case API, or forwarded as case JSON, which puts its name and type among the properties.

https://github.com/dimagi/commcare-hq/blob/master/docs/api/cases-v2.rst. All values of properties are text; an empty one is
blank, as if it had never been set: unknown, and not "no".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from adapters.geopoints import is_place

ABOUT: Final = frozenset(
    "domain case_id case_type case_name external_id owner_id user_id date_opened opened_on opened_by last_modified"  # noqa: SIM905
    " server_last_modified date_modified server_date_modified indexed_on closed date_closed closed_by indices"
    " xform_ids version".split()
)
"""What is said of a case beside its properties; in a forwarded case, some of it stands among them."""

HALF: Final = re.compile("[\ud800-\udfff]")
UNWRITABLE: Final = "\ufffd"


class NotACase(ValueError):  # noqa: N818 — what it was not
    """What was given is no case at all: nothing of it is told."""


@dataclass(frozen=True, repr=False)
class Case:
    """`parents`: type of case → id, by its indices. `broken`: properties that hold what no text can."""

    id: str
    type: str
    name: str = ""
    external_id: str = ""
    owner: str = ""
    opened: datetime | None = None
    closed: bool = False
    closed_on: datetime | None = None
    modified: datetime | None = None
    indexed: datetime | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Case {self.id}>"


def case(said: object) -> Case:
    """Of either shape. Raises NotACase."""
    if not isinstance(said, Mapping):
        raise NotACase
    inner = said.get("properties")
    properties = inner if isinstance(inner, Mapping) else {}
    about = {name: said.get(name, properties.get(name)) for name in ABOUT}
    id_, type_ = about["case_id"], about["case_type"]
    if not (isinstance(id_, str) and id_ and isinstance(type_, str) and type_) or HALF.search(id_ + type_):
        raise NotACase
    values, broken = _texts({str(name): value for name, value in properties.items() if name not in ABOUT})
    named, unnamed = _texts({name: about[name] for name in ("case_name", "external_id", "owner_id")})
    return Case(
        id=id_,
        type=type_,
        name=named.get("case_name", ""),
        external_id=named.get("external_id", ""),
        owner=named.get("owner_id", ""),
        opened=instant(about["date_opened"]),
        closed=about["closed"] is True or about["closed"] == "true",
        closed_on=instant(about["date_closed"]),
        modified=instant(about["server_last_modified"] or about["server_date_modified"]),
        indexed=instant(about["indexed_on"]),
        properties=values,
        parents=_parents(about["indices"]),
        broken=(*broken, *unnamed),
    )


def _texts(said: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Values as text, without blank ones and places on a map; and the names of those that could not be read as they are."""
    values: dict[str, str] = {}
    broken = []
    for name, value in said.items():
        text = _text(value)
        if text.strip() and not is_place(text):
            values[HALF.sub(UNWRITABLE, name)] = HALF.sub(UNWRITABLE, text)
        if isinstance(value, Mapping | list) or HALF.search(text + name):
            broken.append(HALF.sub(UNWRITABLE, name))
    return values, broken


def _text(value: object) -> str:
    """Also of what is no text: older servers and rewritten payloads send numbers and booleans."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, Mapping | list) else str(value)


def _parents(said: object) -> dict[str, str]:
    """Child or extension, and whatever the index is called: what counts is what kind of case it leads to."""
    indices = said.values() if isinstance(said, Mapping) else ()
    return {
        one["case_type"]: one["case_id"]
        for one in indices
        if isinstance(one, Mapping) and isinstance(one.get("case_type"), str) and isinstance(one.get("case_id"), str)
    }


def instant(said: object) -> datetime | None:
    """A moment without a zone is UTC, as the server's are."""
    try:
        read = datetime.fromisoformat(said) if isinstance(said, str) else None
        return read.astimezone(UTC) if read and read.tzinfo else read.replace(tzinfo=UTC) if read else None
    except (ValueError, OverflowError):
        return None
