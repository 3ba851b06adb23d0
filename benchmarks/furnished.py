"""A deployment for a benchmark of answers: with survivors in it, and a system of one recipient that may ask."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deployment import register_deployment
from benchmarks.referred import Stored, fill
from benchmarks.servers import admit
from hub.bootstrap import opened
from hub.ports import Registry
from hub.store import MongoStore


@dataclass(frozen=True)
class Furnished:
    folder: Path
    store: MongoStore
    registry: Registry
    stored: Stored


@contextmanager
def furnished(persons: int) -> Iterator[Furnished]:
    os.environ.setdefault("PYTHONPATH", str(Path.cwd()))  # the servers are started from these sources
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register_deployment(folder)
        with opened(folder) as deployment:
            stored = fill(deployment.hub, persons)
            assert isinstance(deployment.hub.store, MongoStore)
            admit(deployment.registry)
            yield Furnished(folder, deployment.hub.store, deployment.registry, stored)
