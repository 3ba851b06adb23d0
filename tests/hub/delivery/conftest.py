"""The same association, hospital and hub as for the exchange."""

from pathlib import Path

import pytest

from hub.store import MongoStore
from tests.support.association import Scene, scene


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> Scene:
    return scene(store, tmp_path)
