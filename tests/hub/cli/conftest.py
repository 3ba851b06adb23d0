"""Deployment folders made by `hub init`, on the run's MongoDB."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.__main__ import main
from hub.cli.logging import config
from tests.support.command_line import Command


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The command line configures logging for its whole process; tests share theirs."""
    root = logging.getLogger()
    handlers, level, shown = root.handlers[:], root.level, warnings.showwarning
    yield
    logging.captureWarnings(False)
    warnings.showwarning = shown
    logging.raiseExceptions = True
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in config("info")["loggers"]:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A deployment folder as `hub init` makes it. No database is needed to look at it."""
    for name in ("IHALA_HOME", "IHALA_LANG", "IHALA_LOG_LEVEL", "IHALA_MONGODB_URI", "IHALA_PEPPER", "IHALA_KEK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    made = CliRunner().invoke(main, ["init", str(tmp_path / "hub")])
    assert made.exit_code == 0, made.output
    return Command(tmp_path / "hub")


@pytest.fixture
def hub(unread: Command, mongodb_uri: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A deployment with an empty database of its own."""
    monkeypatch.setenv("IHALA_MONGODB_URI", mongodb_uri)
    toml = unread.home / "hub.toml"
    toml.write_text(toml.read_text("utf-8").replace('name = "ihala"', f'name = "{database}"'), "utf-8")
    return unread
