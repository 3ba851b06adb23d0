"""What the tests of several doors share."""

from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Final

UNTIL: Final = date(2026, 6, 30)
"""Until when the registers of the demonstration are kept in tests."""


def package_folder(package: ModuleType) -> Path:
    return Path(str(package.__file__)).parent
