"""Leave out: records that their mapping says are not taken, as tests and exercises (`left_out` in docs/mapping-format.md).

Nothing of such a record is kept but its line in the ledger, so that it is known again. What one that was taken before said ends
as if its tool had deleted it (`vanish.py`); one that is such a record no more is taken in as any other. It is in its tool all
along, and so a complete scan meets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from hub.exchange.arrival import Arrival
from hub.exchange.enlist import Listing
from hub.exchange.person import Person
from hub.exchange.receipt import Receipt
from hub.exchange.received import Received
from hub.exchange.vanish import STANDING, VERB, consents_left, end_what_it_said
from hub.fhir.references import split
from hub.mapping import Mapping as FormMapping
from hub.ports import LedgerEntry

STATE: Final = "left-out"


def is_left_out(arrival: Arrival, mapping: FormMapping) -> bool:
    """One that was left out stays so where it does not say any more what it is."""
    if arrival.mapped is not None and arrival.mapped.left_out:
        return True
    return arrival.known is not None and arrival.known.state == STATE and mapping.leaves_untold(arrival.record)


@dataclass(frozen=True)
class Leaving:
    """What a batch of records holds, of which some are left out."""

    custodian: str
    persons: Mapping[str, Person]
    received: Received
    listing: Listing

    def leave_out(self, arrival: Arrival, entry: LedgerEntry) -> tuple[LedgerEntry, Receipt]:
        """What the ledger keeps of it, and what is told. `entry`: as of any record that came."""
        entry = replace(entry, state=STATE)
        place, issues = str(arrival.record.place), arrival.mapped.issues if arrival.mapped else ()
        told = Receipt(left_out=1, warnings=tuple((place, issue) for issue in issues if not issue.blocks))
        known = arrival.known
        if known is None or known.state not in STANDING:
            return entry, told
        told += Receipt(withdrawn=1)
        patient = next((split(one)[1] for one in known.resources.values() if one.startswith("Patient/")), "")
        if known.resources and not patient:
            self.listing.end(entry.key, known.resources.values(), entry.mapping)
        person = self.persons.get(patient)
        if person is None:
            return entry, told
        if ended := end_what_it_said(known, person, self.custodian):
            self.received.tell(arrival, person, ended, VERB)
        return replace(entry, consents=consents_left(known, person, ended)), told
