"""A process that commits acts one after the other until it is stopped: `python -m tests.support.committer DATABASE`.

The URI comes on standard input. Act number n inserts a survivor, a need, a ledger entry and an outbox row, and gives the
one survivor "shared" a new version, with an audit event; the number is written out only after the commit came back.
"""

import sys
from datetime import UTC, datetime
from itertools import count

from hub.ports import Changes, Due, LedgerEntry, Save
from hub.store import MongoStore


def act(n: int) -> Changes:
    person = f"p{n}"
    survivor = {"resourceType": "Patient", "id": person}
    need = {"resourceType": "ServiceRequest", "id": f"n{n}", "subject": {"reference": f"Patient/{person}"}}
    shared = {"resourceType": "Patient", "id": "shared", "extension": [{"valueInteger": n}]}
    return Changes(
        saves=[
            Save(survivor, person, "a", ()),
            Save(need, person, "a", ()),
            Save(shared, "shared", "a", (), n or None),
            Save({"resourceType": "AuditEvent", "id": f"a{n}"}, person, "a", ()),
        ],
        persons={person: 0, "shared": n},
        ledger=[LedgerEntry(f"l{n}", "c", "1", "m", {"need": f"ServiceRequest/n{n}"}, {}, datetime.now(UTC))],
        identities={f"i{n}": f"Patient/{person}"},
        outbox=[Due("need.create", "c", f"ServiceRequest/n{n}", id=f"o{n}")],
    )


if __name__ == "__main__":
    with MongoStore.open(sys.stdin.readline().strip(), sys.argv[1]) as store:
        for n in count():
            store.commit(act(n))
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()
