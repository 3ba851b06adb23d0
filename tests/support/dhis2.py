"""DHIS2 as its door meets it: lists of codes in pages, data value sets, import summaries, conflicts and what is passed over.

A conflict keeps its own value out and lets the others in, with 409, as the tool does; values of a locked period stay as they are.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.replay import Answer, Asked, StandIn, route
from tests.support.dhis2_tracker import Tracker

LISTS: Final = ("dataElements", "categoryOptionCombos", "organisationUnits", "dataSets", "programs")
Cell = tuple[str, str]


@dataclass
class Summary:
    imported: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("imported", "updated", "ignored", "deleted")}
        status = "WARNING" if self.conflicts else "SUCCESS"
        told = {"conflicts": self.conflicts} if self.conflicts else {}
        return {
            "responseType": "ImportSummary",
            "status": status,
            "importCount": counts,
            "dataSetComplete": "false",
        } | told


class Dhis2StandIn(StandIn):
    """`values`: by organisation unit and period, what each cell holds. `wraps`: whether a summary stands in `response`."""

    def __init__(self, token: str, elements: list[str], options: list[str]) -> None:
        super().__init__()
        self.token = token
        self.elements: dict[str, dict[str, Any]] = {
            code: {"code": code, "id": f"de{at}", "zeroIsSignificant": True} for at, code in enumerate(elements)
        }
        self.options = options
        self.units = ["MA-CAS"]
        self.sets = {"IHALA_MONTHLY": "Monthly"}
        self.values: dict[tuple[str, str], dict[Cell, str]] = {}
        self.completed: list[tuple[str, str, str]] = []
        self.may_complete = True
        self.locked: set[str] = set()
        self.wraps = True
        self.page = 7
        self.tracker = Tracker({})

    def refuse(self, asked: Asked) -> Answer | None:
        if asked.headers.get("authorization") == f"ApiToken {self.token}":
            return None
        return Answer(401, {"httpStatus": "Unauthorized", "httpStatusCode": 401, "status": "ERROR", "message": "no"})

    @route("GET", "/api/{list_}")
    def listed(self, asked: Asked, list_: str) -> Answer:
        if list_ not in LISTS:
            return self.unknown(asked)
        kept = asked.query["filter"].removeprefix("code:in:[").removesuffix("]").split(",")
        found = [one for one in self._all(list_) if one["code"] in kept]
        size, page = min(int(asked.query.get("pageSize", 50)), self.page), int(asked.query.get("page", 1))
        pager = {"page": page, "pageCount": -(-len(found) // size), "total": len(found), "pageSize": size}
        names = re.sub(r"\[.*\]", "", asked.query["fields"]).split(",")
        shown = found[(page - 1) * size : page * size]
        return Answer(200, {"pager": pager, list_: [{n: one[n] for n in names if n in one} for one in shown]})

    def _all(self, list_: str) -> list[dict[str, Any]]:
        if list_ == "dataElements":
            return list(self.elements.values())
        if list_ == "dataSets":
            return [{"code": code, "periodType": type_} for code, type_ in self.sets.items()]
        if list_ == "programs":
            return self.tracker.programs()
        listed = self.options if list_ == "categoryOptionCombos" else self.units
        return [{"code": code, "id": f"id-{code}"} for code in listed]

    @route("GET", "/api/tracker/events")
    def events(self, asked: Asked) -> Answer:
        return Answer(200, self.tracker.listed(dict(asked.query), self.page))

    @route("POST", "/api/tracker")
    def tracked(self, asked: Asked) -> Answer:
        return Answer(*self.tracker.imported(asked.json(), dict(asked.query)))

    @route("POST", "/api/dataValueSets")
    def imported(self, asked: Asked) -> Answer:
        body, summary = asked.json(), Summary()
        held = self.values.get((body["orgUnit"], body["period"]), {}).copy()
        for at, one in enumerate(body["dataValues"]):
            self._take(at, one, body, held, asked.query, summary)
        if asked.query.get("dryRun") != "true":
            self.values[body["orgUnit"], body["period"]] = held
        return self._answer(summary)

    @route("POST", "/api/completeDataSetRegistrations")
    def registered(self, asked: Asked) -> Answer:
        summary = Summary()
        for one in asked.json()["completeDataSetRegistrations"]:
            by_code = {asked.query.get("dataSetIdScheme"), asked.query.get("orgUnitIdScheme")} == {"CODE"}
            if not self.may_complete or not by_code or one["dataSet"] not in self.sets:
                summary.conflicts.append({"object": one["dataSet"], "value": "Something about Zineb El Fassi"})
                summary.ignored += 1
                continue
            cell = one["dataSet"], one["organisationUnit"], one["period"]
            known = cell in self.completed
            summary.updated, summary.imported = summary.updated + known, summary.imported + (not known)
            if asked.query.get("dryRun") != "true" and not known:
                self.completed.append(cell)
        return self._answer(summary)

    def _answer(self, summary: Summary) -> Answer:
        status = 409 if summary.conflicts else 200
        if not self.wraps:
            return Answer(status, summary.described())
        word = "Conflict" if summary.conflicts else "OK"
        return Answer(status, {"httpStatus": word, "httpStatusCode": status, "response": summary.described()})

    def _take(
        self, at: int, one: dict[str, str], body: Any, held: dict[Cell, str], query: Any, summary: Summary
    ) -> None:
        cell = one["dataElement"], one.get("categoryOptionCombo", "")
        if wrong := self._wrong(one, body, query):
            summary.conflicts.append(
                {"object": one["dataElement"], "value": "Something in words about Zineb El Fassi", "indexes": [at]}
                | wrong
            )
            summary.ignored += 1
        elif query["importStrategy"] == "DELETE":
            gone = held.pop(cell, None) is not None
            summary.deleted, summary.ignored = summary.deleted + gone, summary.ignored + (not gone)
        elif one["value"] == "0" and not self.elements[one["dataElement"]]["zeroIsSignificant"]:
            summary.ignored += 1
        else:
            known = cell in held
            summary.updated, summary.imported = summary.updated + known, summary.imported + (not known)
            held[cell] = one["value"]

    def _wrong(self, one: dict[str, str], body: Any, query: Any) -> dict[str, str] | None:
        by_code = query.get("idScheme") == "CODE"
        if not by_code or one["dataElement"] not in self.elements:
            return {"errorCode": "E7610", "property": "dataElement"}
        if one.get("categoryOptionCombo", self.options[0]) not in self.options:
            return {"errorCode": "E7612", "property": "categoryOptionCombo"}
        if body["period"] in self.locked:
            return {"errorCode": "E7643", "property": "period"}
        return None
