"""Newsworthy: what is told of a commit beside its referrals, to whoever subscribed: the topics `service-request` and
`consent-withdrawn` of `profiles/subscription-topics`.

Who keeps a consent is told that it ended; a recipient may not see a consent, and is told of the notice that is its own to read.
"""

from collections.abc import Iterator

from hub.consent.belonging import is_notice
from hub.exchange.recall import VERB
from hub.fhir import Resource
from hub.fhir.references import reference, split
from hub.ports import Due


def news_of(before: Resource | None, after: Resource) -> Iterator[Due]:
    """Of one resource that is written: as it was stored, and as it will be."""
    about = reference(after)
    if after["resourceType"] == "ServiceRequest" and before is not None:
        yield Due("need.update", "", about)
    if after["resourceType"] == "Consent" and _has_ended(before, after):
        yield Due("consent.withdraw", "", about)
    if is_notice(after) and before is None:
        for one in after["recipient"]:
            yield Due(VERB, "", about, recipient=split(one["reference"])[1])


def _has_ended(before: Resource | None, after: Resource) -> bool:
    return before is not None and before.get("status") == "active" != after.get("status")
