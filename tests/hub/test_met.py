"""What was met before: the same in a file as in memory, and nothing of it that anybody could read on the disk."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import met
from hub.errors import Retriable
from hub.met import Met
from hub.texts import say
from tests.support.budget import examples
from tests.support.small_disk import small_disk

IDS = st.one_of(st.sampled_from(["", "a", "b", "نادية", "\ud800", "a|b"]), st.text(max_size=3))
CLAIMS = st.lists(st.tuples(IDS, st.sampled_from(["", "1", "2", "3"])), max_size=60)
MANY = 60_000


def all_kept(claims: list[tuple[str, str]]) -> Iterator[tuple[int, bool]]:
    """The rule itself, by all that came."""
    came: dict[str, list[str]] = {}
    for id_, version in claims:
        versions = came.setdefault(id_, [])
        copy = version in versions
        versions.append(version)
        yield len(versions), copy


@settings(max_examples=examples(200, 5_000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims=CLAIMS, held=st.integers(0, 40))
def test_it_counts_the_same_wherever_it_is_kept(claims, held, monkeypatch):
    monkeypatch.setattr(met, "HELD", held)
    with Met() as kept:
        assert [kept.times(*one) for one in claims] == list(all_kept(claims))
        for id_ in (*(id_ for id_, _ in claims), "never"):
            assert (id_ in kept) == (id_ in {one for one, _ in claims})


def files() -> list[Path]:
    """SQLite's temporary files that this process has open; `etilqs_` is how their names begin."""
    links = [one for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return [one for one in links if "etilqs_" in str(one.readlink())]


def test_few_need_no_file_and_one_more_does(monkeypatch):
    monkeypatch.setattr(met, "CACHE", 10)
    with Met() as kept:
        for number in range(met.HELD):
            kept.times(str(number))
        assert files() == []
        kept.times("one more")
        assert len(files()) == 1
    assert files() == []


def test_the_file_has_no_name_and_tells_nobody_anything(monkeypatch):
    monkeypatch.setattr(met, "CACHE", 10)
    with Met() as kept:
        for number in range(met.HELD + 20_000):
            kept.times(f"nadia fictive {number}", f"version {number}")
        (link,) = files()
        written = link.read_bytes()
        assert str(link.readlink()).endswith(" (deleted)")
    assert len(written) > 500_000
    assert not re.search(rb"nadia|fictive|version \d", written)
    ids = [f"nadia fictive {number}".encode() for number in range(1_000)]
    assert not any(blake2b(one, digest_size=8).digest() in written for one in ids), "a hash that anybody can compute"
    assert files() == []


def test_a_disk_without_room_is_told_with_the_way_out(monkeypatch):
    monkeypatch.setattr(met, "CACHE", 10)
    with Met() as kept, small_disk(100_000), pytest.raises(Retriable) as refused:
        for number in range(MANY):
            kept.times(f"nadia {number}")
    assert refused.value.text == "adapters.no-room" and refused.value.after
    assert "nadia" not in str(refused.value)
    assert all("TMPDIR" in say("adapters.no-room", language) for language in ("ar", "fr", "en"))
    assert files() == []


KILLED = f"""
import sys, time
from hub import met
met.CACHE = 10
kept = met.Met()
for number in range({MANY}): kept.times(str(number))
print("met", flush=True)
time.sleep(600)
"""


def test_a_process_that_is_killed_leaves_no_file(tmp_path):
    at_home = {**os.environ, "TMPDIR": str(tmp_path), "SQLITE_TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", KILLED], env=at_home, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "met\n"
            held = [str(one.readlink()) for one in Path(f"/proc/{process.pid}/fd").iterdir()]
            assert any(str(tmp_path) in one for one in held)
        finally:
            process.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []
