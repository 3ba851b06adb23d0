"""A need that nobody was asked to meet, and why: `profiles/structure-definitions/no-referral-reason.json`.

Such a need stays with the organisation that wrote it down: no consent, no referral and no emergency opens it to anybody else, and
nobody is asked for it. It is counted (`hub.referral.unreferred`).
"""

from typing import Final

from hub.fhir import Resource
from hub.fhir.canonicals import profile

NO_REFERRAL: Final = profile("no-referral-reason")
DECLINED: Final = "declined-by-survivor"


def no_referral_reason(resource: Resource) -> str:
    """A code of no-referral-reason; "" where a need does not say that it was not referred, and of what is no need."""
    if resource["resourceType"] != "ServiceRequest":
        return ""
    said = (str(one.get("valueCode", "")) for one in resource.get("extension", ()) if one.get("url") == NO_REFERRAL)
    return next(said, "")
