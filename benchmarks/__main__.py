"""`make bench [ROWS=10000]`: every benchmark, each in a process of its own, with its figures as a table and as JSON."""

import json
import subprocess
import sys

from rich.console import Console
from rich.table import Table

BENCHMARKS = (
    "benchmarks.validation",
    "benchmarks.mapping_speed",
    "benchmarks.hl7v2_messages",
    "benchmarks.import_register",
    "benchmarks.import_memory",
    "benchmarks.audit_trail",
    "benchmarks.consent_decisions",
    "benchmarks.enforcement",
    "benchmarks.timing",
    "benchmarks.http_speed",
    "benchmarks.search_scale",
    "benchmarks.events",
    "benchmarks.monthly_report",
    "benchmarks.possible_duplicates",
)


def main() -> None:
    console = Console()
    table = Table("benchmark", "figure", "value")
    for module in BENCHMARKS:
        console.print(f"[dim]{module} …[/]")
        result = subprocess.run(
            [sys.executable, "-m", module, *sys.argv[1:]], capture_output=True, text=True, check=False
        )
        if result.returncode:
            console.print(f"[red]{module} failed[/]\n{result.stderr}")
            sys.exit(1)
        for figure, value in json.loads(result.stdout.splitlines()[-1]).items():
            table.add_row(module.removeprefix("benchmarks."), figure, str(value))
    console.print(table)


main()
