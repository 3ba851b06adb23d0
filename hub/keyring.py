"""The hub's own keys, in the deployment folder: those that sign checkpoints of the audit trail, and those that wrap data keys.

The former are a JWK Set, https://www.rfc-editor.org/rfc/rfc7517#section-5. The first key signs; the others have signed before
and still verify: to change the key, put a new one in front. Only the hub's account can read the file.
"""

import json
import os
import tempfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from hub import errors
from hub.audit.checkpoints import new_key
from hub.errors import HubError
from hub.ports import KEK_LENGTH, Kek

FILE: Final = "secrets/audit-keys.json"
KEK_FILE: Final = "secrets/kek"
KEK_VARIABLE: Final = "IHALA_KEK"


def signing_keys(folder: Path, *, make: bool = False) -> Sequence[Mapping[str, Any]]:
    """None where no file is, unless it is to be made. Raises HubError(BAD_FILE)."""
    path = folder / FILE
    if make and not path.exists():
        _make(path)
    try:
        keys: Sequence[Mapping[str, Any]] = json.loads(path.read_text("utf-8"))["keys"]
        if keys and all(key["kid"] and key["d"] for key in keys):
            return keys
    except FileNotFoundError:
        return ()
    except (ValueError, LookupError, TypeError):
        pass
    raise HubError(errors.BAD_FILE, place=FILE, detail="keys")


def kek_text(folder: Path) -> str:
    """The key-encryption keys as they are now: of the environment, else of the file, one a line. Empty where there are none."""
    if given := os.environ.get(KEK_VARIABLE):
        return given
    path = folder / KEK_FILE
    with suppress(FileNotFoundError):
        return _read_text(path, path.stat().st_mtime_ns)
    return ""


@lru_cache(maxsize=16)
def _read_text(path: Path, _changed: int) -> str:
    return path.read_text("ascii").strip()


def make_kek(folder: Path) -> None:
    """The first one. One that is there is kept, whatever is asked: without it nothing that is encrypted can be read."""
    if not (folder / KEK_FILE).exists():
        _put_once(folder / KEK_FILE, f"{_new_kek()}\n")


def add_kek(folder: Path) -> str:
    """A new key-encryption key in front of those that are there; returns its id."""
    line = _new_kek()
    write_keks(folder, [line, *kek_text(folder).split()])
    return Kek.of(line).id


def write_keks(folder: Path, lines: Sequence[str]) -> None:
    """Whole or not at all: a server that reads the file meanwhile finds the old one or the new one."""
    written = _write_beside(folder / KEK_FILE, "".join(f"{line}\n" for line in lines))
    Path(written).replace(folder / KEK_FILE)


def _new_kek() -> str:
    return b64encode(os.urandom(KEK_LENGTH)).decode("ascii")


def _make(path: Path) -> None:
    _put_once(path, json.dumps({"keys": [new_key()]}, indent=2) + "\n")


def _put_once(path: Path, text: str) -> None:
    """Whole or not at all, and once: of two processes that begin together, both use the key of the first."""
    written = _write_beside(path, text)
    with suppress(FileExistsError):
        os.link(written, path)
    Path(written).unlink()


def _write_beside(path: Path, text: str) -> str:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, written = tempfile.mkstemp(dir=path.parent)  # readable by this account alone
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return written
