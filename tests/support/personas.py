"""Who takes part in the stories: organisations with a key of their own each, over real HTTP, telling all that they were told."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
from joserfc.jwk import ECKey

from demo.party import Party
from hub.fhir.canonicals import code_system, identifier_system
from hub.ports import Client
from hub.store import MongoRegistry, MongoStore

EVERYTHING: Final = "system/*.cruds"
Resource = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """One answer, kept as it came."""

    persona: str
    sent: str  # method, path and body of the request, for those who look for an echo
    response: httpx2.Response = field(repr=False)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def body(self) -> Any:
        return self.response.json()

    @property
    def etag(self) -> str:
        return self.response.headers.get("ETag", "")

    @property
    def total(self) -> int:
        return int(self.body["total"])

    @property
    def resources(self) -> list[Resource]:
        return [entry["resource"] for entry in self.body.get("entry", ())]

    @property
    def problem(self) -> str:
        """The stable code of the first issue of an OperationOutcome."""
        return str(self.body["issue"][0]["details"]["coding"][0]["code"])


class Persona(Party):
    """A party that can also ask for what it should not, and remembers every answer."""

    def __init__(self, organization: str, client_id: str, key: ECKey, base_url: str, scope: str) -> None:
        super().__init__(organization, client_id, key, base_url, scope)
        self.heard: list[Heard] = []

    @property
    def reference(self) -> str:
        return f"Organization/{self.organization}"

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Heard:
        """Any request at all. `path` may carry a query; a body that is text is sent as it is."""
        spelled = {"Content-Type": "application/fhir+json"} if body is not None else {}
        spelled = self._headers() | spelled | dict(headers or {})
        content = {"content": body} if isinstance(body, (str, bytes)) else {} if body is None else {"json": body}
        response = self._request(method, f"{self.base_url}/{path}", headers=spelled, **content)
        heard = Heard(self.organization, f"{method} {path} {body or ''}", response)
        self.heard.append(heard)
        return heard

    def _request(self, method: str, url: str, **more: Any) -> httpx2.Response:
        """A server closes the connection on which it refused a body without reading it: ask again on another."""
        try:
            return self._http.request(method, url, **more)
        except httpx2.RemoteProtocolError:
            return self._http.request(method, url, **more)

    def show_token(self) -> dict[str, str]:
        """The headers of a request, to be used elsewhere."""
        return self._headers()

    def give_back(self) -> httpx2.Response:
        """Revoke the token; the next request asks for a new one."""
        form = {"token": self._token, **self._proof(self._endpoint("token"))}
        self._token, self._token_ends = "", 0.0
        return self._http.post(self._endpoint("revocation"), data=form)

    def read(self, reference: str) -> Heard:
        return self.ask("GET", reference)

    def find(self, type_: str, **parameters: str) -> Heard:
        """Search by POST, where parameters stand in no URL."""
        form = str(httpx2.QueryParams(parameters))
        media = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", f"{type_}/_search", form, media)

    def create(self, resource: Resource) -> Heard:
        return self.ask("POST", resource["resourceType"], resource)

    def change(self, reference: str, etag: str = "", /, **elements: Any) -> Heard:
        """Set elements by JSON Patch: on the version just read, or on the one that `etag` names ("-": on none)."""
        etag = etag or self.read(reference).etag
        steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in elements.items()]
        headers = {"Content-Type": "application/json-patch+json"} | ({} if etag == "-" else {"If-Match": etag})
        return self.ask("PATCH", reference, steps, headers)

    def referrals(self, survivor_code: str) -> list[Resource]:
        """The referrals of the survivor who goes by this code in the register of this association."""
        code = f"{identifier_system('survivor-code')}|{survivor_code}"
        (survivor,) = self.find("Patient", identifier=code).resources
        return self.find("Task", patient=f"Patient/{survivor['id']}").resources


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


def reason(code: str) -> Resource:
    return concept("referral-status-reason", code) | {"text": "Said in the words of the one who decided."}


def outcome(code: str) -> list[Resource]:
    return [{"type": concept("task-output", "outcome"), "valueCodeableConcept": concept("referral-outcome", code)}]


def code_of(value: Resource | None) -> str:
    return str((value or {}).get("coding", [{}])[0].get("code", ""))


@contextmanager
def personas(
    mongodb_uri: str, database: str, base_url: str, *organizations: str, scope: str = EVERYTHING
) -> Iterator[dict[str, Persona]]:
    """Registered clients by organisation. Their scopes are as wide as can be: what they see is for consent alone to say."""
    with ExitStack() as stack:
        registry = MongoRegistry(stack.enter_context(MongoStore.open(mongodb_uri, database)))
        cast = {}
        for organization in organizations:
            key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
            client = Client(
                f"{organization}-system",
                organization,
                {"keys": [key.as_dict(private=False)]},
                frozenset({scope}),
                ("COC",),
            )
            registry.save_client(client)
            cast[organization] = Persona(organization, client.id, key, base_url, scope)
            stack.callback(cast[organization].close)
        yield cast


@contextmanager
def elsewhere(persona: Persona, base_url: str) -> Iterator[Persona]:
    """The same party, asking another server of the deployment."""
    other = Persona(persona.organization, persona.client_id, persona.key, base_url, persona.scope)
    try:
        yield other
    finally:
        other.close()
