"""Statistics: the monthly report of an organisation on the referrals that it keeps, of survivors who consent to be counted.

`profiles/measures/monthly-report.json`. What leaves is about nobody: no reference, no small number, a month that is over.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from hub.consent.keys import own
from hub.consent.statistics import STATISTICS, may_be_counted
from hub.exchange import Hub, disclose
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.instants import MOROCCO
from hub.fhir.query import Query
from hub.fhir.tasks import REFERRAL, kind
from hub.ports import Caller, Past, Scan, Stored, Versions, Visible
from hub.referral.counting import Case, case, count, waits
from hub.referral.reporting import Statistics
from hub.referral.suppression import told
from hub.referral.timeline import Version

AT_ONCE: Final = 500
A_DAY: Final = timedelta(days=1)
"""For clocks that do not agree."""


def month(year: int, number: int) -> tuple[date, date]:
    """Its first and its last day."""
    first = date(year, number, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def is_over(last: date, now: datetime) -> bool:
    return now.astimezone(MOROCCO).date() > last


def statistics(organization: str, year: int, number: int, smallest: int, *, hub: Hub) -> Statistics:
    """Of one month: periods that overlap could be set against each other."""
    first, last = month(year, number)
    cases = list(_counted(organization, first, last, hub))
    groups = told(count(cases), smallest)
    spans = waits(cases, smallest)
    return Statistics(organization, first, last, hub.clock.now(), smallest, groups, spans)


def note(caller: Caller, *, hub: Hub) -> None:
    """That it was asked is on record, of nobody in particular, before the answer leaves."""
    disclose.look((), caller, hub.clock.now(), "operation", hub=hub)


def _counted(organization: str, first: date, last: date, hub: Hub) -> Iterator[Case]:
    """What was sent in a month has changed since it began: nothing older is read."""
    low = datetime.combine(first, time(), MOROCCO)
    high = datetime.combine(last + timedelta(days=1), time(), MOROCCO)
    visible = Visible(frozenset({own(organization)}), hub.clock.now())
    for batch in _scanned("Task", visible, Scan(AT_ONCE, since=low - A_DAY), hub):
        persons = frozenset(one.person for one in batch if one.person)
        counted = _who_may_be_counted(organization, persons, visible, hub)
        asked = [one.id for one in batch if one.person in counted and kind(one.resource()) == REFERRAL]
        for versions in _histories(asked, visible, hub):
            found = case(versions)
            if found and low <= found.sent < high:
                yield found


def _who_may_be_counted(organization: str, persons: frozenset[str], visible: Visible, hub: Hub) -> set[str]:
    """By all that this organisation keeps of each who said anything of it."""
    consents = _scanned("Consent", visible, Scan(AT_ONCE, persons=persons), hub)
    said = {one.person for batch in consents for one in batch if one.person and STATISTICS in one.text}
    return {
        person
        for person, compartment in hub.store.compartments(sorted(said)).items()
        if may_be_counted(Person.of(compartment, hub.rules).kept_by(organization), hub.policies, hub.clock.now())
    }


def _scanned(type_: str, visible: Visible, scan: Scan, hub: Hub) -> Iterator[tuple[Stored, ...]]:
    while batch := hub.store.scan([(Query(type_), visible)], scan):
        yield batch
        scan = replace(scan, after=batch[-1].id)


def _histories(ids: Iterable[str], visible: Visible, hub: Hub) -> Iterator[list[Version]]:
    """The versions of each, in their order."""
    found: dict[str, list[Stored]] = defaultdict(list)
    asked, after = tuple(ids), None
    while asked:
        page = hub.store.history([Past("Task", visible)], Versions(ids=asked, count=AT_ONCE, after=after))
        for one in page.page:
            found[one.id].append(one)
        after = page.after
        if after is None:
            break
    for stored in found.values():
        stored.sort(key=lambda one: one.version)
        yield [Version(_task(one), one.at) for one in stored if not one.gone]


def _task(stored: Stored) -> Resource:
    return stored.resource()
