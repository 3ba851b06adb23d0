"""What she does not agree to in a record: its needs bear it, and nothing that she agreed to before sends them.

Where another record says the contrary, the receipt of whichever is read last tells of it, and the list of consents shows it until
she is asked (`hub/consent/refusals.py`).
"""

from collections.abc import Collection, Container, Iterator, Mapping
from datetime import datetime
from typing import Final

from hub.consent.refusals import contradictions, refused, refused_on
from hub.consent.statistics import speaks_of_it
from hub.exchange.arrival import Arrival
from hub.exchange.merge import untold
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.issues import Issue
from hub.fhir.references import reference
from hub.mapping import Context
from hub.mapping import Mapping as FormMapping

REFUSED: Final = Issue("warning", "conflict", "receive.consent-refused", "ServiceRequest.performer")
CONTRADICTED: Final = Issue("warning", "conflict", "receive.consent-contradicted", "Consent")


def with_her_no(
    resources: Mapping[str, Resource],
    arrival: Arrival,
    person: Person | None,
    *,
    form: FormMapping,
    context: Context,
    now: datetime,
) -> dict[str, Resource]:
    """The needs of a record that she does not agree to, as they are kept. Nothing of a record that does not say so; where it
    could not tell, as it was told before."""
    needs = {local: one for local, one in resources.items() if one["resourceType"] == "ServiceRequest"}
    before = {local: (person.get(reference(one)) if person else None) for local, one in needs.items()}
    asked = form.asked_on(arrival.record, context)
    if form.says_no(arrival.record, context):
        found = [instant(now)] if _turned(arrival, person) else []
        return {
            local: refused(one, [one["authoredOn"], *asked, *found, *_kept(before[local], asked, now)])
            for local, one in needs.items()
            if "authoredOn" in one
        }
    said = {local: day for local, one in needs.items() if (day := refused_on(one))}
    no = {local: refused(needs[local], [day, *_by(before[local], asked, now)]) for local, day in said.items()}
    if form.leaves_her_answer_open(arrival.record, context):
        open_ = {local: one for local, one in needs.items() if local not in no}
        no |= {local: refused(one, [day]) for local, one in open_.items() if (day := refused_on(before[local] or {}))}
    return no


def put_her_no(arrival: Arrival, person: Person, *, form: FormMapping, context: Context, now: datetime) -> list[str]:
    """The same, put into her record where the rest of a record cannot be taken in: the needs that an earlier version told. To be
    asked while the consents of that version stand as they did."""
    stored = {local: found for local, name in arrival.resources.items() if (found := person.get(name))}
    said = with_her_no(stored, arrival, person, form=form, context=context, now=now)
    keeper = {name: person.custodian(name) or "" for name in map(reference, said.values())}
    return [name for one in said.values() if person.put(one, keeper[name := reference(one)])]


def _turned(arrival: Arrival, person: Person | None) -> bool:
    """Whether the record said until now that she agrees to share, so that nobody knows since when she does not. A consent that it
    still says is none of these: it is about something else."""
    if arrival.mapped is None:
        return False
    still = {*untold(arrival.known, arrival.mapped), *(one.local for one in arrival.mapped.drafts)}
    gone = (name for local, name in arrival.resources.items() if local not in still)
    mine = (person.get(name) for name in gone) if person else ()
    return any(one and one["resourceType"] == "Consent" and _is_yes(one) for one in mine)


def _is_yes(consent: Resource) -> bool:
    return consent["status"] == "active" and not speaks_of_it(consent)


def _kept(before: Resource | None, asked: Collection[str], now: datetime) -> Iterator[str]:
    """What holds besides the days that a record tells. An unchanged no keeps its day, where the record tells none any more. One
    that takes the place of no answer is dated by the record; where it tells no day, by when it was found."""
    known = refused_on(before) if before else ""
    if "T" in known or (known and not asked and before and known != before["authoredOn"]):
        yield known
    elif before and not known and not asked:
        yield instant(now)


def _by(before: Resource | None, asked: Collection[str], now: datetime) -> Iterator[str]:
    """The same of a need by itself, whose form tells a no apart from nothing for each: the instant at which it was found, where
    it was not said from the first or bears no day."""
    known = refused_on(before) if before else ""
    if known:
        if "T" in known or not asked:
            yield known
    elif before or not asked:
        yield instant(now)


def against(arriving: Mapping[str, Resource], person: Person, custodian: str, own: Container[str]) -> Iterator[Issue]:
    """The contradictions between a record that has been put in and the others that this organisation keeps of her. `own`:
    references of what the record stands for."""
    said = {reference(one) for one in arriving.values()}
    for consent, need in contradictions(person.kept_by(custodian)):
        if need in said and consent not in own:
            yield REFUSED
        elif consent in said and need not in own:
            yield CONTRADICTED
