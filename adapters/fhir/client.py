"""FHIR R4 over HTTP: one server, one credential, and every failure as what the runner must do about it.

https://hl7.org/fhir/R4/http.html. Neither a body nor what an OperationOutcome tells in words reaches a message: of an outcome
the code alone is told, since servers quote in `diagnostics` what they were sent.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2

from adapters.fhir.sign_in import bearer
from adapters.fhir.terms import LOOPBACK, Terms, terms
from hub.errors import Fatal, Retriable
from hub.ports import Connection

TIMEOUT: Final = 60.0
JSON: Final = "application/fhir+json"
CODE: Final = re.compile(r"[a-z]{1,12}(-[a-z]{1,12}){0,2}")
GONE: Final = frozenset({404, 410})
NO_SUCH_THING: Final = frozenset({400, 403, 404, 405, 501})

Resource = dict[str, Any]


class Server:
    """One FHIR base address."""

    def __init__(self, http: httpx2.Client, terms: Terms) -> None:
        self._http = http
        self.terms = terms

    def pages(self, path: str, parameters: list[tuple[str, str]]) -> Iterator[list[Resource]]:
        """Entries of the pages of a search or a history, by the links that the server gives."""
        url: str | None = str(httpx2.URL(f"{self.terms.url}/{path}", params=parameters))
        seen: set[str] = set()
        while url is not None:
            if url in seen:
                raise Retriable("adapters.fhir-not-understood")
            seen.add(url)
            bundle = _bundle(self._request("GET", url))
            yield _entries(bundle)
            url = self._following(url, bundle)

    def supports(self, path: str) -> bool:
        """Whether the server knows this at all."""
        return self._send("GET", f"{self.terms.url}/{path}").status_code not in NO_SUCH_THING

    def find(self, reference: str) -> Resource | None:
        """What a reference leads to; None where it is gone, or lies elsewhere."""
        reference = reference.removeprefix(f"{self.terms.url}/")
        if not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", reference):
            return None
        answer = self._send("GET", f"{self.terms.url}/{reference}")
        if answer.status_code in GONE:
            return None
        _refuse(answer)
        return _resource(answer)

    def identified(self, type_: str, number: str) -> Resource | None:
        """The resource that carries a referral's number."""
        for entries in self.pages(type_, [("identifier", f"{self.terms.system}|{number}")]):
            for one in entries:
                found = one.get("resource")
                if isinstance(found, dict) and found.get("resourceType") == type_:
                    return found
        return None

    def update(self, resource: Resource) -> bool:
        """False where somebody else has changed it meanwhile."""
        headers = {"If-Match": version_tag(resource)} if version(resource) else {}
        url = f"{self.terms.url}/{resource['resourceType']}/{resource['id']}"
        answer = self._send("PUT", url, body=resource, headers=headers)
        if answer.status_code in {409, 412}:
            return False
        _refuse(answer)
        return True

    def transact(self, entries: list[Resource]) -> None:
        """All of it or nothing."""
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = self._send("POST", self.terms.url, body=body)
        if answer.status_code in {409, 412}:
            raise Retriable("adapters.fhir-changed-meanwhile")
        _refuse(answer)

    def look(self) -> Resource:
        return self._request("GET", f"{self.terms.url}/metadata")

    def _following(self, at: str, bundle: Resource) -> str | None:
        """Where `next` points. The credential goes to the configured server only, whatever an answer says."""
        links = [one for one in bundle.get("link") or () if isinstance(one, dict) and one.get("relation") == "next"]
        if not links:
            return None
        url = urljoin(at, str(links[0].get("url") or ""))
        ours, theirs = urlsplit(self.terms.url), urlsplit(url)
        if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()):
            raise Fatal("adapters.fhir-other-host")
        return url

    def _request(self, method: str, url: str) -> Resource:
        answer = self._send(method, url)
        _refuse(answer)
        return _resource(answer)

    def _send(
        self, method: str, url: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        sent = {**(headers or {}), **({"Content-Type": JSON} if body is not None else {})}
        try:
            return self._http.request(method, url, json=body, headers=sent)
        except httpx2.TimeoutException:
            raise Retriable("adapters.fhir-slow") from None
        except (httpx2.HTTPError, httpx2.InvalidURL):
            raise Retriable("adapters.fhir-unreachable") from None


@contextmanager
def opened(connection: Connection) -> Iterator[Server]:
    """The client of a connection. Raises Fatal for settings that cannot work or would send a secret in the clear."""
    found = terms(connection)
    credential = connection.secret("credential")
    basic = httpx2.BasicAuth(found.user, credential) if found.auth == "basic" else None
    near = urlsplit(found.url).hostname in LOOPBACK
    headers = {"Accept": JSON}
    with httpx2.Client(
        headers=headers, auth=basic, timeout=TIMEOUT, follow_redirects=False, trust_env=not near
    ) as http:
        if found.auth == "bearer":
            http.headers["Authorization"] = f"Bearer {credential}"
        if found.auth == "smart":
            http.headers["Authorization"] = f"Bearer {bearer(found, credential, http)}"
        yield Server(http, found)


def version(resource: Resource) -> str:
    meta = resource.get("meta")
    return str(meta.get("versionId") or "") if isinstance(meta, dict) else ""


def version_tag(resource: Resource) -> str:
    """https://hl7.org/fhir/R4/http.html#concurrency"""
    return f'W/"{version(resource)}"'


def _resource(answer: httpx2.Response) -> Resource:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        raise Retriable("adapters.fhir-not-understood") from None
    if not isinstance(told, dict) or not isinstance(told.get("resourceType"), str):
        raise Retriable("adapters.fhir-not-understood")
    return told


def _bundle(resource: Resource) -> Resource:
    if resource["resourceType"] != "Bundle":
        raise Retriable("adapters.fhir-not-understood")
    return resource


def _entries(bundle: Resource) -> list[Resource]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Retriable("adapters.fhir-not-understood")
    return entries


def _refuse(answer: httpx2.Response) -> None:
    status = answer.status_code
    if status in {401, 403}:
        raise Fatal("adapters.fhir-credentials")
    if status == 429:
        raise Retriable("adapters.fhir-busy", after=_seconds(answer.headers.get("Retry-After")))
    if status >= 500:
        raise Retriable("adapters.fhir-down", after=_seconds(answer.headers.get("Retry-After")), status=str(status))
    if 300 <= status < 400:
        raise Fatal("adapters.fhir-redirect")
    if status >= 400:
        raise Fatal("adapters.fhir-refused", status=str(status), code=_code(answer))


def _code(answer: httpx2.Response) -> str:
    """The code of the first issue of an OperationOutcome (http://hl7.org/fhir/issue-type), where it is a code."""
    try:
        code = str(answer.json()["issue"][0]["code"])
    except (ValueError, RecursionError, KeyError, IndexError, TypeError):
        return "-"
    return code if CODE.fullmatch(code) else "-"


def _seconds(header: str | None) -> float | None:
    """`Retry-After`, in seconds or as a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
