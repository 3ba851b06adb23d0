"""What she does not agree to in a record: its needs bear it, and nothing that she agreed to before sends them.

Where another record says the contrary, the receipt of whichever is read last tells of it, and the list of consents shows it until
she is asked (`hub/consent/refusals.py`).
"""

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Final

from hub.consent.refusals import contradictions, refused, refused_on
from hub.exchange.arrival import Arrival
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
    before = {local: person.get(reference(one)) if person else None for local, one in needs.items()}
    asked, turned = form.asked_on(arrival.record, context), _turned(arrival, person)
    if form.says_no(arrival.record, context):
        return {
            local: refused(one, [one["authoredOn"], *asked, *_by(before[local], now, turned=turned)])
            for local, one in needs.items()
            if "authoredOn" in one
        }
    found = {
        local: refused(one, [day, *_by(before[local], now, turned=not asked)])
        for local, one in needs.items()
        if (day := refused_on(one))
    }
    if form.leaves_her_answer_open(arrival.record):
        open_ = {local: one for local, one in needs.items() if local not in found}
        found |= {
            local: refused(one, [day]) for local, one in open_.items() if (day := refused_on(before[local] or {}))
        }
    return found


def put_her_no(arrival: Arrival, person: Person, *, form: FormMapping, context: Context, now: datetime) -> list[str]:
    """The same, put into her record where the rest of a record cannot be taken in: the needs that an earlier version told."""
    stored = {local: found for local, name in arrival.resources.items() if (found := person.get(name))}
    said = with_her_no(stored, arrival, person, form=form, context=context, now=now)
    keeper = {name: person.custodian(name) or "" for name in map(reference, said.values())}
    return [name for one in said.values() if person.put(one, keeper[name := reference(one)])]


def _turned(arrival: Arrival, person: Person | None) -> bool:
    """Whether the record said until now that she agrees, so that nobody knows since when she does not."""
    mine = (person.get(name) for name in arrival.resources.values()) if person else ()
    return any(one and one["resourceType"] == "Consent" and one["status"] == "active" for one in mine)


def _by(before: Resource | None, now: datetime, *, turned: bool) -> Iterator[str]:
    """The instant by which the record was found to say so, where it had not from the first."""
    known = refused_on(before) if before else ""
    if "T" in known:
        yield known
    elif turned or (before and not known):
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
