"""How fast the rows of a register become resources, on one core and without storing them; and in how much memory.

A record is one row of 25 columns and all that the mapping makes of it: the survivor, her case, the incident, her consent, each
need. Each row is somebody else's: name, number, telephone, address and remark occur once; words and dates recur, as they do in
registers. Time is that of the processor (`process_time`), so that it says the same beside other work, or nearly.

A whole register: read from its file and mapped, by a process of its own that keeps none of it; its peak says that memory does
not grow with the register.

`python -m benchmarks.mapping_speed [ROWS=10000] [LENGTH …]`
"""

import csv
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final

from adapters.spreadsheet import adapter
from demo.registers.big import WIDTH, big_register, big_rows
from hub import mapping
from hub.conformance import validate
from hub.mapping import Context, Mapped, Mapping
from hub.ports import Connection, Place, SourceRecord

FORM: Final = "spreadsheet/register-fr"
ROUNDS: Final = 5
UNTIL: Final = date(2026, 6, 30)
CONTEXT: Final = Context("arganier-droit", lambda name: "chu-atlas", date(2026, 11, 23))
LENGTHS: Final = (10_000, 100_000, 1_000_000)


def main(rows: int, lengths: tuple[int, ...]) -> None:
    form = mapping.load(FORM)
    records = list(made(form, rows))
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)  # as a pull does
    alone, resources = best(form, records)
    both, _ = best(form, records[: max(rows // 5, 1)], validating=True)
    figures: dict[str, object] = {
        "rows": rows,
        "columns": WIDTH,
        "resources of a row": round(resources, 2),
        "mapped, rows a second": round(alone),
        "mapped, resources a second": round(alone * resources),
        "mapped and validated, rows a second": round(both),
        "mapped and validated, resources a second": round(both * resources),
    }
    for suffix, length in product(("csv", "xlsx"), lengths):
        figures |= {f"{length} rows of {suffix}, {what}": figure for what, figure in whole(suffix, length).items()}
    print(json.dumps(figures))


def made(form: Mapping, rows: int) -> Iterator[SourceRecord]:
    """As the door to spreadsheets gives them."""
    with tempfile.TemporaryDirectory() as name:
        big_register(Path(name) / "register.xlsx", rows, until=UNTIL)
        for number, record in enumerate(pulled(form, Path(name), "register.xlsx")):
            own = {
                "full_name": f"Nadia Fictive {number}",
                "cin": f"JK{100_000 + number % 900_000}",
                "phone": f"06{10_000_000 + number * 7 % 80_000_000}",
                "address": f"{number} rue Fictive",
                "remarks": f"Elle reviendra le {number % 28 + 1}, dossier {number}",
            }
            content = {**record.content, **own}
            yield SourceRecord("row", record.id, record.version, content, Place(row=number), headers=record.headers)


def pulled(form: Mapping, folder: Path, name: str) -> Iterator[SourceRecord]:
    settings = {"path": name}
    connection = Connection("c", "arganier-droit", "spreadsheet", FORM, settings, folder, form.layout(), lambda _: "")
    return (one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord))


def best(form: Mapping, records: list[SourceRecord], *, validating: bool = False) -> tuple[float, float]:
    """Rows a second in the best of some rounds, and resources of a row."""
    spent, made_ = [], 0
    for _ in range(ROUNDS):
        start, made_ = time.process_time(), 0
        for record in records:
            mapped = form.forward(record, CONTEXT)
            made_ += len(mapped.drafts)
            if validating:
                conform(mapped)
        spent.append(time.process_time() - start)
    return len(records) / min(spent), made_ / len(records)


def conform(mapped: Mapped) -> None:
    """With ids and references in place, as an import does it."""
    types = {draft.local: draft.resource["resourceType"] for draft in mapped.drafts}
    for link in mapped.links:
        local = link["reference"].removeprefix("draft:")
        link["reference"] = f"{types[local]}/{local.replace(':', '-').replace('#', '-')}"
    for draft in mapped.drafts:
        assert not validate({**draft.resource, "id": draft.local.replace(":", "-").replace("#", "-")})


def whole(suffix: str, rows: int) -> dict[str, int]:
    """What a process of its own needs for a register from its first row to its last."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name) / f"register.{suffix}", rows)
        command = [sys.executable, "-m", "benchmarks.mapping_speed", "--one", name, suffix, str(rows)]
        told: dict[str, int] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return told


def write(path: Path, rows: int) -> None:
    if path.suffix == ".xlsx":
        big_register(path, rows, until=UNTIL, shared=True)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(big_rows(rows, until=UNTIL))


def one(folder: Path, suffix: str, rows: int) -> None:
    form = mapping.load(FORM)
    gc.set_threshold(100_000, 50, 100)
    start = time.process_time()
    read = sum(bool(form.forward(record, CONTEXT).drafts) for record in pulled(form, folder, f"register.{suffix}"))
    spent = time.process_time() - start
    assert read == rows, read
    print(json.dumps({"peak in MB": peak(), "read and mapped, rows a second": round(rows / spent)}))


def peak() -> int:
    """In MB. Not `ru_maxrss`, which a process that another one starts inherits from it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


if __name__ == "__main__":
    if "--one" in sys.argv:
        one(Path(sys.argv[-3]), sys.argv[-2], int(sys.argv[-1]))
    else:
        asked = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
        main(asked[0] if asked else 10_000, tuple(asked[1:]) or LENGTHS)
