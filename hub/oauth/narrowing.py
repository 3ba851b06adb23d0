"""Granular scopes: `system/Task.rus?owner=Organization/x` reaches what this search would find, and nothing else.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
They are narrowed inside the database query (`hub.ports.Within`), by the reader that reads searches. Whatever it does not
understand is no scope: to ignore it would be to grant more than was asked for. Modifiers and chains are experimental in SMART
and are not understood. A scope is kept, listed and told: a parameter that reads what identifies somebody is refused.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from hub.errors import HubError
from hub.fhir.data_classes import identifying
from hub.fhir.query import Match, Target
from hub.search import parse
from hub.search.parameters import PARAMETERS, parameter

Pairs = tuple[tuple[str, str], ...]
_SAFE: Final = ":/|,"


class NotNarrowed(ValueError):  # noqa: N818 — the field's word
    """The text is no search that a scope can be narrowed by."""


def read(type_: str, text: str) -> Pairs:
    """The parameters of a scope, in one order. Raises NotNarrowed."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=10)
    except ValueError:
        raise NotNarrowed from None
    if type_ not in PARAMETERS or not all(value and _names_nobody(type_, name) for name, value in pairs):
        raise NotNarrowed
    where = tuple(sorted(set(pairs)))
    matches(type_, where)
    return where


def _names_nobody(type_: str, name: str) -> bool:
    known = parameter(type_, name)
    return known is not None and not known.data_classes & identifying()


def written(where: Iterable[tuple[str, str]]) -> str:
    return urlencode(list(where), quote_via=quote, safe=_SAFE)


def matches(type_: str, where: Pairs) -> tuple[Match, ...]:
    """What a resource must match. Raises NotNarrowed."""
    try:
        query, _ = parse(type_, where, strict=True)
    except HubError:
        raise NotNarrowed from None
    if any("/" in (value.type or "") for match in query.matches for value in match.values if isinstance(value, Target)):
        raise NotNarrowed  # an absolute URL; here references are relative
    return query.matches
