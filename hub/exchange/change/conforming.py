"""What a resource must be before it is stored: whole, free of what only the hub gives, and as its profile says.

https://hl7.org/fhir/R4/resource.html#Meta · https://terminology.hl7.org/CodeSystem/v3-ObservationValue (SUBSETTED)
"""

from collections.abc import Container, Iterable

from hub import errors
from hub.conformance import validate
from hub.errors import HubError
from hub.exchange import Hub, Invalid
from hub.exchange.change.ownership import is_entry
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.issues import Issue
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
    """Profile, tags and labels stay on an update unless they are removed on purpose; version and instant are the store's."""
    stored, sent = before.get("meta", {}), after.get("meta", {})
    if not isinstance(sent, dict):
        return after
    meta = {**stored, **without(sent, _OF_THE_STORE | {"profile"})}
    return {**after, "meta": meta}


def keep_tags(before: Resource, after: Resource) -> Resource:
    """An update adds tags and takes none away: https://hl7.org/fhir/R4/resource.html#tag-updates."""
    stored, meta = before.get("meta", {}).get("tag", []), after.get("meta", {})
    sent = meta.get("tag", []) if isinstance(meta, dict) else None
    if not stored or not isinstance(sent, list):
        return after
    return {**after, "meta": {**meta, "tag": [*stored, *(tag for tag in sent if tag not in stored)]}}


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
