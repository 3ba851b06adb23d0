"""May she be counted in reports? Only by a consent of that kind (`profiles/structure-definitions/statistics-consent.json`).

Whom she shares with says nothing of whether she may be counted, nor the other way round: neither is ever read for the other.
"""

from collections.abc import Iterable
from datetime import datetime

from hub.consent.policies import Policies
from hub.consent.provisions import in_force
from hub.consent.standing import stand
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import period
from hub.ports import FOREVER, LONG_AGO

STATISTICS = "statistics"


def may_be_counted(documents: Iterable[Resource], policies: Policies, at: datetime) -> bool:
    """Whether one of her consents to be counted permits it at this instant, and none denies it."""
    said = {consent["provision"].get("type") for consent in stand(documents, policies).consents if _speaks(consent, at)}
    return said == {"permit"}


def _speaks(consent: Resource, at: datetime) -> bool:
    root = consent["provision"]
    since, until = period(root.get("period"), low=LONG_AGO, high=FOREVER)
    named = {(coding.get("system"), coding.get("code")) for coding in root.get("purpose", ())}
    return in_force(consent) and (code_system("purpose"), STATISTICS) in named and since <= at < until
