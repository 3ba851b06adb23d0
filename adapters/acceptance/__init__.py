"""The acceptance kit: what every door must hold, as tests that a door of one's own inherits. docs/adapters.md shows how.

    class TestMyDoor(Acceptance, OverHttp, WritesBack):
        @pytest.fixture
        def case(self, tmp_path): ...   # a Case: the door, and the tool behind it as a test can move it

What the manifest declares decides which classes are inherited; the kit fails when one is missing.
"""

import pytest

PARTS = ("case", "declared", "failing", "mapped", "quiet", "reading", "reporting", "scanning", "writing")
pytest.register_assert_rewrite(*(f"adapters.acceptance.{part}" for part in PARTS))

from adapters.acceptance.case import Case, HttpCase, Read, read  # noqa: E402 — its asserts explain themselves from here on
from adapters.acceptance.declared import Declared  # noqa: E402
from adapters.acceptance.failing import OverHttp  # noqa: E402
from adapters.acceptance.mapped import Mapped  # noqa: E402
from adapters.acceptance.reading import Reads  # noqa: E402
from adapters.acceptance.reporting import Reports  # noqa: E402
from adapters.acceptance.scanning import Scans  # noqa: E402
from adapters.acceptance.writing import WritesBack  # noqa: E402


class Acceptance(Declared, Reads, Mapped):
    """What is asked of every door that reads."""


__all__ = [
    "Acceptance",
    "Case",
    "Declared",
    "HttpCase",
    "Mapped",
    "OverHttp",
    "Read",
    "Reads",
    "Reports",
    "Scans",
    "WritesBack",
    "read",
]
