"""A consent without one of its recipients: what is left when a survivor withdraws from one organisation alone.

https://hl7.org/fhir/R4/consent.html: an exception without actors speaks of everybody, so one that has lost its last actor goes
as a whole. What denies is left as it is.
"""

from typing import Any

from hub.consent.provisions import recipients
from hub.fhir import Resource

Node = dict[str, Any]


def without(consent: Resource, recipient: str) -> Resource | None:
    """The consent as it is to be written anew; None when nothing is permitted any more."""
    root = _without(consent.get("provision", {}), f"Organization/{recipient}")
    return {**consent, "provision": root} if root and _permits(root) else None


def names(consent: Resource, recipient: str) -> bool:
    return recipient in recipients(consent.get("provision", {}))


def _without(provision: Node, reference: str) -> Node | None:
    if provision.get("type") == "deny":
        return provision
    actors = [one for one in provision.get("actor", ()) if one.get("reference", {}).get("reference") != reference]
    if provision.get("actor") and not actors:
        return None
    children = [_without(child, reference) for child in provision.get("provision", ())]
    kept = {"actor": actors, "provision": [child for child in children if child]}
    rest = {name: value for name, value in provision.items() if name not in kept}
    return rest | {name: value for name, value in kept.items() if value}


def _permits(provision: Node) -> bool:
    return provision.get("type") == "permit" or any(_permits(child) for child in provision.get("provision", ()))
