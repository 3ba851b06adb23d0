"""A deployment folder and the processes around it: each is a real `hub`, and every word that it says is kept in a file."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import httpx2

from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port

READY_S: Final = 2 * PATIENCE_S
STOP_S: Final = PATIENCE_S
ROOT: Final = Path(__file__).parents[2]
TEMPLATE: Final = ROOT / "demo" / "deployment"


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Running:
    """A `hub` that does not end by itself. It leads a process group of its own."""

    process: "subprocess.Popen[bytes]"
    base_url: str = ""

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        """As the power going: no process of its group gets to say anything."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_S)


@dataclass(frozen=True)
class Deployment:
    """`folder` is what `hub init` wrote; `words` is where the processes' output is kept. Without a URI the database is embedded."""

    folder: Path
    words: Path
    mongodb_uri: str = field(default="", repr=False)
    log_level: str = "info"
    _numbers: Iterator[int] = field(default_factory=count, repr=False)

    @classmethod
    def init(
        cls, root: Path, *, mongodb_uri: str = "", database: str = "ihala", log_level: str = "info"
    ) -> "Deployment":
        """The demonstration's directory and connections, in a folder that `hub init` wrote."""
        made = cls(root / "deployment", root / "words", mongodb_uri, log_level)
        made.words.mkdir(parents=True)
        made.hub("init", str(made.folder), "--template", str(TEMPLATE), home=False)
        (made.folder / "registers").mkdir()
        made.set("database", "name", f'"{database}"')
        made.set("server", "port", free_port())
        made.set("delivery", "every_seconds", 0.1)
        return made

    def beside(self, root: Path) -> "Deployment":
        """A second server of the same deployment: its own port, the same address, database and pepper. It delivers nothing."""
        other = Deployment(root / "deployment", root / "words", self.mongodb_uri, self.log_level)
        other.words.mkdir(parents=True)
        shutil.copytree(self.folder, other.folder)
        other.set("server", "port", f'{free_port()}\nbase_url = "{self.base_url}"')
        other.set("delivery", "enabled", "false")
        return other

    def set(self, section: str, name: str, value: object) -> None:
        """Change one setting of `hub.toml`."""
        path = self.folder / "hub.toml"
        text, times = re.subn(
            rf"(\[{section}\][^\[]*?\n{name} = )[^\n]*", rf"\g<1>{value}", path.read_text("utf-8"), count=1
        )
        assert times == 1, f"hub.toml has no {section}.{name}"
        path.write_text(text, "utf-8")

    def add(self, text: str) -> None:
        """A section to `hub.toml`, which has none of that name."""
        with (self.folder / "hub.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")

    def connection(self, name: str, setting: str, value: str) -> None:
        """Change one setting of a connection."""
        path = self.folder / "connections" / f"{name}.yaml"
        text, times = re.subn(rf"(?m)^(  {setting}: ).*$", rf"\g<1>{value}", path.read_text("utf-8"), count=1)
        assert times == 1, f"{path.name} has no setting {setting}"
        path.write_text(text, "utf-8")

    @property
    def port(self) -> int:
        found = re.search(r"(?m)^port = (\d+)", (self.folder / "hub.toml").read_text("utf-8"))
        assert found
        return int(found[1])

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def hub(
        self, *arguments: str, codes: tuple[int, ...] = (0,), home: bool = True, module: tuple[str, ...] = ("hub",)
    ) -> Finished:
        """Run a command to its end. Its exit code must be one of `codes`."""
        running = self.start(*arguments, home=home, module=module)
        code = running.process.wait(READY_S + STOP_S)
        out, err = (self.said(running, name).read_text("utf-8") for name in ("out", "err"))
        assert code in codes, f"hub {arguments[0]} ended with {code}:\n{out}\n{err}"
        return Finished(code, out, err)

    def start(self, *arguments: str, home: bool = True, module: tuple[str, ...] = ("hub",)) -> Running:
        """Start a command and leave it running. `module`: what is run instead of the hub, and what it is told first."""
        name = f"{next(self._numbers):03}-{arguments[0]}"
        environment = {**self._environment(home), **({} if module == ("hub",) else {"PYTHONPATH": str(ROOT)})}
        with (self.words / f"{name}.out").open("wb") as out, (self.words / f"{name}.err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", *module, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.words,
                start_new_session=True,
            )
        self._outputs[process.pid] = name
        return Running(process, self.base_url if home else "")

    @contextmanager
    def serving(self, workers: int = 1) -> Iterator[Running]:
        """`hub serve`, ready, and stopped in the end as a service manager stops it."""
        running = self.start("serve", "--workers", str(workers))
        try:
            wait_until_ready(running, self.port)
            yield running
        finally:
            if running.process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.stop()
            running.kill()

    def logged(self, level: str) -> list[str]:
        """What its processes logged at this level, each event and problem once. Lines that a kill cut off are none."""
        found: dict[str, None] = {}
        for path in sorted(self.words.glob("*.err")):
            for line in path.read_text("utf-8").splitlines():
                with contextlib.suppress(json.JSONDecodeError):
                    one = json.loads(line)
                    if one.get("level") == level:
                        found[f"{one.get('event')}: {one.get('problem', '')}"] = None
        return list(found)

    def said(self, running: Running, stream: str) -> Path:
        return self.words / f"{self._outputs[running.process.pid]}.{stream}"

    def _environment(self, home: bool) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("IHALA_", "PYTEST_"))}
        ours = {"IHALA_LANG": "en", "IHALA_LOG_LEVEL": self.log_level, "PYTHONUTF8": "1", "COLUMNS": "200"}
        if home:
            ours["IHALA_HOME"] = str(self.folder)
        if self.mongodb_uri:
            ours["IHALA_MONGODB_URI"] = self.mongodb_uri
        return kept | ours

    _outputs: dict[int, str] = field(default_factory=dict, repr=False)


def wait_until_ready(running: Running, port: int) -> None:
    ends = time.monotonic() + READY_S
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as http:  # to make one takes longer than to ask
        while time.monotonic() < ends:
            assert running.process.poll() is None, "hub serve ended before it was ready"
            with contextlib.suppress(httpx2.HTTPError):
                if http.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
    raise AssertionError("hub serve did not become ready")
