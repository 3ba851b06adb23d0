"""FHIR R4 over HTTP: one server. https://hl7.org/fhir/R4/http.html

What an OperationOutcome tells in words never reaches a message: of an outcome the code alone is told, since servers quote in
`diagnostics` what they were sent.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

from adapters import http_client
from adapters.fhir.sign_in import bearer
from adapters.fhir.terms import PROBLEMS, Terms, terms
from adapters.http_client import Answer, Http
from hub.ports import Connection

JSON: Final = "application/fhir+json"
CODE: Final = re.compile(r"[a-z]{1,12}(-[a-z]{1,12}){0,2}")
GONE: Final = frozenset({404, 410})
CHANGED: Final = frozenset({409, 412})
NO_SUCH_THING: Final = frozenset({400, 403, 404, 405, 501})

Resource = dict[str, Any]


class Server:
    """One FHIR base address."""

    def __init__(self, http: Http, terms: Terms) -> None:
        self._http = http
        self.terms = terms

    def pages(
        self, path: str, parameters: list[tuple[str, str]], *, also: Collection[int] = ()
    ) -> Iterator[list[Resource]]:
        """Entries of the pages of a search or a history, by the links that the server gives; none after a status in `also`."""
        url: str | None = f"{self.terms.url}/{path}?{urlencode(parameters)}"
        seen: set[str] = set()
        while url is not None:
            if url in seen:
                raise PROBLEMS.not_understood
            seen.add(url)
            answer = self._send("GET", url, also=also)
            if answer.status in also:
                return
            bundle = _bundle(self._resource(answer))
            yield _entries(bundle)
            url = self._following(url, bundle)

    def supports(self, path: str) -> bool:
        """Whether the server knows this at all."""
        return self._send("GET", f"{self.terms.url}/{path}", also=NO_SUCH_THING).status not in NO_SUCH_THING

    def find(self, reference: str) -> Resource | None:
        """What a reference leads to; None where it is gone, or lies elsewhere."""
        reference = reference.removeprefix(f"{self.terms.url}/")
        if not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", reference):
            return None
        answer = self._send("GET", f"{self.terms.url}/{reference}", also=GONE)
        return None if answer.status in GONE else self._resource(answer)

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
        return self._send("PUT", url, body=resource, headers=headers, also=CHANGED).status not in CHANGED

    def transact(self, entries: list[Resource]) -> None:
        """All of it or nothing."""
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        if self._send("POST", self.terms.url, body=body, also=CHANGED).status in CHANGED:
            raise PROBLEMS.later("changed-meanwhile")

    def look(self) -> Resource:
        return self._request("GET", f"{self.terms.url}/metadata")

    def _following(self, at: str, bundle: Resource) -> str | None:
        """Where `next` points. The credential goes to the configured server only, whatever an answer says."""
        told = bundle.get("link")
        listed = told if isinstance(told, list) else []
        links = [one for one in listed if isinstance(one, dict) and one.get("relation") == "next"]
        if not links:
            return None
        try:
            url = urljoin(at, str(links[0].get("url") or ""))
            ours, theirs = urlsplit(self.terms.url), urlsplit(url)
        except ValueError:
            raise PROBLEMS.not_understood from None
        if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()):
            raise PROBLEMS.fatal("other-host")
        return url

    def _request(self, method: str, url: str) -> Resource:
        return self._resource(self._send(method, url))

    def _resource(self, answer: Answer) -> Resource:
        told = self._http.table(answer)
        if not isinstance(told.get("resourceType"), str):
            raise PROBLEMS.not_understood
        return told

    def _send(
        self, method: str, url: str, *, body: object = None, headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
    ) -> Answer:  # fmt: skip
        sent = {**(headers or {}), **({"Content-Type": JSON} if body is not None else {})}
        return self._http.ask(method, url, body=body, headers=sent, also=also)


@contextmanager
def opened(connection: Connection) -> Iterator[Server]:
    """The client of a connection. Raises Fatal for settings that cannot work or would send a secret in the clear."""
    found, credential = terms(connection), connection.secret("credential")
    told = replace(PROBLEMS, more=_code)
    basic = (found.user, credential) if found.auth == "basic" else None
    token = f"Bearer {credential}" if found.auth == "bearer" else ""
    with http_client.opened(found.url, told, authorization=token, basic=basic, accept=JSON) as http:
        if found.auth == "smart":
            http.authorize(f"Bearer {bearer(found, credential, http)}")
        yield Server(http, found)


def version(resource: Resource) -> str:
    meta = resource.get("meta")
    return str(meta.get("versionId") or "") if isinstance(meta, dict) else ""


def version_tag(resource: Resource) -> str:
    """https://hl7.org/fhir/R4/http.html#concurrency"""
    return f'W/"{version(resource)}"'


def _bundle(resource: Resource) -> Resource:
    if resource["resourceType"] != "Bundle":
        raise PROBLEMS.not_understood
    return resource


def _entries(bundle: Resource) -> list[Resource]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise PROBLEMS.not_understood
    return entries


def _code(answer: Answer) -> Mapping[str, str]:
    """The code of the first issue of an OperationOutcome (http://hl7.org/fhir/issue-type), where it is a code."""
    try:
        code = str(json.loads(answer.body)["issue"][0]["code"])
    except (ValueError, RecursionError, KeyError, IndexError, TypeError):
        code = ""
    return {"code": code if CODE.fullmatch(code) else "-"}
