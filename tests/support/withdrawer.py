"""A process that withdraws one consent after the other until it is stopped: `python -m tests.support.withdrawer DATABASE FOLDER`.

The URI comes on standard input. The number of a withdrawal is written out only after it was acknowledged.
"""

import sys
from pathlib import Path

from hub.exchange import change
from hub.store import MongoStore
from tests.support.association import association, scene

if __name__ == "__main__":
    with MongoStore.open(sys.stdin.readline().strip(), sys.argv[1]) as store:
        at = scene(store, Path(sys.argv[2]))
        for number, consent in enumerate(at.all("Consent"), 1):
            steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
            change.patch("Consent", consent["id"], steps, association(), expected=None, hub=at.hub)
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
