"""`hub demo`, as a newcomer types it: once, and once more in the same folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.story import follow_up_rows, with_outcome
from hub import texts


def demonstrate(folder: Path, words: Path, columns: int = 300) -> tuple[int, str]:
    """Exit code and what was shown; what went wrong is part of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IHALA_")}
    environment |= {"COLUMNS": str(columns), "IHALA_LANG": "en", "PYTHONUTF8": "1"}
    with words.open("wb") as file:
        command = [sys.executable, "-m", "hub", "demo", str(folder)]
        done = subprocess.run(command, env=environment, stdout=file, stderr=file, timeout=600, check=False)
    return done.returncode, words.read_text("utf-8")


@pytest.mark.timeout(1500)
def test_the_demonstration_runs_and_running_it_again_repeats_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "ihala-demo"
    code, shown = demonstrate(folder, tmp_path / "first.txt")
    assert code == 0, shown
    nothing_new = texts.say("demo.nothing-new", "en")
    assert nothing_new not in shown
    assert (folder / "registers" / "arganier.csv").exists()
    come_back = with_outcome(list(follow_up_rows(folder)))
    assert come_back
    assert all(cell in shown for cell in come_back[0] if cell not in {"", "0"}), (
        "the outcome is what is shown of the register"
    )

    code, shown = demonstrate(folder, tmp_path / "second.txt", columns=80)
    assert code == 0, shown
    plain = " ".join(shown.split())
    assert texts.say("demo.again", "en") in plain
    assert nothing_new in plain
    tops = [line for line in shown.splitlines() if line.startswith("┏")]
    assert tops and all(line.endswith("┓") for line in tops), "no table is cut off at the width of a terminal"
