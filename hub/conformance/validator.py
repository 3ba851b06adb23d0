"""Profile by profile: a compiled JSON Schema for the verdict, the plan for the words, FHIRPath for what neither can say."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from hub.conformance import json_schema
from hub.conformance.annotations import annotated
from hub.conformance.explain import explain
from hub.conformance.invariants import Invariant, invariants
from hub.conformance.plan import Complex, Planner
from hub.fhir import Resource
from hub.fhir.decimals import plain
from hub.fhir.definitions import Profile, load
from hub.fhir.issues import Issue


@dataclass(frozen=True)
class _Compiled:
    plan: Complex
    is_valid: Callable[[Any], bool]
    invariants: tuple[Invariant, ...]


def validate(resource: Resource) -> tuple[Issue, ...]:
    """What is wrong with a resource against the profile that it names, or the one of its type; empty when it conforms."""
    profile = _profile(resource)
    if profile is None:
        known = ", ".join(sorted(p.type for p in load().profiles()))
        return (Issue("error", "not-supported", "conformance.no-profile", params={"types": known}),)
    return validate_against(resource, profile)


def validate_against(resource: Resource, profile: Profile) -> tuple[Issue, ...]:
    """What is wrong with a resource against this profile, whichever it names."""
    compiled = _compile(profile.name)
    if not _accepts(compiled, resource):
        found = tuple(explain(compiled.plan, resource, profile.type))
        return found or (
            Issue("error", "structure", "conformance.invalid", profile.type, params={"element": profile.type}),
        )
    return tuple(issue for invariant in compiled.invariants for issue in invariant.check(resource))


def schema(name: str, language: str = "en") -> json_schema.Schema:
    """The published JSON Schema of a profile, with words in the language. KeyError when there is no such profile."""
    return annotated(_planner().profile(load().profile(name)), language)


def _profile(resource: Any) -> Profile | None:
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return None
    meta = resource.get("meta")
    named = meta.get("profile") if isinstance(meta, dict) else None
    for url in named if isinstance(named, list) else ():
        try:
            profile = load().profile(url)
        except (KeyError, TypeError, AttributeError):
            continue
        return profile
    return load().for_type(resource["resourceType"])


def _accepts(compiled: _Compiled, resource: Resource) -> bool:
    """To jsonschema-rs a number that is kept as it was written is none: it refuses it, or says that it does not know it."""
    try:
        if compiled.is_valid(resource):
            return True
    except ValueError:
        pass
    return compiled.is_valid(plain(resource))


@cache
def _planner() -> Planner:
    return Planner(load())


@cache
def _compile(name: str) -> _Compiled:
    profile = load().profile(name)
    plan = _planner().profile(profile)
    validator = jsonschema_rs.Draft202012Validator(json_schema.schema(plan, profile.title, profile.url))
    return _Compiled(plan, validator.is_valid, invariants(profile))
