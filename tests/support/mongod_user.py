"""A process that uses the embedded mongod of a folder until its standard input ends: `python -m tests.support.mongod_user FOLDER`.

It writes the port that it was given, never the URI.
"""

import sys
from pathlib import Path

from pymongo import MongoClient

from hub.store import embedded

if __name__ == "__main__":
    with embedded.mongod(Path(sys.argv[1]), cache_gb=0.25) as uri:
        with MongoClient[dict[str, object]](uri) as client:
            address = client.admin.command("hello")["me"]
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        sys.stdin.read()
