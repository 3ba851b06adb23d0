"""Another hub is a FHIR server like any: a real one is read by the door, with a key that signs, and answered."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from adapters.fhir import adapter
from hub import mapping
from hub.ports import Connection, FollowUp, SourceRecord, Watermark
from tests.support.command_line import GOOD, Command
from tests.support.deployments import Deployment
from tests.support.ports import free_port


@pytest.fixture
def other(tmp_path: Path, mongodb_uri: str, database: str) -> Iterator[tuple[Deployment, Connection]]:
    """A hub that serves, in which an association has referred a woman to the hospital; and the hospital's connection to it."""
    made = Deployment(tmp_path / "deployment", tmp_path / "words", mongodb_uri)
    made.words.mkdir()
    made.hub("init", str(made.folder), home=False)
    made.set("database", "name", f'"{database}"')
    made.set("server", "port", free_port())
    Command(made.folder).register(GOOD)
    made.hub("pull", "register")
    key = tmp_path / "key.json"
    made.hub("client", "add", "--organization", "example-hospital", "--id", "their-hub", "--scope", "system/*.cruds", "--generate", str(key))  # fmt: skip
    with made.serving():
        url = f"http://127.0.0.1:{made.port}"
        said = httpx2.get(f"{url}/fhir/.well-known/smart-configuration", trust_env=False).json()
        asked = {
            "url": f"{url}/fhir", "auth": "smart", "client_id": "their-hub", "token_url": said["token_endpoint"],
            "scope": "system/*.cruds", "page_size": 20,
        }  # fmt: skip
        layout = mapping.load("fhir/referral").layout()
        secret = json.dumps(json.loads(key.read_text("utf-8")))
        yield (
            made,
            Connection("c", "example-hospital", "fhir", "fhir/referral", asked, tmp_path, layout, lambda _: secret),
        )


def test_a_notice_is_read_accepted_and_then_more_may_be_read(other: tuple[Deployment, Connection]) -> None:
    _, to = other
    assert [issue.text for issue in adapter.check(to) if issue.blocks] == []
    first = list(adapter.pull(to, None))
    (notice,) = [one for one in first if isinstance(one, SourceRecord)]
    assert notice.issues == ()
    assert "full_name" not in notice.content and notice.content["service"] == "psychosocial"
    reached = next(one for one in reversed(first) if isinstance(one, Watermark))
    assert [one for one in adapter.pull(to, reached) if isinstance(one, SourceRecord)] == []
    adapter.push(to, [FollowUp("f", notice.handle, {"status": "accepted"})])
    (opened,) = [one for one in adapter.pull(to, reached) if isinstance(one, SourceRecord)]
    assert opened.id == notice.id
    assert opened.content["sex"]
