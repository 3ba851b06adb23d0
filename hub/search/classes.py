"""Which data classes a query reads, so that nobody is found by what the caller may not see.

A match on an element, its absence or the order by it tells something about it: all three belong to its class.
"""

from hub.fhir.definitions import load
from hub.fhir.numbered import SYSTEM
from hub.fhir.query import ById, Match, Query, Token, Value
from hub.search.parameters import Parameter, in_profile


def classes(query: Query, profile: str = "") -> frozenset[str]:
    """The data classes that a caller must hold on a document of this profile (none: the one that is meant where a resource
    names none) before this query may match it."""
    read: set[str] = set()
    for match in query.reads:
        if match.parameter != "_has":  # what points to a document is read there, by a query of its own
            read |= _read_by(match, _known(query.type, match.parameter, profile))
    for sort in query.sort:
        read |= _known(query.type, sort.parameter, profile).data_classes
    return frozenset(read)


def _known(type_: str, name: str, profile: str) -> Parameter:
    meant = load().for_type(type_)
    found = in_profile(type_, name, profile or meant.name) if meant else None
    if found is None:
        raise LookupError(f"{type_} has no parameter {name}")
    return found


def _read_by(match: Match, found: Parameter) -> frozenset[str]:
    systems = {_system(value) for value in match.values}
    if systems <= found.by_system.keys():
        return frozenset(found.by_system[system] for system in systems if system is not None)
    return found.data_classes


def _system(value: Value) -> str | None:
    if isinstance(value, ById):
        return SYSTEM
    return value.system if isinstance(value, Token) else None
