"""A system keeps its keys at a URL of its own and changes them there, while the hub runs and is told nothing."""

from pathlib import Path
from typing import Any

import httpx2

from hub.bootstrap import SystemClock
from hub.oauth import assertion
from hub.oauth.keys import new_key, public
from tests.support.deployments import Deployment
from tests.support.key_servers import serving

OLD, NEW = new_key("ES384"), new_key("ES384")
PAGE = "https://app.example"


def ask(deployment: Deployment, key: dict[str, Any]) -> httpx2.Response:
    url = f"{deployment.base_url.removesuffix('/fhir')}/oauth/token"
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Task.rs",
        "client_assertion_type": assertion.TYPE,
        "client_assertion": assertion.sign(key, "his", url, now=SystemClock().now()),
    }
    return httpx2.post(url, data=form, headers={"Origin": PAGE})


def test_a_key_is_changed_at_the_url_and_the_hub_follows(tmp_path: Path, mongodb_uri: str, database: str) -> None:
    deployment = Deployment.init(tmp_path, mongodb_uri=mongodb_uri, database=database)
    with serving() as keys:
        keys.publish(public(OLD), Cache_Control="max-age=0")
        with (deployment.folder / "hub.toml").open("a", encoding="utf-8") as toml:
            toml.write(f'\n[oauth]\njwks_hosts = ["http://127.0.0.1:{keys.port}"]\n[cors]\norigins = ["{PAGE}"]\n')
        arguments = ("--organization", "chu-atlas", "--scope", "system/Task.rs", "--id", "his")
        deployment.hub("client", "add", *arguments, "--jwks-url", keys.url)
        with deployment.serving():
            answer = ask(deployment, OLD)
            assert answer.status_code == 200, answer.text
            assert answer.headers["Access-Control-Allow-Origin"] == PAGE
            token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            assert httpx2.get(f"{deployment.base_url}/Task", headers=token).status_code == 200
            keys.publish(public(NEW), Cache_Control="max-age=0")
            assert ask(deployment, OLD).status_code == 401
            assert len(keys.asked) == 2
    assert '"keys.not-fetched"' not in "".join(path.read_text("utf-8") for path in deployment.words.iterdir())
