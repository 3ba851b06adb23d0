"""The stage: a deployment folder with its files, the KoboToolbox stand-in, the hub as a process of its own, and the parties."""

import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import httpx2
from joserfc.jwk import ECKey

from demo import kobo_server, registers
from demo.party import Party
from hub.bootstrap import Deployment, opened
from hub.ports import Client

INSTITUTION = "system/Task.rus system/Patient.rs system/ServiceRequest.rs system/Observation.rs system/EpisodeOfCare.rs"
ASSOCIATION = "system/Consent.rus system/Patient.rs system/Task.rus system/ServiceRequest.rs system/AuditEvent.rs"


BEGUN, BUILT = ".demonstration", "secrets/kobo-token"
"""Files that say that a folder is the demonstration's, and that all of it was written."""


def is_set(folder: Path) -> bool:
    """Whether the demonstration has been in this folder before."""
    return (folder / BEGUN).exists() and (folder / BUILT).exists()


def is_somebody_elses(folder: Path) -> bool:
    """A folder with something in it that the demonstration has not made: a real deployment, perhaps."""
    return folder.exists() and any(folder.iterdir()) and not (folder / BEGUN).exists()


def build(folder: Path) -> None:
    """Write the deployment folder with `hub init`, and the files that the associations have. What was interrupted is redone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BEGUN).touch()
    with as_file(files("demo") / "deployment") as template:
        _hub("init", str(folder), "--force", "--template", str(template))
    (folder / "registers").mkdir(exist_ok=True)
    registers.arabic_register(folder / "registers" / "yasmine.xlsx")
    registers.french_register(folder / "registers" / "arganier.csv")
    registers.gbvims_workbook(folder / "registers" / "cedre.xlsx")
    token = folder / "secrets" / "kobo-token"
    token.write_text(secrets.token_hex(20), "utf-8")
    token.chmod(0o600)


@contextmanager
def kobo(folder: Path) -> Iterator[None]:
    """The KoboToolbox stand-in, with the state that an earlier run left."""
    state = folder / "kobo" / "submissions.json"
    state.parent.mkdir(exist_ok=True)
    if not state.exists():
        state.write_text(json.dumps(registers.kobo_submissions(), ensure_ascii=False), "utf-8")
    token = (folder / "secrets" / "kobo-token").read_text("utf-8")
    with kobo_server.running(state=state, token=token, asset="aZahraIntake") as url:
        _rewrite(folder / "connections" / "zahra-kobo.yaml", r"url: \S+", f"url: {url}")
        yield


@contextmanager
def hub(folder: Path) -> Iterator[str]:
    """The hub serving on loopback; gives its FHIR base URL."""
    port = _free_port()
    _rewrite(folder / "hub.toml", r"port = \d+", f"port = {port}")
    environment = os.environ | {"IHALA_HOME": str(folder)}
    command = [sys.executable, "-m", "hub", "serve"]
    with (
        (folder / "hub.log").open("ab") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True) as process,  # noqa: S603
    ):
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)
            yield f"http://127.0.0.1:{port}/fhir"
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


@contextmanager
def parties(deployment: Deployment, base_url: str, **scopes: str) -> Iterator[dict[str, Party]]:
    """Parties by organisation, each with a key of its own, registered as an integrator would with `hub client add`."""
    cast = {}
    for name, scope in scopes.items():
        organization = name.replace("_", "-")
        key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
        client = Client(
            f"demo-{organization}",
            organization,
            {"keys": [key.as_dict(private=False)]},
            frozenset(scope.split()),
            ("COC",),
            f"Demonstration: {organization}",
        )
        deployment.registry.save_client(client)
        cast[organization] = Party(organization, client.id, key, base_url, scope)
    try:
        yield cast
    finally:
        for party in cast.values():
            party.close()


def open_deployment(folder: Path) -> contextlib.AbstractContextManager[Deployment]:
    return opened(folder)


def _hub(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "hub", *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _rewrite(path: Path, pattern: str, replacement: str) -> None:
    path.write_text(re.sub(pattern, replacement, path.read_text("utf-8"), count=1), "utf-8")


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    with httpx2.Client() as http:
        while time.monotonic() < ends:
            if process.poll() is not None:
                raise RuntimeError("the hub stopped; see hub.log in the demonstration's folder")
            with contextlib.suppress(httpx2.HTTPError):
                if http.get(url).status_code == 200:
                    return
            time.sleep(0.1)
    raise RuntimeError("the hub did not become ready; see hub.log in the demonstration's folder")
