"""Secrets of the authorization server are in no log, no list of processes and no document of the database, at any level of logging.

A journey over real processes: a key is made, tokens are got, used, asked about, given back and refused; then everything that was
kept or said is searched for what must not be in it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pymongo import MongoClient

from hub.bootstrap import SystemClock
from hub.oauth import assertion
from tests.support.deployments import Deployment


@pytest.fixture
def deployment(tmp_path: Path, mongodb_uri: str, database: str) -> Deployment:
    return Deployment.init(tmp_path, mongodb_uri=mongodb_uri, database=database, log_level="debug")


class Journey:
    """One client at a running hub. `secrets`: all that it must never be able to find again."""

    def __init__(self, deployment: Deployment, key_file: Path) -> None:
        self.base = deployment.base_url.removesuffix("/fhir")
        self.key = json.loads(key_file.read_text("utf-8"))
        self.secrets = {
            "private key": self.key["d"],
            "pepper": (deployment.folder / "secrets/pepper").read_text().strip(),
        }
        self.processes = ""

    def ask(self, path: str, /, audience: str = "", consents: tuple[str, ...] = (), **form: str) -> httpx2.Response:
        stated = {"consent_reference": list(consents)} if consents else {}
        url = audience or f"{self.base}/oauth/token"
        proof = assertion.sign(self.key, "his", url, now=SystemClock().now(), **stated)
        self.secrets[f"assertion {len(self.secrets)}"] = proof.rpartition(".")[2]
        asked = {"client_assertion_type": assertion.TYPE, "client_assertion": proof, **form}
        answer = httpx2.post(f"{self.base}/oauth/{path}", data=asked)
        self.processes += command_lines()
        return answer

    def get_token(self) -> str:
        answer = self.ask("token", grant_type="client_credentials", scope="system/Task.rs")
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        self.secrets[f"token {len(self.secrets)}"] = token
        return token

    def go(self) -> None:
        token, other = self.get_token(), self.get_token()
        used = httpx2.get(f"{self.base}/fhir/Task", headers={"Authorization": f"Bearer {token}"})
        assert used.status_code == 200
        assert self.ask("introspect", token=token).json()["active"] is True
        assert self.ask("revoke", token=token).status_code == 200
        refused = httpx2.get(f"{self.base}/fhir/Task", headers={"Authorization": f"Bearer {token}"})
        assert refused.status_code == 401
        for wrong in ({"scope": "system/none"}, {"scope": "system/Task.rs", "consents": ("Consent/none",)}):
            assert self.ask("token", grant_type="client_credentials", **wrong).status_code == 400  # type: ignore[arg-type]
        assert self.ask("token", "https://elsewhere.example", grant_type="client_credentials").status_code == 401
        assert httpx2.post(f"{self.base}/oauth/token", data={"client_assertion": other}).status_code == 400
        assert httpx2.get(f"{self.base}/fhir/Task?access_token={other}").status_code == 401


def command_lines() -> str:
    """What `ps` shows of every process, whoever looks."""
    return "\n".join(_read(path / "cmdline") for path in Path("/proc").iterdir() if path.name.isdigit())


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def kept(mongodb_uri: str, database: str) -> Iterator[tuple[str, str]]:
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        for name in client[database].list_collection_names():
            yield name, "\n".join(str(document) for document in client[database][name].find())


def test_after_a_journey_no_secret_is_found_anywhere(
    deployment: Deployment, mongodb_uri: str, database: str, tmp_path: Path
) -> None:
    key_file = tmp_path / "key.json"
    organization = "chu-atlas"
    arguments = ("--organization", organization, "--scope", "system/Task.rs", "--id", "his")
    deployment.hub("client", "add", *arguments, "--generate", str(key_file))
    with deployment.serving():
        journey = Journey(deployment, key_file)
        journey.go()
    said = {path.name: path.read_text("utf-8", errors="replace") for path in deployment.words.iterdir()}
    places = {**said, **dict(kept(mongodb_uri, database)), "processes": journey.processes}
    assert {"clients", "tokens", "assertions", "attempts", "AuditEvent"} <= {
        name for name, text in places.items() if text
    }
    assert "request.answered" in "".join(said.values()), "the log was listened to"
    assert "hub\0serve" in journey.processes, "and so were the processes"
    assert len(journey.secrets) >= 10
    assert [
        (place, what) for place, text in places.items() for what, secret in journey.secrets.items() if secret in text
    ] == []
    signed = [place for place, text in places.items() if "eyJ" in text]
    assert set(signed) <= {"checkpoints"}, "no part of an assertion; checkpoints of the audit trail are signed too"
