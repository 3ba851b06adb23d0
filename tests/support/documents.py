"""The command blocks of a document, and a shell that types them: all blocks of one document, in order, in one empty folder.

A fence of the kind `sh`, `bash` or `console` is a command block; in a `console` block only the lines after `$ ` are typed.
Just above it may stand a comment:

    <!-- not run: reason -->            it is not typed
    <!-- runs until stopped -->         it is left running (a server), and stopped at the end of the document
    <!-- exits with 3 -->               its last command ends with that code

Each document has ports of its own: the addresses of this machine that it names, and the one that `hub init` writes, are others
when it is typed. So two may be typed at a time.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.ports import free_port

SHELLS: Final = frozenset({"sh", "bash", "console"})
_FENCE: Final = re.compile(r"(?P<indent>[ \t>]*)(?P<fence>`{3,}|~{3,})\s*(?P<kind>[\w+-]*)[^`]*")
_REMARK: Final = re.compile(r"[ \t>]*<!--\s*(not run|runs until stopped|exits with \d+)\s*(?::(.*?))?\s*-->\s*")
_HERE: Final = "block-at-line"
_LOCAL: Final = re.compile(r"\b127\.0\.0\.1:(\d{4,5})\b")
HUBS: Final = "8080"
"""The port that a fresh deployment has."""


@dataclass(frozen=True)
class Block:
    """One command block. `remark`: what the comment above it says; `reason`: why, where it is not run."""

    line: int
    kind: str
    text: str
    remark: str = ""
    reason: str = ""

    @property
    def commands(self) -> str:
        if self.kind != "console":
            return self.text
        return "".join(line[2:] for line in self.text.splitlines(keepends=True) if line.startswith(("$ ", "> ")))

    @property
    def code(self) -> int:
        return int(self.remark.removeprefix("exits with ")) if self.remark.startswith("exits") else 0


@dataclass(frozen=True)
class Typed:
    """How it went: `line` is the block that was being typed last."""

    ok: bool
    line: int
    said: str


def blocks(document: str) -> Iterator[Block]:
    """Every command block, with the line of its fence."""
    above: re.Match[str] | None = None
    lines = iter(enumerate(document.splitlines(), 1))
    for number, line in lines:
        opening = _FENCE.fullmatch(line)
        if opening is None:
            above = _REMARK.fullmatch(line) or (above if not line.strip() else None)
            continue
        inside = "".join(f"{text}\n" for text in _inside(lines, opening))
        if opening["kind"] in SHELLS:
            yield Block(
                number, opening["kind"], inside, above[1] if above else "", (above[2] or "").strip() if above else ""
            )
        above = None


def _inside(lines: Iterator[tuple[int, str]], opening: re.Match[str]) -> Iterator[str]:
    for _, line in lines:
        if line.strip(" \t>") and set(line.strip(" \t>")) == {opening["fence"][0]} and opening["fence"] in line:
            return
        yield line.removeprefix(opening["indent"])


def own_ports(found: list[Block]) -> Mapping[str, int]:
    """For the port of a fresh deployment, and for each that these blocks name: one that is free."""
    named = {port for block in found if block.remark != "not run" for port in _LOCAL.findall(block.text)}
    return {port: free_port() for port in sorted({HUBS} | named)}


def type_blocks(found: list[Block], folder: Path, seconds: float, ports: Mapping[str, int] | None = None) -> Typed:
    """Type them into one shell that stops at the first command that fails."""
    ports = ports or own_ports(found)
    typed = "".join(_typed(block, " ".join(ports)) for block in found if block.remark != "not run")
    script = re.sub(rf"\b({'|'.join(ports)})\b", lambda port: str(ports[port[1]]), f"set -eu\n{_HUB}{typed}")
    output = folder.with_suffix(".txt")
    with output.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
    try:
        code = shell.wait(seconds)
    except subprocess.TimeoutExpired:
        code = -1
    finally:
        _stop(shell)
    said = output.read_text("utf-8", "replace")
    reached = re.findall(rf"(?m)^{_HERE} (\d+)$", said)
    return Typed(code == 0, int(reached[-1]) if reached else 0, said)


def _typed(block: Block, ports: str) -> str:
    told = f"echo {_HERE} {block.line}\n"
    if block.remark == "runs until stopped":
        return f"{told}{{\n{block.commands}}} &\n{_WAIT % ports}"
    if block.code:
        return f"{told}code=0; (\n{block.commands}) || code=$?; test $code = {block.code}\n"
    return told + block.commands


_HUB: Final = f"""hub() {{
    command hub "$@" || return
    if [ "$1" = init ]; then sed --in-place 's/^port = .*/port = {HUBS}/' */hub.toml; fi
}}
"""
"""A deployment that these blocks make is on a port of theirs."""
_WAIT: Final = """for turn in $(seq 600); do
    jobs | grep -q Running || exit 1
    for port in %s; do if (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; then break 2; fi; done
    sleep 0.1
done
"""
"""Bash waits until somebody answers on one of the ports of the document."""


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IHALA_", "PYTEST_", "COV_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return kept | {"PATH": path, "IHALA_LANG": "en", "PYTHONUTF8": "1", "COLUMNS": "200"}


def _stop(shell: "subprocess.Popen[bytes]") -> None:
    """The shell and all that it left running; servers get the time to leave in order."""
    for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        try:
            os.killpg(shell.pid, number)
        except ProcessLookupError:
            break
        _wait_for_group(shell, patience)
    shell.wait(5)


def _wait_for_group(shell: "subprocess.Popen[bytes]", seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        shell.poll()  # a shell that nobody asked after would still count
        try:
            os.killpg(shell.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
