"""`hub demo`, as a newcomer types it: once, and once more in the same folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub import texts


def demonstrate(folder: Path, words: Path) -> tuple[int, str]:
    """Exit code and what was shown; what went wrong is part of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IHALA_")}
    environment |= {"COLUMNS": "300", "IHALA_LANG": "en", "PYTHONUTF8": "1"}
    with words.open("wb") as file:
        command = [sys.executable, "-m", "hub", "demo", str(folder)]
        done = subprocess.run(command, env=environment, stdout=file, stderr=file, timeout=120, check=False)
    return done.returncode, words.read_text("utf-8")


@pytest.mark.timeout(240)
def test_the_demonstration_runs_and_running_it_again_repeats_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "ihala-demo"
    code, shown = demonstrate(folder, tmp_path / "first.txt")
    assert code == 0, shown
    nothing_new = texts.say("demo.nothing-new", "en")
    assert nothing_new not in shown
    assert any(folder.glob("follow-up/yasmine/*.xlsx")) and (folder / "registers" / "arganier.csv").exists()

    code, shown = demonstrate(folder, tmp_path / "second.txt")
    assert code == 0, shown
    assert texts.say("demo.again", "en") in shown
    assert nothing_new in shown
