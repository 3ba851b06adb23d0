"""A hub with a real store, an association with a register, and the hospital and the court that it refers to."""

from pathlib import Path

import pytest

from hub.store import MongoStore
from tests.support.association import Scene, scene


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> Scene:
    return scene(store, tmp_path)
