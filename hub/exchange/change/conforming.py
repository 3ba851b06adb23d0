"""What a resource must be before it is stored: whole, free of what only the hub gives, and as its profile says.

https://hl7.org/fhir/R4/resource.html#Meta · https://terminology.hl7.org/CodeSystem/v3-ObservationValue (SUBSETTED)
"""

from collections.abc import Collection, Container, Iterable
from typing import Any

from hub import errors
from hub.conformance import validate
from hub.errors import HubError
from hub.exchange import Hub, Invalid
from hub.exchange.change.ownership import is_entry
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.issues import Issue
from hub.fhir.labels import labelled
from hub.fhir.meta import names
from hub.fhir.numbered import is_numbered

INVARIANT = "invariant"
_OF_THE_STORE = frozenset({"versionId", "lastUpdated"})


def require_valid(resource: Resource) -> None:
    """Raises Invalid, SUBSETTED or HUB_GIVEN."""
    require_none(findings(resource))


def findings(resource: Resource) -> tuple[Issue, ...]:
    """Raises SUBSETTED or HUB_GIVEN for what is not judged at all."""
    if _is_partial(resource):
        raise HubError(errors.SUBSETTED, path=f"{resource['resourceType']}.meta.tag")
    if is_numbered(resource):
        raise HubError(errors.HUB_GIVEN, path=f"{resource['resourceType']}.identifier")
    return validate(resource)


def _is_partial(resource: Resource) -> bool:
    """Asked first, so of a body that can have any shape."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return isinstance(tags, list) and any(isinstance(tag, dict) and tag.get("code") == "SUBSETTED" for tag in tags)


def require_none(issues: Iterable[Issue]) -> None:
    """Raises Invalid with all of them where one blocks."""
    issues = tuple(issues)
    if any(issue.blocks for issue in issues):
        raise Invalid(errors.INVALID, issues)


def fresh(resource: Resource, hub: Hub, id_: str = "") -> Resource:
    """The resource under an id of its own, one that was drawn for it before or a new one."""
    rest = without(resource, {"resourceType", "id"})
    return of_profile({"resourceType": resource["resourceType"], "id": id_ or hub.ids.new(), **rest})


def of_profile(resource: Resource) -> Resource:
    """It says by which of our profiles it is understood, and no version or instant."""
    profile = load().profile_of(resource)
    meta = resource.get("meta", {})
    if profile is None or not isinstance(meta, dict):
        return resource
    return {**resource, "meta": {**without(meta, _OF_THE_STORE), "profile": [profile.url]}}


def keep_meta(before: Resource, after: Resource) -> Resource:
    """Of an update: profile, tags and labels stay, and are added to; version and instant are the store's.

    https://hl7.org/fhir/R4/resource.html#tag-updates
    """
    stored, sent = before.get("meta", {}), after.get("meta", {})
    if not isinstance(sent, dict):
        return after
    added = {name: _added(stored.get(name, []), sent[name]) for name in ("tag", "security") if name in sent}
    return {**after, "meta": {**stored, **without(sent, _OF_THE_STORE | {"profile"}), **added}}


def _added(stored: list[Resource], sent: Any) -> Any:
    """One that is there already is not there twice, whatever else is said of it. What is no list is judged as it is."""
    if not isinstance(sent, list):
        return sent
    return [*stored, *(one for one in sent if not any(_is_same(one, known) for known in stored))]


def _is_same(one: Any, known: Resource) -> bool:
    return isinstance(one, dict) and all(one.get(name) == known.get(name) for name in ("system", "code"))


def keep_profile(before: Resource, after: Resource) -> Resource:
    """Of a patch: tags and labels are what it makes of them, and what it takes away is taken away; the profile stays."""
    stored, sent = before.get("meta", {}), after.get("meta", {})
    if not isinstance(sent, dict):
        return after
    kept = {name: value for name, value in stored.items() if name == "profile" or name in sent}
    return {**after, "meta": {**kept, **without(sent, _OF_THE_STORE | {"profile"})}}


def require_heeded(before: Resource, after: Resource) -> None:
    """Of a patch: the labels that it takes away go, and those that it adds are kept; what is by rule it can only restate.
    `after`: valid. Raises LABEL_BY_RULE."""
    was, said = (names(one.get("meta", {}).get("security", ())) for one in (before, after))
    if was != said:
        kept = names(labelled(after, before)["meta"]["security"])
        require_free(((was - said) & kept) | ((said - was) - kept), after["resourceType"])


def require_free(by_rule: Collection[tuple[str, str]], type_: str) -> None:
    """None of the labels that were to go, or to be weaker, follows by rule. Raises LABEL_BY_RULE, which names them."""
    if by_rule:
        label = ", ".join(sorted(code for _, code in by_rule))
        raise HubError(errors.LABEL_BY_RULE, path=f"{type_}.meta.security", label=label)


def noun(resource: Resource) -> str:
    """What the audit calls it: of several profiles of one type, those that are something else have a name of their own."""
    type_: str = resource["resourceType"]
    profile = load().profile_of(resource)
    if profile and profile.name in {"outcome", "protective-measure"}:
        return profile.name
    known = {
        "Patient": "survivor", "EpisodeOfCare": "case", "Observation": "incident", "ServiceRequest": "need",
        "Consent": "consent", "Task": "referral",
    }  # fmt: skip
    return known.get(type_) or ("entry" if is_entry(resource) else "record")


def without(node: Resource, keys: Container[str]) -> Resource:
    return {key: value for key, value in node.items() if key not in keys}
