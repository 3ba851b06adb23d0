"""Offerings: which organisations give a service in a place: by what the organisations say of their services in the directory, and
where one has said nothing itself, by what the deployment says of it.

A service serves a province where it names it, its region, or, having named no place, where its organisation is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from hub.consent.keys import PUBLIC
from hub.directory.matching import area_of, region_of
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Token
from hub.fhir.references import split
from hub.ports import LONG_AGO, Clock, Directory, Scan, Store, Visible

AT_ONCE: Final = 500
FRESH: Final = timedelta(seconds=1)


class Offerings:
    """What the directory said is known for a second: an import opens many referrals at once."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store, self._clock, self._directory = store, clock, directory
        self._known: dict[str, tuple[datetime, dict[str, list[Resource]]]] = {}

    def __call__(self, service: str, province: str) -> frozenset[str]:
        said = self._of(service)
        given = {who for who, services in said.items() if any(self._serves(one, who, province) for one in services)}
        return (self._directory.offering(service, province) - said.keys()) | given

    def _of(self, service: str) -> dict[str, list[Resource]]:
        """By organisation, what it says of this service, also that it is not given any more."""
        now = self._clock.now()
        at, known = self._known.get(service, (LONG_AGO, {}))
        if abs(now - at) >= FRESH:
            known = {}
            for one in self._stored(service, now):
                known.setdefault(split(one["providedBy"]["reference"])[1], []).append(one)
            self._known[service] = (now, known)
        return known

    def _stored(self, service: str, now: datetime) -> Iterator[Resource]:
        of = Match("service-type", "token", (Token(code_system("service-type"), service),))
        visible, scan = Visible(frozenset({PUBLIC}), now), Scan(AT_ONCE)
        known = frozenset(self._directory.organizations())
        while batch := self._store.scan([(Query("HealthcareService", (of,)), visible)], scan):
            kept = ((stored.custodian, stored.resource()) for stored in batch if stored.custodian in known)
            yield from (one for keeper, one in kept if split(one["providedBy"]["reference"])[1] == keeper)
            scan = Scan(AT_ONCE, after=batch[-1].id)

    def _serves(self, service: Resource, organization: str, province: str) -> bool:
        if not service.get("active") or not province:
            return bool(service.get("active"))
        places = {code for _, code in area_of(service)} or {self._seat(organization)}
        return bool(places & {province, region_of(province)})

    def _seat(self, organization: str) -> str:
        return str((self._directory.organization(organization) or {}).get("province", ""))
