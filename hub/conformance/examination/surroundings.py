"""Where a resource stands: what it is contained in, and the bundles around it. References are followed here and nowhere else.

https://hl7.org/fhir/R4/references.html · https://hl7.org/fhir/R4/bundle.html#references
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from hub.fhir import Resource

LITERAL: Final = re.compile(
    r"(?P<root>[a-z][a-z0-9+.-]*://\S+/)?(?P<type>[A-Z][A-Za-z]{1,60})/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)


@dataclass(frozen=True, eq=False)
class Entries:
    """The resources of one bundle by the names that a reference may use."""

    bundle: Resource

    @cached_property
    def by_url(self) -> Mapping[str, Resource]:
        return {url: resource for url, resource in self._entries() if url}

    @cached_property
    def by_literal(self) -> Mapping[str, Resource]:
        return {f"{r['resourceType']}/{r['id']}": r for _, r in self._entries() if isinstance(r.get("id"), str)}

    def _entries(self) -> Iterator[tuple[str, Resource]]:
        listed = self.bundle.get("entry")
        for entry in listed if isinstance(listed, list) else ():
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
                url = entry.get("fullUrl")
                yield url if isinstance(url, str) else "", resource

    def find(self, literal: str) -> Resource | None:
        found = LITERAL.fullmatch(literal)
        bare = literal.partition("/_history/")[0]
        if bare in self.by_url:
            return self.by_url[bare]
        return self.by_literal.get(f"{found['type']}/{found['id']}") if found and not found["root"] else None


@dataclass(frozen=True, eq=False)
class Surroundings:
    """`resource` is FHIRPath's %resource, `root` its %rootResource; `bundles` from the inside out."""

    resource: Resource
    root: Resource
    bundles: tuple[Entries, ...] = ()

    @classmethod
    def of(cls, resource: Resource) -> "Surroundings":
        return cls(resource, resource)

    def contained(self, resource: Resource) -> "Surroundings":
        return replace(self, resource=resource)

    def entry(self, resource: Resource) -> "Surroundings":
        return Surroundings(resource, resource, (self._entries, *self.bundles))

    @cached_property
    def _entries(self) -> Entries:
        """Of this bundle; gathered once for all that is in it."""
        return Entries(self.root)

    def resolve(self, reference: Any) -> Resource | None:
        """The resource that a literal reference leads to, if it is in sight."""
        if not isinstance(reference, str) or not reference:
            return None
        if reference.startswith("#"):
            return self.root if reference == "#" else self._contained(reference[1:])
        return next((found for one in self.bundles if (found := one.find(reference)) is not None), None)

    def _contained(self, id_: str) -> Resource | None:
        listed = self.root.get("contained")
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and one.get("id") == id_:
                return one
        return None
