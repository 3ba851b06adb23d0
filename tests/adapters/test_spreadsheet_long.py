"""Registers too long for memory: what they say is what short ones say, and their length does not show in the memory they take."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from adapters.spreadsheet import adapter
from demo.registers import big_register
from hub import met
from hub.ports import SourceRecord
from tests.adapters.conftest import COLUMNS, HEADER, LAYOUT
from tests.support.budget import examples

NUMBERS = ("1/2026", "2/2026", "3/2026", "")
NAMES = ("Salma", "Nadia", "سلمى")


def drawn(chance: Random) -> Iterator[tuple[str, ...]]:
    """Rows that come again: some as they were, some changed, some without a number."""
    yield HEADER
    for _ in range(chance.randrange(1, 80)):
        day = f"0{chance.randrange(1, 4)}/03/2026"
        yield (chance.choice(NUMBERS), day, f"A-{chance.randrange(3)}", chance.choice(NAMES), "", "24", "médical")


def told(connection) -> list[SourceRecord]:
    return [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]


@pytest.mark.parametrize("seed", range(examples(25, 500)))
def test_a_row_that_comes_again_is_known_in_a_long_register_as_in_a_short_one(seed, tmp_path, connect, monkeypatch):
    chance = Random(seed)
    for name in ("a.csv", "b.csv"):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(drawn(chance))
    connection = replace(connect(path="."), layout=LAYOUT)
    held = told(connection)
    monkeypatch.setattr(met, "HELD", chance.randrange(30))
    assert told(connection) == held
    assert len({one.id for one in held}) == len(held)


PEAK = """
import json, sys
from pathlib import Path
from adapters.spreadsheet import adapter, extents, shared_texts
from hub import met
from hub.ports import Connection, Layout, SourceRecord
folder, suffix, columns = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
extents.HELD_CELLS, shared_texts.HELD, shared_texts._READY, met.HELD, met.CACHE = 10, 100_000, 4, 2_000, 200  # few are many
layout = Layout({name: tuple(headers) for name, headers in columns.items()}, frozenset(), ("case_number",))
connection = Connection("c", "o", "spreadsheet", "form", {"path": "register." + suffix}, folder, layout, lambda _: "")
count = sum(isinstance(one, SourceRecord) for one in adapter.pull(connection, None))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps([count, int(status["VmHWM"].split()[0])]))  # ru_maxrss would be that of pytest, where this began
"""


def peak(folder: Path, suffix: str, rows: int) -> int:
    """Kilobytes of a process of its own that reads a register."""
    path = folder / f"register.{suffix}"
    if suffix == "xlsx":
        big_register(path, rows, shared=True)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(
                [HEADER[:3], *((f"{number}/2026", "12/03/2026", f"A-{number}") for number in range(rows))]
            )
    columns = {"case_number": COLUMNS["case_number"], "survivor_code": ("Code", "Code bénéficiaire")}
    asked = [sys.executable, "-c", PEAK, str(folder), suffix, json.dumps(columns)]
    count, kilobytes = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    assert count == rows
    return int(kilobytes)


@pytest.mark.parametrize(("suffix", "few", "many"), [("csv", 60_000, 300_000), ("xlsx", 10_000, 40_000)])
def test_several_times_the_rows_take_no_more_memory(tmp_path, suffix, few, many):
    before, after = peak(tmp_path, suffix, few), peak(tmp_path, suffix, many)
    assert after <= before * 1.05, (before, after)
