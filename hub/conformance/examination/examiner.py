"""What is wrong with a resource, all of it: the walk of the general validator, and the entrance's word for profiles of ours."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from hub.conformance.examination.findings import MOST, Findings, Full
from hub.conformance.examination.library import Library
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.surroundings import Surroundings
from hub.conformance.examination.walk import Walk
from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.fhir.strict import DEEPEST, deeper_than


class Examiner:
    """Keeps what it has compiled: one for many resources. `extra`: StructureDefinitions, ValueSets, CodeSystems of the caller.

    `assumed`: type → canonical of the profile that is meant where a resource names none that is known and none is asked for.
    """

    def __init__(self, extra: Iterable[Resource] = (), *, assumed: Mapping[str, str] | None = None) -> None:
        self._library = Library(extra)
        self._assumed = assumed or {}

    def examine(self, resource: Any, profiles: Sequence[str] = ()) -> tuple[Issue, ...]:
        """Every issue, empty when there is nothing to say. Never raises, whatever it is given."""
        if deeper_than(resource, DEEPEST):
            return (Issue("fatal", "too-long", "conformance.too-deep"),)
        path = resource["resourceType"] if self._is_named(resource) else ""
        found = Findings()
        walk = Walk(Scope(self._library, Surroundings.of(resource), found), self._assumed)
        try:
            walk.resource(resource, path, tuple(profiles))
        except Full:
            return (
                *found.whole,
                Issue("error", "incomplete", "conformance.too-many-issues", path, params={"most": str(MOST)}),
            )
        return found.whole

    def _is_named(self, resource: Any) -> bool:
        return isinstance(resource, dict) and self._library.is_resource(resource.get("resourceType"))


@cache
def _examiner() -> Examiner:
    return Examiner()


def examine(resource: Any, profiles: Sequence[str] = (), *, extra: Iterable[Resource] = ()) -> tuple[Issue, ...]:
    """What is wrong with a resource against the profiles that it names, those asked for, or else R4's own definition.

    For many resources with the same `extra`, keep an `Examiner`.
    """
    brought = tuple(extra)
    return (Examiner(brought) if brought else _examiner()).examine(resource, profiles)
