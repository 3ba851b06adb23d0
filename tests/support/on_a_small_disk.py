"""A pull whose disk fills up in the middle, on a small file system of its own; what became of it is printed as JSON.

`unshare --map-root-user --mount python -m tests.support.on_a_small_disk FOLDER WORDS`: the file system is seen by this process and its
children alone, and goes with them. WORDS, where the commands' output is kept, lies elsewhere.
"""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient

from demo import registers
from hub.store import embedded
from tests.support.contradictions import contradictions
from tests.support.deployments import Deployment

SIZE_MB: Final = 700  # half of it is what an empty database takes
LEFT_MB: Final = 20  # enough to begin, and not for half of the rows
ROWS: Final = 2000
CONNECTION: Final = "yasmine-register"


def mount(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", str(folder)], check=True)


def written(folder: Path, words: Path) -> Deployment:
    made = replace(Deployment.init(folder), words=words)
    registers.big_register(made.folder / "registers" / "yasmine.xlsx", ROWS)
    made.connection(CONNECTION, "language", "fr")
    return made


@contextlib.contextmanager
def nearly_full(folder: Path) -> Iterator[None]:
    """Something else has taken the disk but for a little."""
    ballast = folder / "ballast"
    size = shutil.disk_usage(folder).free - LEFT_MB * 2**20
    with ballast.open("wb") as file:
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    try:
        yield
    finally:
        ballast.unlink()


def look(deployment: Deployment) -> dict[str, Any]:
    """What is stored, and what is not whole in it."""
    with (
        embedded.mongod(deployment.folder, cache_gb=0.25) as uri,
        MongoClient[dict[str, Any]](str(uri)) as client,
    ):
        database = client["ihala"]
        wrong = list(contradictions(database))
        return {
            "wrong": wrong,
            "ledger": database.ledger.count_documents({}),
            "patients": database.Patient.count_documents({}),
        }


def undergo(folder: Path, words: Path) -> dict[str, Any]:
    mount(folder)
    deployment = written(folder, words)
    deployment.hub("status")  # makes the database
    with nearly_full(folder):
        stopped = deployment.hub("pull", CONNECTION, codes=(1,))
        asked = deployment.hub("status", codes=(1,))
    between = look(deployment)
    following = deployment.hub("pull", CONNECTION, "--json")
    return {
        "said": stopped.err,
        "status_said": asked.err,
        "between": between,
        "following": json.loads(following.out)[0],
        "after": look(deployment),
    }


if __name__ == "__main__":
    json.dump(undergo(Path(sys.argv[1]), Path(sys.argv[2])), sys.stdout)
