"""The hub's own keys, in the deployment folder: those that sign checkpoints of the audit trail.

A JWK Set, https://www.rfc-editor.org/rfc/rfc7517#section-5. The first key signs; the others have signed before and still
verify: to change the key, put a new one in front. Only the hub's account can read the file.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hub import errors
from hub.audit.checkpoints import new_key
from hub.errors import HubError

FILE: Final = "secrets/audit-keys.json"


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


def _make(path: Path) -> None:
    """Whole or not at all, and once: of two processes that begin together, both use the key of the first."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, written = tempfile.mkstemp(dir=path.parent)  # readable by this account alone
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"keys": [new_key()]}, file, indent=2)
        file.write("\n")
    with suppress(FileExistsError):
        os.link(written, path)
    Path(written).unlink()
