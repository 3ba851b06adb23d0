"""The part of a resource that a caller may see, with the labels of what it holds: `redact` and `relabelled` as one step.

https://hl7.org/fhir/R4/security-labels.html. Where all that may be left is of the profile's own class, the labels are known
before anything is read.
"""

from functools import lru_cache

from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.labels import Label, labels, relabelled
from hub.fhir.masking import REDACTED, redact
from hub.fhir.numbered import numbered


def is_whole(text: str, type_: str, id_: str, allowed: frozenset[str]) -> bool:
    """Whether the beginning of a text of ours names a profile of which all is allowed. False: it has to be read."""
    start = f'{{"resourceType":"{type_}","id":"{id_}","meta":{{"profile":["'
    if not text.startswith(start):
        return False
    return _all_allowed(type_, text[len(start) : text.index('"', len(start))], allowed)


@lru_cache(maxsize=4096)
def _all_allowed(type_: str, url: str, allowed: frozenset[str]) -> bool:
    """Of a profile that is not known, or of another type, this says nothing: what is named next may count."""
    named = url.partition("|")[0]
    found = next((profile for profile in load().of_type(type_) if profile.url == named), None)
    return found is not None and found.classes <= allowed


def excerpt(resource: Resource, allowed: frozenset[str], number: str = "") -> Resource | None:
    """What is left, or None where nothing may be missing. `number`: by which the caller knows the survivor whose record it is."""
    view, removed = redact(resource, allowed)
    if not removed:
        return None
    view = numbered(view, number) if number else view
    profile = load().profile_of(view)
    known = _foreseen(profile.name, allowed, is_numbered=bool(number)) if profile else ()
    return {**view, "meta": {**view["meta"], "security": [*known, REDACTED]}} if known else relabelled(view)


@lru_cache(maxsize=4096)
def _foreseen(profile_name: str, allowed: frozenset[str], *, is_numbered: bool) -> tuple[Label, ...]:
    """The labels of whatever is left, and of a number; none where they depend on what is there."""
    profile = load().profile(profile_name)
    if not profile.classes & allowed <= {profile.base_class}:
        return ()
    least: Resource = {"resourceType": profile.type, "meta": {"profile": [profile.url]}}
    return labels(numbered(least, "-") if is_numbered else least)
