"""Referrals that she was asked about and does not agree to: of what she said, the latest word stands, whichever was read first.

A need bears the day by which she had said no (`refused-on`). A consent that was certainly given later is a later word, and sends
it; so is one of the same day that somebody recorded with a signed paper or a note that she was asked. Any other is an earlier
one, or may be, and does not, whatever it opens of all else. So nothing here depends on the order in which sources were read:
only on what has been said.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.consent.keys import Held
from hub.consent.narrowing import denies
from hub.consent.provisions import in_force
from hub.consent.recording import has_evidence, opens
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.instants import span
from hub.fhir.references import reference

REFUSED_ON = profile("refused-on")


def refusals(documents: Iterable[Resource]) -> dict[str, str]:
    """The needs that she refused, by reference, and by when."""
    needs = (one for one in documents if one["resourceType"] == "ServiceRequest")
    return {reference(one): day for one in needs if (day := refused_on(one))}


def refused_on(need: Resource) -> str:
    """By when she had said that she does not agree to it; empty where she has not."""
    found = (str(one["valueDateTime"]) for one in need.get("extension", ()) if one["url"] == REFUSED_ON)
    return next(found, "")


def refused(need: Resource, days: Iterable[str]) -> Resource:
    """The need, refused by the last of these days."""
    rest = [one for one in need.get("extension", ()) if one["url"] != REFUSED_ON]
    latest = max(days, key=lambda day: span(day)[1])
    return {**need, "extension": [*rest, {"url": REFUSED_ON, "valueDateTime": latest}]}


def is_later(consent: Resource, refusal: str) -> bool:
    """Whether it was certainly given after this day, or, where there is evidence for it as there is not for what a tool says,
    not before it."""
    if "dateTime" not in consent:
        return False
    begins, ends = span(refusal)
    return span(consent["dateTime"])[0] >= (begins if has_evidence(consent) else ends)


def said_after(held: Iterable[Held], custodian: str, refusal: str) -> Iterator[Held]:
    """All that is kept of her, but of one organisation's Consents: those that are later than a refusal whole, of the others what
    they deny, since that needs no date."""
    for one in held:
        resource = one.resource
        mine = one.custodian == custodian and resource["resourceType"] == "Consent" and in_force(resource)
        if not mine or is_later(resource, refusal):
            yield one
        elif said := denies(resource["provision"]):
            yield replace(one, resource={**resource, "provision": said})


def contradictions(documents: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """Of what one organisation keeps of her: each consent in force that would send a need which she refused, and that need, by
    reference. Not where a later one names its recipient: then she was asked again."""
    documents = list(documents)
    given = [one for one in documents if one["resourceType"] == "Consent" and in_force(one) and opens(one["provision"])]
    refused_needs = (one for one in documents if one["resourceType"] == "ServiceRequest" and one["status"] == "active")
    for need in refused_needs:
        if not (day := refused_on(need)):
            continue
        naming = [one for one in given if _names(one, need)]
        earlier = [one for one in naming if not is_later(one, day)]
        if len(earlier) == len(naming):
            yield from ((reference(one), reference(need)) for one in earlier)


def _names(consent: Resource, need: Resource) -> bool:
    to = {one.get("reference") for one in need.get("performer", ())}
    return any(who in to or not who.startswith("Organization/") for who in _actors(consent["provision"]))


def _actors(provision: Resource) -> Iterator[str]:
    """Whom a consent names, and those it names: a group or a function may hold anybody."""
    for actor in provision.get("actor", ()):
        yield str(actor.get("reference", {}).get("reference", ""))
    for inner in provision.get("provision", ()):
        yield from _actors(inner)
