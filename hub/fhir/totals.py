"""Rows that add up what stands above them: no records, neither for who reads a table nor for who proposes what it means."""

import re
from typing import Final

from hub.fhir.folding import fold

TOTALS: Final = frozenset(
    fold(word) for word in ("total", "totaux", "sous-total", "مجموع", "مج", "المجموع", "المجاميع", "الإجمالي")
)


def is_total(text: str) -> bool:
    """Whether the first cell of a row says so, alone or before what is added up."""
    return re.split(r"[\s:]", fold(text), maxsplit=1)[0] in TOTALS
