"""What profiles, tags and labels stand on all that a caller sees of a type.

https://hl7.org/fhir/R4/resource-operation-meta.html. A value is told where a search by it would find something: a tag or a label
may speak of any element, so of a record that is seen in part none is told.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from hub.errors import TOO_COSTLY, HubError
from hub.exchange import Hub, disclose
from hub.exchange.disclose import Asking
from hub.fhir import Resource
from hub.fhir.query import Query, Sort
from hub.ports import Caller

MOST: Final = 1000
"""Values of each kind."""

_READ: Final[Sequence[Sequence[str]]] = (("_profile",), ("_tag", "_security"))
"""What is read together: by the classes that it takes."""


def union(types: Iterable[str], caller: Caller, *, hub: Hub) -> Resource:
    """A Meta of the whole. Raises TOO_COSTLY."""
    asking = Asking(caller, hub.clock.now(), hub)
    found: dict[str, set[str]] = {name: set() for names in _READ for name in names}
    for type_ in types:
        for names in _READ:
            for name, values in _values(type_, names, asking).items():
                found[name] |= set(values)
    disclose.look((), caller, asking.now, "operation", hub=hub)
    codings = {name: [_coding(one) for one in sorted(found[f"_{name}"]) if "|" in one] for name in ("security", "tag")}
    written: dict[str, list[Any]] = {"profile": sorted(found["_profile"]), **codings}
    return {name: values[:MOST] for name, values in written.items() if values}


def _values(type_: str, names: Sequence[str], asking: Asking) -> dict[str, tuple[str, ...]]:
    read = asking.numbered(Query(type_, sort=tuple(Sort(name) for name in names)))
    found = asking.hub.store.values(read, asking.reaching(read), names, 2 * MOST)  # each code also stands alone
    if found is None:
        raise HubError(TOO_COSTLY, path=type_, text="web.too-many-to-read")
    return found


def _coding(value: str) -> Resource:
    system, _, code = value.partition("|")
    return {"system": system, "code": code} if system else {"code": code}
