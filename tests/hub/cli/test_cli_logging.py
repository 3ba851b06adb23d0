"""Logs hold named fields only: no value, no text of an exception, nothing that another library says."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from hub.cli.logging import Heard, Lines, config

MARK = "Zineb Marquée"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the handler writes, with every logger at DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    handler.addFilter(Heard())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_named_fields_come_through_and_nothing_else(written: io.StringIO) -> None:
    logging.getLogger("ihala.delivery").warning(
        "delivery.failed", extra={"connection": "one", "problem": "x.y", "name_of": MARK}
    )
    (line,) = lines(written)
    assert list(line) == ["time", "level", "logger", "event", "connection", "problem"]
    assert (line["event"], line["connection"], line["level"]) == ("delivery.failed", "one", "warning")


def test_an_event_is_never_interpolated(written: io.StringIO) -> None:
    log = logging.getLogger("hub.web")
    log.info("%s", MARK)
    log.info(f"pulled {MARK}")
    log.info({"whole": MARK})
    assert [line["event"] for line in lines(written)] == ["unnamed", "unnamed", "unnamed"]
    assert MARK not in written.getvalue()
    assert all(line["at"].startswith("test_cli_logging:") for line in lines(written))


def test_an_exception_is_told_by_type_and_place(written: io.StringIO) -> None:
    try:
        int(MARK)
    except ValueError:
        logging.getLogger("hub.exchange").exception("record.broken")
    (line,) = lines(written)
    assert line["exception"] == "ValueError"
    assert line["at"].startswith("test_cli_logging:")
    assert MARK not in written.getvalue()


def test_other_libraries_are_heard_from_warning_on_and_without_their_words(written: io.StringIO) -> None:
    for name in ("pymongo.command", "httpx2", "httpcore2.http11", "werkzeug", "granian.access", "py.warnings"):
        log = logging.getLogger(name)
        was, log.disabled = log.disabled, False
        log.debug("body: %s", MARK)
        log.info(f"GET /Patient?name={MARK}")
        log.warning("slow query: %s", MARK)
        log.disabled = was
    assert [line["logger"] for line in lines(written)] == [
        "pymongo.command", "httpx2", "httpcore2.http11", "werkzeug", "granian.access", "py.warnings",
    ]  # fmt: skip
    assert {line["event"] for line in lines(written)} == {"library.message"}
    assert MARK not in written.getvalue()


def test_a_field_is_short_and_never_a_structure(written: io.StringIO) -> None:
    logging.getLogger("hub.cli").info(
        "something.done", extra={"problem": "x" * 500, "status": {"name": MARK}, "ms": 1.5}
    )
    (line,) = lines(written)
    assert len(line["problem"]) == 120
    assert line["status"] == "-"
    assert line["ms"] == 1.5


def test_the_configuration_is_the_same_for_the_servers_processes() -> None:
    """granian applies it in each; its own handlers write to stdout and interpolate."""
    code = (
        "import logging, threading, warnings\n"
        "from granian.log import LogLevels, configure_logging\n"
        "from hub.cli import logging as lines\n"
        "configure_logging(LogLevels.warning, lines.config('debug'), True)\n"
        "lines.configure('debug'); lines.tell_uncaught()\n"
        "logging.getLogger('_granian').error('Application callable raised an exception', exc_info=ValueError('SECRET'))\n"
        "logging.getLogger('granian.access').info('GET /SECRET')\n"
        "logging.getLogger('hub.web').debug('request.answered', extra={'route': '/fhir', 'status': 200})\n"
        "logging.getLogger('hub.web').error('%d', 'SECRET')\n"
        "warnings.warn('SECRET')\n"
        "def fail(): raise ValueError('SECRET')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.stdout == ""
    assert "SECRET" not in ended.stderr
    assert [(line["logger"], line["event"]) for line in said] == [
        ("_granian", "library.message"),
        ("hub.web", "request.answered"),
        ("hub.web", "unnamed"),
        ("py.warnings", "library.message"),
        ("hub.cli", "thread.broken"),
        ("hub.cli", "process.broken"),
    ]
    assert ended.returncode == 1


def test_the_configuration_is_plain_data() -> None:
    json.dumps(config("info"))  # it travels to other processes
