"""Other people's FHIR software: whether it is here, and how it is run. `tests/node` pins it, `make opinions` installs it.

Nothing of it is reached over a network while the tests run: HL7's definitions come with it.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

NODE: Final = Path(__file__).parents[1] / "node"
MODULES: Final = NODE / "node_modules"
R4: Final = MODULES / "hl7.fhir.r4.examples"
"""All of R4's definitions, and its examples."""
OLDEST_NODE: Final = 20
NOWHERE: Final = "http://127.0.0.1:9"
OFFLINE: Final = {"PATH": "", "FPL_REGISTRY": NOWHERE, "HTTPS_PROXY": NOWHERE}
"""They would look for newer versions of themselves and of what they use."""


@cache
def why_not() -> str:
    """Why second opinions cannot be had here; empty when they can."""
    node = shutil.which("node")
    if node is None:
        return "no second opinion: node is not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0] or 0) < OLDEST_NODE:
        return f"no second opinion: node is {version or 'unusable'}, and {OLDEST_NODE} or newer is needed"
    if not (MODULES / ".package-lock.json").is_file():
        return "no second opinion: `make opinions` has not installed what `tests/node` pins"
    return ""


def run(script: Path, *arguments: str, given: str = "", home: Path | None = None) -> str:
    """What a script of node says. AssertionError with its last words when it fails."""
    node = shutil.which("node")
    assert node
    environment = {**os.environ, **OFFLINE, **({"HOME": str(home)} if home else {})}
    command = [node, str(script), *arguments]
    done = subprocess.run(
        command, env=environment, input=given, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout
