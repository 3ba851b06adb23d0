"""A ready register, the French one unless told, as what a new one is compared with."""

from datetime import date
from functools import cache
from pathlib import Path

from hub.cli.columns import shown_columns
from hub.cli.scaffold import read_lexicon
from hub.fhir import definitions
from hub.mapping.library import Library
from hub.mapping.reading import read_plan
from hub.mapping.scaffold import Known, Line, known

BASE = "spreadsheet/register-fr"


@cache
def ready(base: str = BASE) -> Known:
    library = Library([])
    plan, _ = read_plan(base, library, definitions.load())
    said = library.document(base)[0].data["columns"]
    return known(plan, read_lexicon(), said, shown_columns(base, Path("nowhere")), date(2026, 11, 26))


def is_surely_called_so(line: Line) -> bool:
    """Whether its name is beyond doubt, whatever stands beside it in a small table."""
    return line.confidence == "high" or ("mapping.scaffold-alone", {}) in line.reasons
