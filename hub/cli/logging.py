"""Logs as JSON lines that can hold no personal data: only named fields come through, and no free text does.

An event is a constant word such as `delivery.failed`; it is never interpolated. An exception is told by its type and its
place in the code, never by its text, which may quote data. Of other people's loggers nothing below WARNING is heard, and
of what is heard neither message nor arguments: only who spoke, how loud, and from which line.
"""

import json
import logging
import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

OURS: Final = frozenset({"hub", "ihala", "adapters", "demo"})
FIELDS: Final = (
    "connection", "mapping", "problem", "action", "method", "route", "status", "ms", "client", "request",
    "count", "attempts", "destination", "read", "stored", "unchanged", "quarantined", "port", "workers",
)  # fmt: skip
"""The extra fields that may be logged. Whoever adds one answers for it that it identifies no one."""

LONGEST: Final = 120
UNNAMED: Final = "unnamed"
_EVENT: Final = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", re.ASCII)


class Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event(record),
        }
        if _is_ours(record):
            said |= {name: _plain(record.__dict__[name]) for name in FIELDS if name in record.__dict__}
        if not _is_ours(record) or said["event"] == UNNAMED:
            said["at"] = f"{record.module}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            said |= failure(record.exc_info[1])
        return json.dumps(said, ensure_ascii=False)


class Heard(logging.Filter):
    """Our own at every level; others from WARNING on."""

    def filter(self, record: logging.LogRecord) -> bool:
        return _is_ours(record) or record.levelno >= logging.WARNING


def event(record: logging.LogRecord) -> str:
    """The record's constant name. Anything that does not look like one is left out: it could be data."""
    if not _is_ours(record):
        return "library.message"
    return record.msg if isinstance(record.msg, str) and _EVENT.fullmatch(record.msg) else UNNAMED


def failure(problem: BaseException) -> dict[str, str]:
    """An exception by its type and place."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f"{Path(frames[-1].filename).stem}:{frames[-1].lineno}" if frames else "-"
    return {"exception": type(problem).__name__, "at": place}


def config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`, in this process and in each server process."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "hub.cli.logging.Lines"}},
        "filters": {"heard": {"()": "hub.cli.logging.Heard"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["heard"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            **{name: {"level": level.upper()} for name in sorted(OURS)},
            "_granian": {"level": "WARNING", "propagate": True},
            "granian.access": {"level": "CRITICAL", "propagate": True},
        },
    }


def configure(level: str) -> None:
    """Log this way from now on. What nobody catches is told by type and place too, in every thread."""
    logging.config.dictConfig(config(level))
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a record that cannot be formatted would be printed with its arguments


def tell_uncaught() -> None:
    """For processes that nobody watches at a terminal: uncaught exceptions become log lines."""
    log = logging.getLogger("hub.cli")

    def tell(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
        log.critical("process.broken", exc_info=(kind, problem, trace))

    def tell_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None:
            log.critical("thread.broken", exc_info=(what.exc_type, what.exc_value, what.exc_traceback))

    sys.excepthook = tell
    threading.excepthook = tell_thread


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.split(".", 1)[0] in OURS


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return "-"
    return str(value)[:LONGEST]
