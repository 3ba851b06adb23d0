"""Which fields the account's role has, and which choices they offer: each instance has its own.

A record with a field that the role's forms do not have is refused as a whole, so nothing is sent that is not known here. Read
once a day, for forms change when an administrator changes them, and once for each thing that turns up and that they do not
explain.
"""

import re
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.primero.client import UNMET, Primero
from hub.errors import Fatal
from hub.ports import Connection

DAY: Final = 86_400.0
CHOICES: Final = frozenset({"select_box", "radio_button"})
SUFFIX: Final = re.compile(r"^(?P<id>[a-z][a-z0-9_-]*?)_\d{4,6}$")
SERVICES: Final = "services_section"
INCIDENTS: Final = "incidents"
PERPETRATORS: Final = "alleged_perpetrator"


@dataclass(frozen=True)
class Field:
    """`choices`: what may be written; empty where anything may. `inside`: the fields of a subform."""

    kind: str
    choices: tuple[str, ...] = ()
    inside: Mapping[str, "Field"] = field(default_factory=dict)

    @property
    def chosen(self) -> bool:
        return self.kind in CHOICES

    def choice(self, value: str) -> str | None:
        """The instance's own spelling of a choice; None where it has none."""
        if not self.choices or value in self.choices:
            return value
        found = [one for one in self.choices if normal(one) == normal(value)]
        return found[0] if len(found) == 1 else None


Fields = Mapping[str, Field]


def normal(choice: str) -> str:
    """Without the number that an instance adds, the plural, and the two ways to join words."""
    return stem(choice).replace("-", "_").casefold().removesuffix("s")


def stem(choice: str) -> str:
    """`high_within_24_hours_06469` is `high_within_24_hours` in another instance."""
    found = SUFFIX.match(choice)
    return found["id"] if found else choice


_KNOWN: Final[dict[tuple[int, str], tuple[float, Fields]]] = {}


def fields(primero: Primero, account: str, *, since: float = 0.0, now: float | None = None) -> Fields:
    """The fields of a case, by name. `since`: what was read before is too old."""
    now = time.monotonic() if now is None else now
    key = (hash(account), primero.module)
    if key not in _KNOWN or now - _KNOWN[key][0] > DAY or _KNOWN[key][0] < since:
        lookups = {str(one.get("unique_id")): _ids(one.get("values")) for one in primero.lookups()}
        found = _of(primero, "case", lookups)
        found[INCIDENTS] = Field("subform", inside=_flat(_of(primero, "incident", lookups)))
        _KNOWN[key] = (now, found)
    return _KNOWN[key][1]


def account(connection: Connection) -> str:
    """Whose forms they are."""
    return f"{connection.settings.get('url')} {connection.settings.get('user')}"


_SOUGHT: Final[dict[tuple[int, str], Set[str]]] = {}
"""What turned up, was looked for in the forms as they then were, and was not there."""


def explaining(primero: Primero, account: str, strange: Callable[[Fields], Set[str]]) -> Fields:
    """The fields, read again where something is strange to those that are known and was not looked for before."""
    begun, key = time.monotonic(), (hash(account), primero.module)
    known = fields(primero, account)
    if strange(known) - _SOUGHT.get(key, frozenset()):
        known = fields(primero, account, since=begun)
        _SOUGHT[key] = _SOUGHT.get(key, frozenset()) | strange(known)
    return known


def accepted(primero: Primero, account: str, send: Callable[[Fields], bool], known: Fields) -> bool:
    """What `send` says, once more where the server refuses it because its forms are no longer those that are known."""
    begun = time.monotonic()
    try:
        return send(known)
    except Fatal as refused:
        if refused.params.get("status") != str(UNMET) or (anew := fields(primero, account, since=begun)) == known:
            raise
    return send(anew)


def _of(primero: Primero, record_type: str, lookups: Mapping[str, tuple[str, ...]]) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for form in primero.forms(record_type):
        found |= _fields(form.get("fields"), lookups)
    return found


def _flat(known: Mapping[str, Field]) -> dict[str, Field]:
    """With the fields of what an incident has several of."""
    return {name: one for field_ in known.values() for name, one in field_.inside.items()} | dict(known)


def forget() -> None:
    """As after a day."""
    _KNOWN.clear()
    _SOUGHT.clear()


def _fields(written: object, lookups: Mapping[str, tuple[str, ...]]) -> dict[str, Field]:
    found = {}
    for one in written if isinstance(written, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            inner = one.get("subform_section")
            choices = lookups.get(lookup_of(one)) or _ids(one.get("option_strings_text"))
            inside = _fields(inner.get("fields"), lookups) if isinstance(inner, dict) else {}
            found[one["name"]] = Field(str(one.get("type")), choices, inside)
    return found


def lookup_of(one: Mapping[str, Any]) -> str:
    """The list that a field takes its choices from; empty where it has its own."""
    return str(one.get("option_strings_source") or "").removeprefix("lookup ").strip()


def _ids(values: object) -> tuple[str, ...]:
    listed = values if isinstance(values, list) else []
    return tuple(str(one["id"]) for one in listed if isinstance(one, Mapping) and "id" in one)


def known_choice(kinds: Mapping[str, Field], name: str, value: Any) -> Any:
    """A choice without what the instance added to it; anything else as it is."""
    known = kinds.get(name)
    return stem(value) if isinstance(value, str) and known is not None and known.chosen else value


def items(value: object) -> list[Mapping[str, Any]]:
    """The items of a subform, whatever stands in its place."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
