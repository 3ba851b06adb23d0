"""From an invitation at the command line to a token in a person's name: real commands, a real server, over HTTP."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pyotp

from tests.support.deployments import Deployment
from tests.support.people import PASSWORD, VERIFIER, challenge

BACK = "http://127.0.0.1:9/back"  # nobody listens there: the answer is read from where she is sent


def token_of(page: httpx2.Response) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return {"csrf_token": found[1]}


def test_she_is_invited_enrols_signs_in_and_an_application_acts_in_her_name(
    mongodb_uri: str, database: str, tmp_path: Path
) -> None:
    deployment = Deployment.init(tmp_path, mongodb_uri=mongodb_uri, database=database)
    scopes = ("--scope", "user/Organization.rs")
    invited = deployment.hub(
        "person", "add", "r.desk", "--organization", "chu-atlas", "--role", "referral-desk", *scopes
    )
    deployment.hub(
        *("client", "add", "--organization", "chu-atlas", "--id", "phone", "--public", "--redirect", BACK, *scopes)
    )
    link = re.search(r"http://\S+/console/welcome/\S+", invited.out)
    assert link
    with deployment.serving(), httpx2.Client(base_url=deployment.base_url.removesuffix("/fhir")) as browser:
        page = browser.get(link[0])
        key = re.search(r"secret=([A-Z2-7]+)", page.text)
        assert key
        code = pyotp.TOTP(key[1])
        typed = {"password": PASSWORD, "again": PASSWORD, "code": code.now(), **token_of(page)}
        enrolled = browser.post(link[0], data=typed)
        recovery = re.findall(r'<li class="code">([^<]+)<', enrolled.text)
        assert len(recovery) == 10

        smart = browser.get("/fhir/.well-known/smart-configuration").json()
        asked = {
            "response_type": "code",
            "client_id": "phone",
            "redirect_uri": BACK,
            "state": "s",
            "scope": "user/Organization.rs online_access",
            "aud": deployment.base_url,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
        address = str(httpx2.URL(smart["authorization_endpoint"], params=asked))
        sign_in = {"name": "r.desk", "password": PASSWORD, "code": recovery[0], **token_of(browser.get(address))}
        assert browser.post(address, data=sign_in).status_code == 303
        answer = browser.post(address, data={"act": "permit", "purpose": "COC", **token_of(browser.get(address))})
        told = parse_qs(urlsplit(answer.headers["Location"]).query)
        form = {"grant_type": "authorization_code", "client_id": "phone", "redirect_uri": BACK}
        got = browser.post("/oauth/token", data={**form, "code": told["code"][0], "code_verifier": VERIFIER}).json()
        bearer = {"Authorization": f"Bearer {got['access_token']}"}
        assert browser.get("/fhir/Organization", headers=bearer).status_code == 200
        assert browser.get("/fhir/Task", headers=bearer).status_code == 403

        deployment.hub("person", "disable", "r.desk")  # in another process
        assert browser.get("/fhir/Organization", headers=bearer).status_code == 401
        assert browser.get("/console/").status_code == 303
    said = "".join(path.read_text("utf-8") for path in deployment.words.iterdir() if "person" not in path.name)
    for secret in (link[0].rpartition("/")[2], PASSWORD, recovery[0], got["access_token"], told["code"][0]):
        assert secret not in said
