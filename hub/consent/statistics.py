"""May she be counted in reports? Only by a consent of that kind (`profiles/structure-definitions/statistics-consent.json`).

Whom she shares with says nothing of whether she may be counted, nor the other way round: neither is ever read for the other.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

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
    return _permits(_speaking(documents, policies), at)


def may_be_counted_when(documents: Iterable[Resource], policies: Policies) -> Iterator[tuple[datetime, datetime]]:
    """From when until when she may, by what she has said until now: it changes by itself where a consent begins or ends."""
    speaking = _speaking(documents, policies)
    edges = sorted({edge for consent in speaking for edge in _period(consent)})
    yield from ((since, until) for since, until in pairwise(edges) if _permits(speaking, since))


def speaks_of_it(consent: Resource) -> bool:
    """Whether a Consent is of that kind, whatever it says."""
    named = {(one.get("system"), one.get("code")) for one in consent.get("provision", {}).get("purpose", ())}
    return (code_system("purpose"), STATISTICS) in named


def _speaking(documents: Iterable[Resource], policies: Policies) -> list[Resource]:
    return [one for one in stand(documents, policies).consents if in_force(one) and speaks_of_it(one)]


def _permits(speaking: Iterable[Resource], at: datetime) -> bool:
    said = set()
    for consent in speaking:
        since, until = _period(consent)
        if since <= at < until:
            said.add(consent["provision"].get("type"))
    return said == {"permit"}


def _period(consent: Resource) -> tuple[datetime, datetime]:
    return period(consent["provision"].get("period"), low=LONG_AGO, high=FOREVER)
