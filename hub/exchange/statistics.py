"""Statistics: the report of an organisation, of a month or of several, on the referrals that it keeps, and the needs that it
did not refer, of survivors who consent to be counted.

`profiles/measures/monthly-report.json`. What leaves is about nobody: no reference, no small number, a time that is over.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from hub.consent.keys import own
from hub.consent.statistics import STATISTICS, may_be_counted
from hub.exchange import Hub, disclose
from hub.exchange.person import Person
from hub.fhir.instants import MOROCCO, day_of
from hub.fhir.needs import NO_REFERRAL
from hub.fhir.query import Match, Query, Span, Target
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.ports import LONG_AGO, Caller, Course, Past, Scan, Stored, Versions, Visible
from hub.referral.counting import WAITS, Case, case, count_unreferred, unreferred, waits
from hub.referral.courses import course, sent, step
from hub.referral.nesting import span
from hub.referral.reporting import Statistics
from hub.referral.rows import rows
from hub.referral.violence import main_type

AT_ONCE: Final = 500


def period(year: int, month: int, months: int) -> tuple[date, date]:
    """The first and the last day of the period that a month belongs to: they follow each other from January on."""
    first = date(year, month - (month - 1) % months, 1)
    last = first.month + months - 1
    return first, date(year, last, monthrange(year, last)[1])


def is_over(last: date, now: datetime) -> bool:
    return day_of(now) > last


def statistics(
    organization: str, year: int, month: int, *, hub: Hub, months: int = 0, traits: Sequence[str] = ()
) -> Statistics:
    """Of the period that a month belongs to: as long as the shortest that the deployment reports on, or as is asked for.
    `traits`: what is wanted of each referral, where they are told one by one; of longer periods they are not."""
    lengths = hub.reporting.lengths(months)
    smallest, (first, last) = hub.reporting.smallest, period(year, month, lengths[0])
    cases, needs = _counted(organization, first, last, hub)
    sizes = [length // lengths[-1] for length in lengths]
    found = span(_each_shortest(cases, first, lengths), sizes, smallest)
    apart = span(_each_shortest(needs, first, lengths), sizes, smallest, count_unreferred)
    spans = waits(cases, smallest) if found.told[0].whole else dict.fromkeys(WAITS)
    singly = rows(cases, traits, smallest) if traits and len(lengths) == 1 else None
    return Statistics(organization, first, last, hub.clock.now(), smallest, (*found.told, *apart.told), spans, singly)


def _each_shortest(cases: Sequence[Case], first: date, lengths: Sequence[int]) -> list[list[Case]]:
    """The cases of each of the shortest periods in the one that begins then."""
    if len(lengths) == 1:
        return [list(cases)]
    found: list[list[Case]] = [[] for _ in range(lengths[0] // lengths[-1])]
    for one in cases:
        found[(one.sent.astimezone(MOROCCO).month - first.month) // lengths[-1]].append(one)
    return found


def may_have(caller: Caller, organization: str, *, hub: Hub) -> bool:
    """Its own; and a coordinator or a ministry that the deployment names, that of any: what they could publish themselves."""
    return organization == caller.organization or caller.organization in hub.reporting.readers


def note(caller: Caller, *, hub: Hub) -> None:
    """That it was asked is on record, of nobody in particular, before the answer leaves."""
    disclose.look((), caller, hub.clock.now(), "operation", hub=hub)


def _counted(organization: str, first: date, last: date, hub: Hub) -> tuple[list[Case], list[Case]]:
    """Referrals, and needs that were not referred. Consents are asked last, so that one that was withdrawn meanwhile counts as
    withdrawn."""
    low = datetime.combine(first, time(), MOROCCO)
    high = datetime.combine(last + timedelta(days=1), time(), MOROCCO)
    visible = Visible(frozenset({own(organization)}), hub.clock.now())
    courses = [*hub.store.figures.courses(visible, low, high), *_replayed(visible, low, high, hub)]
    needs = list(_not_referred(visible, low, high, hub))
    persons = frozenset([*(one.person for one in courses), *(person for person, _ in needs)])
    counted = _who_may_be_counted(organization, persons, visible, hub)
    referrals = [case(one, counted[one.person]) for one in courses if one.person in counted]
    return referrals, [one for person, one in needs if person in counted]


def _not_referred(visible: Visible, low: datetime, high: datetime, hub: Hub) -> Iterator[tuple[str, Case]]:
    """Needs that were found in this time and say why they were not referred, each with whose it is."""
    found_then = Query("ServiceRequest", (Match("authored", "date", (Span("ap", low, high),)),))
    for batch in _scanned(found_then, visible, Scan(AT_ONCE, of_people=True), hub):
        found: dict[str, tuple[str, Case]] = {}
        for one in batch:
            said = unreferred(loads(one.kept)) if NO_REFERRAL in one.kept else None  # all that is asked stands in clear
            if said and one.person and low <= said.sent < high:
                found[one.id] = one.person, said
        referred = _once_sent(tuple(found), visible, hub)
        yield from (said for need, said in found.items() if need not in referred)


def _once_sent(needs: Sequence[str], visible: Visible, hub: Hub) -> frozenset[str]:
    """The needs of which a referral was ever sent, however it ended: such a one is counted as sent, and nowhere else."""
    if not needs:
        return frozenset()
    asked = Match("focus", "reference", tuple(Target("ServiceRequest", one) for one in needs))
    tasks = [one.id for batch in _scanned(Query("Task", (asked,)), visible, Scan(AT_ONCE), hub) for one in batch]
    histories = (versions for part in _parts(tasks) for versions in _histories(part, visible, hub).values())
    return frozenset(
        split(versions[-1].resource()["focus"]["reference"])[1] for versions in histories if _was_sent(versions)
    )


def _was_sent(versions: Sequence[Stored]) -> bool:
    found = _course_of(versions)
    return found is not None and sent(found) != LONG_AGO


def _course_of(versions: Sequence[Stored]) -> Course | None:
    return course(step(one.resource(), one.at) for one in versions if not one.gone)


def _who_may_be_counted(organization: str, persons: frozenset[str], visible: Visible, hub: Hub) -> Mapping[str, str]:
    """By all that this organisation keeps of each, as it was when she was last settled: person → main type of violence."""
    known = hub.store.figures.counted(organization, hub.clock.now())
    unsettled = hub.store.figures.unsettled(persons - known.keys())
    return {**known, **_asked_now(organization, unsettled, visible, hub)}


def _asked_now(organization: str, persons: frozenset[str], visible: Visible, hub: Hub) -> dict[str, str]:
    """Of those of whom it is not kept: since the rules changed, or by an act that did not say it."""
    consents = _scanned(Query("Consent"), visible, Scan(AT_ONCE, persons=persons), hub) if persons else ()
    said = sorted({one.person for batch in consents for one in batch if one.person and STATISTICS in one.text})
    kept = (
        (person, Person.of(compartment, hub.rules).kept_by(organization))
        for part in _parts(said)
        for person, compartment in hub.store.compartments(part).items()
    )
    now = hub.clock.now()
    return {person: main_type(hers) for person, hers in kept if may_be_counted(hers, hub.policies, now)}


def _scanned(query: Query, visible: Visible, scan: Scan, hub: Hub) -> Iterator[tuple[Stored, ...]]:
    while batch := hub.store.scan([(query, visible)], scan):
        yield batch
        scan = replace(scan, after=batch[-1].id)


def _replayed(visible: Visible, low: datetime, high: datetime, hub: Hub) -> Iterator[Course]:
    """The courses that are not kept, from the history."""
    persons = dict(hub.store.figures.without_course(visible))
    for part in _parts(list(persons)):
        for id_, versions in _histories(part, visible, hub).items():
            found = _course_of(versions)
            if found and low <= sent(found) < high:
                yield replace(found, person=persons[id_])


def _histories(ids: Sequence[str], visible: Visible, hub: Hub) -> dict[str, list[Stored]]:
    """The versions of each, in their order."""
    found: dict[str, list[Stored]] = defaultdict(list)
    after = None
    while True:
        page = hub.store.history([Past("Task", visible)], Versions(ids=tuple(ids), count=AT_ONCE, after=after))
        for one in page.page:
            found[one.id].append(one)
        after = page.after
        if after is None:
            return {id_: sorted(versions, key=lambda one: one.version) for id_, versions in found.items()}


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
