"""What the tests of several doors share."""

from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from hub import mapping
from hub.ports import Layout

UNTIL: Final = date(2026, 6, 30)
"""Until when the registers of the demonstration are kept in tests."""


def package_folder(package: ModuleType) -> Path:
    return Path(str(package.__file__)).parent


@cache
def layout_of(form: str) -> Layout:
    """What a mapping of ours says of its source: read once, however many connections a test opens."""
    return mapping.load(form).layout()
