"""The disk is full in the middle of a pull: nothing is half stored, a sentence says so, and the next pull goes on where it stopped."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.on_a_small_disk import ROWS

DEEP: Final = bool(os.environ.get("IHALA_DEEP"))
ALONE: Final = ("unshare", "--map-root-user", "--mount")
"""In a view of the file systems of its own, in which even an ordinary account may mount one: where the system lets it."""


def may_mount(folder: Path) -> bool:
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", str(folder)], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not DEEP, reason="waits for as long as the hub waits for its database: make deep")
@pytest.mark.timeout(900)
def test_a_disk_that_fills_up_in_a_pull_leaves_whole_records_and_the_next_pull_goes_on(tmp_path: Path) -> None:
    small, words = tmp_path / "small", tmp_path / "words"
    small.mkdir()
    words.mkdir()
    if not may_mount(small):
        pytest.skip("this account may mount no file system of its own")
    line = [*ALONE, sys.executable, "-m", "tests.support.on_a_small_disk", str(small), str(words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    folder = small / "deployment" / "data" / "db"
    for said in (told["said"], told["status_said"]):
        assert f"The disk of the embedded database ({folder}) is full" in said
        assert "Traceback" not in said
    assert told["between"]["wrong"] == []
    assert 0 < told["between"]["ledger"] < ROWS, "the disk was not full in the middle: the test proved nothing"
    assert told["following"]["read"] == ROWS
    assert told["following"]["created"] == ROWS - told["between"]["ledger"]
    assert told["following"]["unchanged"] == told["between"]["ledger"]
    assert told["after"] == {"wrong": [], "ledger": ROWS, "patients": ROWS}
