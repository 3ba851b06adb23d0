"""Memory does not grow with the register: the hub's peak for a register and for one ten times as long.

`python -m benchmarks.import_memory --warning [LENGTH …]`: of a register of which something is told of each row.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.deployment import register_deployment
from benchmarks.mapping_speed import peak as peak_of_this
from demo.registers.big import big_rows
from demo.registers.french import COLUMNS
from hub.bootstrap import opened
from hub.exchange.pull import pull

LENGTHS = (5_000, 50_000)
WRITES = """
from demo.registers import big_register
from pathlib import Path
big_register(Path({!r}), {}, shared=True)
"""  # in a process of its own: what is measured is the reading


def peak(rows: int, *, warning: bool) -> int:
    """MB of a process of its own that maps and validates a register without storing it."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_memory", *(["--warning"] if warning else []), "--one", str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)


def one(rows: int, *, warning: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register = register_deployment(folder, ".csv" if warning else ".xlsx")
        if warning:
            write_warning(register, rows)
        else:
            subprocess.run([sys.executable, "-c", WRITES.format(str(register), rows)], check=True)
        with opened(folder) as deployment:
            door = deployment.door("register")
            told = pull(door.connection, door.adapter, door.mapping, hub=deployment.hub, dry_run=True)
    assert told.numbers["created"] == rows, told.numbers
    named = len(told.warnings) + sum(one.places for one in told.unnamed)
    assert not warning or named >= rows, named
    print(peak_of_this())


def write_warning(path: Path, rows: int) -> None:
    """A register whose telephone numbers cannot be read: they are left out, which is told of each."""
    table = big_rows(rows)
    header = next(table)
    phone = header.index(COLUMNS["phone"])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        write = csv.writer(file, delimiter=";").writerow
        write(header)
        for row in table:
            write([*row[:phone], "12", *row[phone + 1 :]])


if __name__ == "__main__":
    with_warnings = "--warning" in sys.argv
    asked = tuple(int(argument) for argument in sys.argv[1:] if argument.isdigit())
    if "--one" in sys.argv:
        one(asked[0], warning=with_warnings)
    else:
        lengths = asked if with_warnings and asked else LENGTHS  # `make bench` gives every benchmark its own ROWS
        what = ", of each of which something is told" if with_warnings else ""
        print(
            json.dumps(
                {f"peak memory for {rows} rows{what}, MB": peak(rows, warning=with_warnings) for rows in lengths}
            )
        )
