"""Record: who may write down a consent, and what must be known of it before it opens anything.

Only the custodian records, and never for itself: who asks for data is not who says that they may be given. To withdraw, to
refuse and to say less is always possible.
"""

from hub import errors
from hub.consent.recording import authorises, says_no_more, shortcomings
from hub.consent.rules import purposes_under
from hub.errors import HubError
from hub.exchange import Invalid
from hub.fhir import Resource
from hub.ports import Caller


def require_recorded(after: Resource, before: Resource | None, caller: Caller) -> None:
    """Raises HubError(SELF_AUTHORISED), or Invalid with what is missing. Of a resource that is no Consent: nothing."""
    if after["resourceType"] != "Consent" or after["status"] != "active":
        return
    if before and before["status"] == "active" and says_no_more(after, before, purposes_under()):
        return
    if authorises(after["provision"], caller.organization):
        raise HubError(errors.SELF_AUTHORISED, path="Consent.provision")
    if issues := tuple(shortcomings(after)):
        raise Invalid(errors.INVALID, issues)
