"""A server that behaves as CommCare HQ does for one project space, and invented cases in it.

Case API, version 2 (https://github.com/dimagi/commcare-hq/blob/master/docs/api/cases-v2.rst): ApiKey, `indexed_on.gte`, pages by
cursor with at most 5,000 cases, `bulk-fetch`, `PUT` by id and by external id. All values are text.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from adapters.commcare import adapter
from adapters.replay import Answer, Asked, StandIn, not_found, route
from hub.ports import Connection
from tests.support.patience import PATIENCE_S

DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 5000
BEGIN: Final = datetime(2026, 3, 1, 9, tzinfo=UTC)
USER: Final = "connection@anwar.example"
KEY: Final = "a-key"

Case = dict[str, Any]


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class ProjectSpace(StandIn):
    """The cases of one domain. Each change is indexed a minute after the one before."""

    def __init__(self, domain: str = "anwar", key: str = KEY) -> None:
        super().__init__()
        self.domain = domain
        self.key = key
        self.cases: dict[str, Case] = {}
        self.applications: list[dict[str, Any]] = []
        self._now = BEGIN

    def refuse(self, asked: Asked) -> Answer | None:
        if asked.headers.get("authorization") == f"ApiKey {USER}:{self.key}":
            return None
        return Answer(401, {"error": "Invalid credentials"}, {"WWW-Authenticate": 'Basic realm="commcarehq.org"'})

    # what a worker does
    def save(self, id_: str, properties: dict[str, Any] | None = None, **about: Any) -> Case:
        """A case as a form leaves it: made where there is none yet, else changed."""
        with self.lock:
            self._now += timedelta(minutes=1)
            at = moment(self._now)
            new = {
                "domain": self.domain,
                "case_id": id_,
                "case_type": "",
                "case_name": "",
                "external_id": None,
                "indices": {},
            }
            new |= {"owner_id": "a-worker", "date_opened": at, "closed": False, "date_closed": None, "properties": {}}
            one = self.cases.setdefault(id_, new)
            one |= about | {"last_modified": at, "server_last_modified": at, "indexed_on": at}
            one["properties"] = {**one["properties"], **(properties or {})}
            return one

    def close(self, id_: str) -> Case:
        return self.save(id_, closed=True, date_closed=moment(self._now))

    def delete(self, id_: str) -> None:
        """No answer has it any more."""
        with self.lock:
            del self.cases[id_]

    def forwarded(self, id_: str) -> Case:
        """The same case as data forwarding sends it: its name and type stand among its properties."""
        one = deepcopy(self.cases[id_])
        inner = {name: one[name] or "" for name in ("case_name", "case_type", "date_opened", "owner_id", "external_id")}
        return {
            "case_id": id_, "closed": one["closed"], "date_closed": one["date_closed"], "date_modified": one["last_modified"],
            "domain": one["domain"], "indices": one["indices"], "properties": {**one["properties"], **inner},
            "server_date_modified": one["server_last_modified"], "user_id": "a-worker", "version": "2.0",
            "xform_ids": [f"form-of-{id_}"],
        }  # fmt: skip

    # the case API
    @route("GET", "/a/{domain}/api/case/v2/")
    def page(self, asked: Asked, domain: str) -> Answer:
        if domain != self.domain:
            return not_found()
        query = dict(asked.query)
        if "cursor" in query:
            query = dict(parse_qsl(base64.urlsafe_b64decode(query["cursor"]).decode()))
        if not query.get("limit", "20").isdigit() or int(query.get("limit", DEFAULT_PAGE)) > LARGEST_PAGE:
            return Answer(400, {"error": f"You cannot request more than {LARGEST_PAGE} cases per request."})
        limit, after = (
            int(query.get("limit", DEFAULT_PAGE)),
            (query.get("indexed_on.gte", ""), query.get("last_case_id", "")),
        )
        with self.lock:
            chosen = sorted((one for one in self.cases.values() if self._wanted(one, query)), key=_place)
            chosen = deepcopy([one for one in chosen if not after[1] or _place(one) > after])
        names = query["fields"].split(",") if "fields" in query else None
        shown = [{n: one[n] for n in names or one} for one in chosen[:limit]]
        answer = {"matching_records": len(chosen), "cases": shown}
        if len(chosen) > limit:
            last = chosen[limit - 1]
            at = {**query, "indexed_on.gte": last["indexed_on"], "last_case_id": last["case_id"]}
            cursor = base64.urlsafe_b64encode(urlencode(at).encode()).decode()
            answer["next"] = f"{asked.url}?{urlencode({'cursor': cursor})}"
        return Answer(200, answer)

    def _wanted(self, one: Case, query: dict[str, str]) -> bool:
        same = all(one[name] == query[name] for name in ("case_type", "external_id", "owner_id") if name in query)
        return same and one["indexed_on"] >= query.get("indexed_on.gte", "")

    @route("GET", "/a/{domain}/api/application/v1/")
    def structure(self, asked: Asked, domain: str) -> Answer:
        """Two applications in a page, however many are asked for."""
        if domain != self.domain:
            return not_found()
        start = int(asked.query.get("offset", 0))
        more = f"?limit=2&offset={start + 2}" if start + 2 < len(self.applications) else None
        meta = {"limit": 2, "next": more, "offset": start, "previous": None, "total_count": len(self.applications)}
        return Answer(200, {"meta": meta, "objects": deepcopy(self.applications[start : start + 2])})

    @route("POST", "/a/{domain}/api/case/v2/bulk-fetch/")
    def fetch(self, asked: Asked, domain: str) -> Answer:
        if domain != self.domain:
            return not_found()
        ids = asked.json().get("case_ids", [])
        found = [
            deepcopy(self.cases[id_]) if id_ in self.cases else {"case_id": id_, "error": "not found"} for id_ in ids
        ]
        missing = sum("error" in one for one in found)
        return Answer(200, {"matching_records": len(ids) - missing, "missing_records": missing, "cases": found})

    @route("PUT", "/a/{domain}/api/case/v2/ext/{external_id}/")
    def upsert(self, asked: Asked, domain: str, external_id: str) -> Answer:
        said = asked.json()
        known = [id_ for id_, one in self.cases.items() if one["external_id"] == external_id]
        if domain != self.domain:
            return not_found()
        if not known and not {"case_type", "case_name", "owner_id"} <= said.keys():
            return Answer(400, {"error": "case_type, case_name and owner_id are required to make a case"})
        return self._write(known[0] if known else f"made-{external_id}", {**said, "external_id": external_id})

    @route("POST", "/a/{domain}/api/case/v2/")
    def several(self, asked: Asked, domain: str) -> Answer:
        """All or none of them. They are looked up where they are stored, not in the index of the lists."""
        if domain != self.domain:
            return not_found()
        known = {one["external_id"]: id_ for id_, one in self.cases.items()}
        for number, one in enumerate(said := asked.json(), 1):
            if "create" not in one:
                return Answer(400, {"error": f"Error in row {number}: A 'create' flag is required for each update."})
            if one["external_id"] not in known:
                return Answer(400, {"error": f"Could not find a case with external_id '{one['external_id']}'"})
        for one in said:
            given = {name: value for name, value in one.items() if name != "create"}
            answer = self._write(known[one["external_id"]], given)
        return answer

    @route("PUT", "/a/{domain}/api/case/v2/{id_}")
    def update(self, asked: Asked, domain: str, id_: str) -> Answer:
        if domain != self.domain or id_ not in self.cases:
            return Answer(404 if domain != self.domain else 400, {"error": f"No case found with ID '{id_}'"})
        return self._write(id_, asked.json())

    def _write(self, id_: str, said: Case) -> Answer:
        properties = said.pop("properties", {})
        if said.pop("close", False):
            said |= {"closed": True, "date_closed": moment(self._now)}
        if not all(isinstance(value, str) for value in properties.values()):
            return Answer(400, {"error": "Error with case properties: values must be strings"})
        return Answer(
            200,
            {"xform_id": f"form-{len(self.asked)}", "case": json.loads(json.dumps(self.save(id_, properties, **said)))},
        )


def _place(one: Case) -> tuple[str, str]:
    return one["indexed_on"], one["case_id"]


SURVIVOR: Final = {
    "survivor_code": "ANW-{number:04}", "full_name": "Nom inventé {number}", "phone": "06611122{number:02}", "safe_to_call": "no",
    "age": "24", "age_estimated": "", "province": "casablanca", "marital_status": "mariee", "language": "darija",
    "violence_types": "physical psychological", "incident_date": "2026-02-27", "incident_place": "domicile_conjugal",
    "perpetrator_relation": "conjoint", "perpetrator_age_group": "26_40", "services_requested": "",
}  # fmt: skip
REFERRAL: Final = {
    "service": "medical", "referred_to": "chu-atlas", "urgency": "24h", "consent": "yes", "consent_date": "2026-03-01",
}  # fmt: skip


def survivor(space: ProjectSpace, number: int, **properties: str) -> Case:
    said = {name: value.format(number=number) for name, value in SURVIVOR.items()}
    name = f"Nom inventé {number}"
    return space.save(f"survivor-{number}", said | properties, case_type="survivor", case_name=name)


def referral(space: ProjectSpace, number: int, of: int, **properties: str) -> Case:
    index = {"parent": {"case_id": f"survivor-{of}", "case_type": "survivor", "relationship": "child"}}
    return space.save(
        f"referral-{number}", REFERRAL | properties, case_type="referral", case_name="Orientation", indices=index
    )


def populated(women: int = 8) -> ProjectSpace:
    """So many survivors, each with one referral."""
    space = ProjectSpace()
    for number in range(1, women + 1):
        survivor(space, number)
        referral(space, number, number)
    return space


@contextmanager
def listening(connection: Connection) -> Iterator[str]:
    """`hub listen` in a thread; gives its address."""
    told: list[Any] = []
    at = threading.Event()

    def ready(*said: Any) -> None:
        told.extend(said)
        at.set()

    thread = threading.Thread(target=adapter.listen, args=(connection, ready), daemon=True)
    thread.start()
    assert at.wait(PATIENCE_S)
    address, stop = told
    yield f"http://{address}/"
    stop()
    thread.join(PATIENCE_S)
