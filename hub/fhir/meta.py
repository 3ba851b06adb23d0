"""What stands in `Resource.meta` for others to sort by: profiles, tags and security labels, each a set.

https://hl7.org/fhir/R4/resource.html#Meta: a tag or label is the same where system and code are, whatever else it says.
"""

from collections.abc import Iterable
from typing import Any, Final

from hub.fhir import Resource

SETS: Final = ("profile", "tag", "security")


def joined(meta: Resource, more: Resource) -> Resource:
    """With what is not there yet after what is: a server keeps what an update does not mention."""
    return _with(meta, {name: [*meta.get(name, ()), *_left(more.get(name, ()), meta.get(name, ()))] for name in SETS})


def without(meta: Resource, less: Resource) -> Resource:
    return _with(meta, {name: _left(meta.get(name, ()), less.get(name, ())) for name in SETS})


def names(codings: Iterable[Resource]) -> frozenset[tuple[Any, Any]]:
    """By what tags and labels are told from each other."""
    return frozenset((one.get("system"), one.get("code")) for one in codings)


def _left(values: Any, others: Any) -> list[Any]:
    known = {_same(one) for one in others}
    left = {_same(one): one for one in reversed(values) if _same(one) not in known}
    return [left[same] for same in reversed(left)]


def _same(value: Any) -> Any:
    return (value.get("system"), value.get("code")) if isinstance(value, dict) else value


def _with(meta: Resource, sets: dict[str, list[Any]]) -> Resource:
    """In the order that it had; a set of nothing is left out, as JSON of FHIR wants."""
    written = {**meta, **sets}
    return {name: value for name, value in written.items() if name not in SETS or value}
