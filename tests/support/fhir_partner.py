"""A FHIR R4 server of a partner that does not exist, on the replay server: as such servers page, refuse, version and delete.

`sdoh`: it keeps to SDOH Clinical Care 3.0.0, whose Tasks know no `received`, move by its edges, and are completed with an output.
"""

import base64
import copy
import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from adapters.replay import Answer, StandIn
from adapters.replay.stand_in import route

LARGEST = 50
EDGES = {
    "draft": {"requested"}, "requested": {"accepted", "rejected", "cancelled"},
    "accepted": {"in-progress", "on-hold", "cancelled", "completed", "failed"},
    "in-progress": {"on-hold", "completed", "failed", "cancelled"},
    "on-hold": {"in-progress", "cancelled", "completed", "failed"},
}  # fmt: skip
UNKNOWN_TO_SDOH = {"received", "ready"}


def outcome(status, code, told=""):
    issue = {"severity": "error", "code": code, "diagnostics": told}
    return Answer(status, {"resourceType": "OperationOutcome", "issue": [issue]})


class RefusedError(Exception):
    def __init__(self, answer):
        self.answer = answer


class Partner(StandIn):
    """`store`: what there is, by reference; `gone`: what was deleted, with when."""

    def __init__(self, token="a-token", *, sdoh=False, history=True, token_url=""):
        super().__init__()
        self.token, self.sdoh, self.history, self.tokens = token, sdoh, history, None
        self.store, self.gone, self.written = {}, {}, []
        self.closed = set()  # types that nobody may search for
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.numbers = itertools.count(1)

    # what a test does with it
    def tick(self, seconds=1):
        self.now += timedelta(seconds=seconds)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def put(self, resource, seconds=1):
        """Store as the next version."""
        key = f"{resource['resourceType']}/{resource['id']}"
        before = self.store.get(key, {}).get("meta", {}).get("versionId", "0")
        meta = {**resource.get("meta", {}), "versionId": str(int(before) + 1), "lastUpdated": self.tick(seconds)}
        self.store[key] = {**resource, "meta": meta}
        return self.store[key]

    def change(self, reference, **elements):
        return self.put({**copy.deepcopy(self.store[reference]), **elements})

    def delete(self, reference):
        del self.store[reference]
        self.gone[reference] = self.tick()

    def all(self, type_):
        return [one for key, one in self.store.items() if key.startswith(f"{type_}/")]

    # how it answers
    def refuse(self, asked):
        if asked.path in {"/fhir/metadata", "/token"}:
            return None
        said = asked.headers.get("authorization", "")
        right = {f"Bearer {self.token}", "Basic " + base64.b64encode(f"hub:{self.token}".encode()).decode()}
        return None if said in right else outcome(401, "login", "who are you?")

    def unknown(self, asked):
        return outcome(404, "not-found", asked.path)

    @route("POST", "/token")
    def sign_in(self, asked):
        self.tokens = {name: value[0] for name, value in parse_qs(asked.body.decode()).items()}
        return Answer(200, {"access_token": self.token, "token_type": "bearer", "expires_in": 300})

    @route("GET", "/fhir/metadata")
    def metadata(self, asked):
        return Answer(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    @route("GET", "/fhir/Task/_history")
    def deletions(self, asked):
        if not self.history:
            return outcome(405, "not-supported")
        since = (
            datetime.fromisoformat(asked.query["_since"])
            if "_since" in asked.query
            else datetime.min.replace(tzinfo=UTC)
        )
        entries = [
            {
                "fullUrl": f"{asked.url.split('/_history')[0]}/{key.split('/')[1]}",
                "request": {"method": "DELETE", "url": key},
                "response": {"status": "204", "lastModified": at},
            }
            for key, at in self.gone.items()
            if key.startswith("Task/") and datetime.fromisoformat(at) >= since
        ]
        return Answer(200, {"resourceType": "Bundle", "type": "history", "entry": entries})

    @route("GET", "/fhir/{type_}")
    def search(self, asked, type_):
        if type_ in self.closed:
            return outcome(403, "forbidden")
        found = sorted(self.all(type_), key=lambda one: (one["meta"]["lastUpdated"], one["id"]))
        for name, value in asked.query.items():
            found = [one for one in found if self._matches(one, name, value)]
        size, begin = min(int(asked.query.get("_count", 20)), LARGEST), int(asked.query.get("_offset", 0))
        page = found[begin : begin + size]
        entries = [{"resource": one, "search": {"mode": "match"}} for one in page]
        entries += [{"resource": one, "search": {"mode": "include"}} for one in self._included(page)]
        links = [{"relation": "self", "url": asked.url}]
        if found[begin + size :]:
            query = (
                "&".join(
                    f"{name}={value.replace('|', '%7C').replace('+', '%2B')}"
                    for name, value in {**asked.query, "_offset": begin + size}.items()
                    if isinstance(value, str)
                )
                + f"&_offset={begin + size}"
            )
            links.append({"relation": "next", "url": f"{asked.url}?{query}"})
        return Answer(200, {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})

    def _matches(self, one, name, value):
        if name == "_lastUpdated":
            return datetime.fromisoformat(one["meta"]["lastUpdated"]) >= datetime.fromisoformat(
                value.removeprefix("ge")
            )
        if name == "identifier":
            return any(f"{i.get('system')}|{i.get('value')}" == value for i in one.get("identifier", ()))
        if name == "owner":
            return one.get("owner", {}).get("reference") == value
        if name in {"focus", "patient"}:
            told = one.get({"focus": "focus", "patient": "for"}[name], {})
            return isinstance(told, dict) and told.get("reference") in value.split(",")
        return True

    def _included(self, page):
        """Once for each page, as servers do."""
        said = [one.get(at) for one in page for at in ("focus", "for") if one["resourceType"] == "Task"]
        wanted = {str(one.get("reference")) for one in said if isinstance(one, dict)}
        return [self.store[key] for key in sorted(wanted) if key in self.store]

    @route("GET", "/fhir/{type_}/{id_}")
    def read(self, asked, type_, id_):
        key = f"{type_}/{id_}"
        if key in self.gone:
            return outcome(410, "deleted")
        return Answer(200, self.store[key]) if key in self.store else outcome(404, "not-found", key)

    @route("PUT", "/fhir/{type_}/{id_}")
    def update(self, asked, type_, id_):
        try:
            return Answer(200, self._updated(f"{type_}/{id_}", asked.json(), asked.headers.get("if-match")))
        except RefusedError as refused:
            return refused.answer

    @route("POST", "/fhir")
    def transaction(self, asked):
        """All of it or nothing."""
        before = dict(self.store)
        try:
            entries = self._resolved(asked.json()["entry"])
            for entry in entries:
                self._done(entry)
        except RefusedError as refused:
            self.store = before
            return refused.answer
        return Answer(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": []})

    def _resolved(self, entries):
        """`urn:uuid` → where it will be, or is already."""
        text = json.dumps(entries)
        for entry in entries:
            if entry["request"]["method"] == "POST":
                there = self._there(entry)
                entry["at"] = there or f"{entry['resource']['resourceType']}/n{next(self.numbers)}"
                text = text.replace(entry["fullUrl"], entry["at"])
        return [{**new, "at": old.get("at")} for new, old in zip(json.loads(text), entries, strict=True)]

    def _there(self, entry):
        name, _, value = entry["request"]["ifNoneExist"].partition("=")
        type_ = entry["resource"]["resourceType"]
        return next((f"{type_}/{one['id']}" for one in self.all(type_) if self._matches(one, name, value)), None)

    def _done(self, entry):
        if entry["request"]["method"] == "PUT":
            self._updated(entry["request"]["url"], entry["resource"], entry["request"].get("ifMatch"))
        elif entry["at"] not in self.store:
            self._check(entry["resource"], None)
            self.put({**entry["resource"], "id": entry["at"].split("/")[1]})

    def _updated(self, key, resource, match):
        before = self.store.get(key)
        if before is None:
            raise RefusedError(outcome(404, "not-found"))
        if match != f'W/"{before["meta"]["versionId"]}"':
            raise RefusedError(outcome(412, "conflict", "another version"))
        self._check(resource, before)
        self.written.append((key, resource.get("status")))
        return self.put(resource)

    def _check(self, resource, before):
        if resource["resourceType"] != "Task" or not self.sdoh:
            return
        status, old = resource["status"], before and before["status"]
        if status in UNKNOWN_TO_SDOH or (old and status != old and status not in EDGES.get(old, ())):
            raise RefusedError(outcome(422, "business-rule", f"{old} to {status}"))
        if status == "completed" and not resource.get("output"):
            raise RefusedError(outcome(422, "required", "output"))


def referral(number, partner, *, status="requested", name="Nadia Fictive", service="medical", **task):
    """A Task with its request and patient, stored at the partner."""
    partner.put({
        "resourceType": "Patient", "id": f"p{number}", "identifier": [{"system": "urn:partner", "value": f"P-{number}"}],
        "name": [{"text": name}], "gender": "female", "birthDate": "2001-03", "telecom": [{"system": "phone", "value": "+212600112233"}],
    })  # fmt: skip
    coding = {"system": "https://ihala.example/fhir/CodeSystem/service-type", "code": service}
    partner.put({
        "resourceType": "ServiceRequest", "id": f"s{number}", "status": "active", "intent": "order", "subject": {"reference": f"Patient/p{number}"},
        "code": {"coding": [coding]}, "priority": "urgent", "supportingInfo": [{"reference": f"Consent/c{number}"}],
    })  # fmt: skip
    return partner.put({
        "resourceType": "Task", "id": f"t{number}", "status": status, "intent": "order", "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": f"ServiceRequest/s{number}"}, "for": {"reference": f"Patient/p{number}"}, "authoredOn": "2026-03-01T09:00:00Z",
        "requester": {"reference": "Organization/partner"}, "owner": {"reference": "Organization/example-association"}, **task,
    })  # fmt: skip


def consent(number, partner, **elements):
    actor = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/example-association"}}
    provision = {"type": "deny", "provision": [{"type": "permit", "actor": [actor]}]}
    return partner.put({
        "resourceType": "Consent", "id": f"c{number}", "status": "active", "patient": {"reference": f"Patient/p{number}"},
        "dateTime": "2026-03-01", "provision": provision, **elements,
    })  # fmt: skip


def host(url):
    return urlsplit(url).netloc
