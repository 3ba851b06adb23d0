"""The tracker of a DHIS2 as its door meets it: one event programme, events that are deleted softly, and import reports.

A deleted event keeps its id and refuses whoever would use it again. Where all or none is asked for, one wrong event keeps the others
out. A dry run counts nothing as created. What a report says in words is nobody's to read.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

WORDS: Final = "Something in words about Zineb El Fassi"
UID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")


@dataclass
class Event:
    said: dict[str, str]
    about: dict[str, str]
    deleted: bool = False

    def shown(self, id_: str) -> dict[str, Any]:
        values = [{"dataElement": element, "value": value} for element, value in self.said.items()]
        return {"event": id_, "deleted": self.deleted, "dataValues": values, "storedBy": "someone"}


@dataclass
class Tracker:
    """`options`: by the code of a data element, those of its option set; None: it has none."""

    options: dict[str, list[str] | None]
    program: str = "IHALA_EVENTS"
    stage: str = "IHALA_EVENT"
    unit: str = "MA-CAS"
    type: str = "WITHOUT_REGISTRATION"
    expiry: int = 0
    expired: bool = False
    events: dict[str, Event] = field(default_factory=dict)
    name: str = "events"
    stuck: bool = False

    def id(self, code: str) -> str:
        return f"id-{code}"

    def programs(self) -> list[dict[str, Any]]:
        elements = [{"dataElement": self._element(code)} for code in self.options]
        stage = {"code": self.stage, "id": self.id(self.stage), "programStageDataElements": elements}
        return [
            {
                "code": self.program,
                "id": self.id(self.program),
                "programType": self.type,
                "expiryDays": self.expiry,
                "programStages": [stage],
            }
        ]

    def _element(self, code: str) -> dict[str, Any]:
        known = self.options[code]
        sets = {} if known is None else {"optionSet": {"options": [{"code": one} for one in known]}}
        return {"code": code, "id": self.id(code)} | sets

    def live(self) -> list[dict[str, str]]:
        """What each event says, by code, in order."""
        by_id = {self.id(code): code for code in self.options}
        found = (event.said for event in self.events.values() if not event.deleted)
        return sorted((dict(sorted((by_id[one], value) for one, value in said.items())) for said in found), key=str)

    def listed(self, query: dict[str, str], page_size: int) -> dict[str, Any]:
        asked = {name: query[name] for name in ("program", "orgUnit")}
        first, last = query["occurredAfter"], query["occurredBefore"]
        found = [
            event.shown(id_)
            for id_, event in self.events.items()
            if asked == {name: event.about[name] for name in asked}
            and first <= event.about["occurredAt"] <= last
            and (query.get("includeDeleted") == "true" or not event.deleted)
        ]
        page, size = 1 if self.stuck else int(query["page"]), min(int(query["pageSize"]), page_size)
        return {"pager": {"page": page, "pageSize": size}, self.name: found[(page - 1) * size : page * size]}

    def imported(self, body: Any, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        deletes, trial = query["importStrategy"] == "DELETE", query.get("importMode") == "VALIDATE"
        wrong = {at: code for at, one in enumerate(body["events"]) if (code := self._wrong(one, query))}
        stats = dict.fromkeys(("created", "updated", "deleted", "ignored"), 0)
        taken = [] if wrong and query["atomicMode"] == "ALL" else list(enumerate(body["events"]))
        for at, one in taken:
            if at not in wrong and not trial:
                stats["deleted" if deletes else "updated" if one["event"] in self.events else "created"] += 1
                self._take(one, deletes=deletes)
        stats["ignored"] = len(body["events"]) - sum(stats.values())
        errors = [
            {"message": WORDS, "errorCode": code, "trackerType": "EVENT", "uid": body["events"][at]["event"]}
            for at, code in wrong.items()
        ]
        report = {"status": "ERROR" if errors else "OK", "validationReport": {"errorReports": errors}, "stats": stats}
        return (409 if errors else 200), report | {"bundleReport": {"typeReportMap": {}}}

    def _take(self, one: dict[str, Any], *, deletes: bool) -> None:
        if deletes:
            self.events[one["event"]].deleted = True
            return
        said = {value["dataElement"]: value["value"] for value in one["dataValues"]}
        about = {name: one[name] for name in ("program", "programStage", "orgUnit", "occurredAt", "status")}
        before = self.events.get(one["event"])
        self.events[one["event"]] = Event({**(before.said if before else {}), **said}, about)

    def _wrong(self, one: dict[str, Any], query: dict[str, str]) -> str | None:
        known = self.events.get(one["event"])
        if not UID.fullmatch(one["event"]):
            return "E1048"
        if known is not None and known.deleted:
            return "E1082"
        if self.expired:
            return "E1047"
        if query["importStrategy"] == "DELETE":
            return None if known else "E1032"
        if query["importStrategy"] == "CREATE" and known is not None:
            return "E1030"
        places = {
            "program": (self.program, "E1010"),
            "programStage": (self.stage, "E1013"),
            "orgUnit": (self.unit, "E1011"),
        }
        missing = (error for name, (code, error) in places.items() if one[name] != self.id(code))
        return next(missing, None) or next(filter(None, map(self._wrong_value, one["dataValues"])), None)

    def _wrong_value(self, value: dict[str, str]) -> str | None:
        by_id = {self.id(code): known for code, known in self.options.items()}
        if value["dataElement"] not in by_id:
            return "E1087"
        known = by_id[value["dataElement"]]
        return "E1125" if known is not None and value["value"] not in known else None
