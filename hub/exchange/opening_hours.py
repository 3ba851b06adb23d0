"""When an organisation is open for a service, by what the directory says of it: its own hours, else those of the deployment.

https://hl7.org/fhir/R4/healthcareservice.html. What is open day and night knows no holidays.
"""

from datetime import datetime, timedelta
from typing import Final

from hub.consent.keys import PUBLIC, own
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Target, Token
from hub.ports import LONG_AGO, Clock, Store, Visible
from hub.referral.calendars import Calendar
from hub.referral.opening import opening

AT_ONCE: Final = 20
FRESH: Final = timedelta(minutes=1)


class OpeningHours:
    """What the directory said is known for a minute: an import sends many referrals to few."""

    def __init__(self, store: Store, clock: Clock, usual: Calendar) -> None:
        self._store, self._clock, self._usual = store, clock, usual
        self._known: dict[tuple[str, str], tuple[datetime, Calendar]] = {}

    def __call__(self, organization: str, service: str) -> Calendar:
        asked, now = (organization, service), self._clock.now()
        at, known = self._known.get(asked, (LONG_AGO, self._usual))
        if abs(now - at) > FRESH:
            known = opening(self._services(organization, service), self._usual)
            self._known[asked] = (now, known)
        return known

    def _services(self, organization: str, service: str) -> list[Resource]:
        by = Match("organization", "reference", (Target("Organization", organization),))
        of = Match("service-type", "token", (Token(code_system("service-type"), service),))
        visible = Visible(frozenset({PUBLIC, own(organization)}), self._clock.now())
        ids = self._store.ids(Query("HealthcareService", (by, of) if service else (by,)), visible, AT_ONCE)
        found = (
            self._store.read("HealthcareService", id_, visible) for id_ in sorted(ids)
        )  # no page: it would need a key
        return [one.resource() for one in found if one]
