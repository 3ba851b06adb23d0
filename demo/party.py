"""A party to the exchange as it looks from outside: an organisation with its own key, a token, and an ordinary FHIR client."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: dict[str, Any]
    etag: str = ""

    @property
    def total(self) -> int:
        return int(self.body["total"])

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in self.body.get("entry", ())]


class Party:
    """Signs in by SMART Backend Services (https://hl7.org/fhir/smart-app-launch/backend-services.html) and speaks FHIR."""

    def __init__(self, organization: str, client_id: str, key: ECKey, base_url: str, scope: str) -> None:
        self.organization, self.client_id, self.key, self.base_url, self.scope = (
            organization, client_id, key, base_url, scope,
        )  # fmt: skip
        self._http = httpx2.Client(timeout=30)
        self._token, self._token_ends = "", 0.0

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str | int) -> Answer:
        response = self._http.get(f"{self.base_url}/{path}", params=parameters, headers=self._headers())
        return self._answer(response)

    def all(self, type_: str, **parameters: str | int) -> list[dict[str, Any]]:
        """Every resource of a search, page by page."""
        answer = self.get(type_, **parameters)
        found = answer.resources
        while following := next((link["url"] for link in answer.body["link"] if link["relation"] == "next"), None):
            answer = self._answer(self._http.get(following, headers=self._headers()))
            found += answer.resources
        return found

    def patch(self, path: str, *steps: dict[str, Any]) -> Answer:
        """Read, then change what was read and nothing newer."""
        seen = self.get(path)
        if seen.status != 200:
            return seen
        headers = self._headers() | {"Content-Type": "application/json-patch+json", "If-Match": seen.etag}
        return self._answer(self._http.patch(f"{self.base_url}/{path}", json=list(steps), headers=headers))

    def _headers(self) -> dict[str, str]:
        if time.time() > self._token_ends - 30:
            self._sign_in()
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/fhir+json"}

    def _sign_in(self) -> None:
        endpoint = self._endpoint("token")
        form = {"grant_type": "client_credentials", "scope": self.scope, **self._proof(endpoint)}
        granted = self._http.post(endpoint, data=form).raise_for_status().json()
        self._token, self._token_ends = granted["access_token"], time.time() + granted["expires_in"]

    def _endpoint(self, name: str) -> str:
        discovered = self._http.get(f"{self.base_url}/.well-known/smart-configuration").raise_for_status().json()
        return str(discovered[f"{name}_endpoint"])

    def _proof(self, endpoint: str) -> dict[str, str]:
        """Who asks: signed for the token endpoint, wherever it is sent to."""
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": endpoint,
            "iat": now, "exp": now + 240, "jti": str(uuid.uuid4()),
        }  # fmt: skip
        header = {"alg": "ES384", "kid": self.key.kid, "typ": "JWT"}
        signed = jwt.encode(header, claims, self.key, algorithms=["ES384"])
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    @staticmethod
    def _answer(response: httpx2.Response) -> Answer:
        return Answer(response.status_code, response.json(), response.headers.get("ETag", ""))
