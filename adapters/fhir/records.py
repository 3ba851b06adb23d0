"""From a Task, its request, its patient and their consent to a record: what the layout asks for and nothing else.

A referral goes by the Task's id, which stays through every edit. Its version is what it says, without what goes back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from adapters.fhir.client import Resource, Server
from adapters.fhir.consents import permits
from adapters.fhir.paths import Path, paths, read
from hub.fhir.issues import Issue
from hub.ports import Layout, Place, SourceRecord

REFERRAL: Final = "referral"
ANSWER: Final = "answer"
STATE: Final = "state"
"""The column that says whether the referral stands or was taken back; the Task's own status is also written from here."""
STANDING: Final = frozenset({"status", "statusReason", "businessStatus", "output", "lastModified"})
"""Elements of a Task that say how it stands."""
BROKEN: Final = "\ufffd"


@dataclass(frozen=True)
class Records:
    """Makes records for one connection. `sends`: whether Tasks that came from here are looked for."""

    server: Server
    columns: Mapping[str, tuple[Path, ...]]
    headers: Mapping[str, str]
    sends: bool

    @classmethod
    def of(cls, layout: Layout, server: Server, *, sends: bool) -> "Records":
        told = {name: headers for name, headers in layout.columns.items() if name not in layout.follow_up}
        found = paths(told)
        return cls(server, found, {name: told[name][0] for name in found}, sends)

    def record(self, task: Resource, near: dict[str, Resource]) -> SourceRecord | None:
        """`near`: what came with it, by reference. None for a Task that is no referral, or none yet."""
        if task.get("status") == "draft" or not _leads_to(task, "focus", "ServiceRequest"):
            return None
        number = self._sent_as(task, near)
        if number:
            return self._made(ANSWER, number, task, {"Task": task}, ())
        if self._is_filed_here(task):
            return None
        parts: dict[str, Resource] = {"Task": task}
        issues: list[Issue] = []
        for element, type_ in (("focus", "ServiceRequest"), ("for", "Patient")):
            found = self._found(_reference(task, element), near)
            if found is not None and found.get("resourceType") == type_:
                parts[type_] = found
            elif not task.get("input"):  # a notice says of itself what may be known before it is accepted
                issues.append(Issue("error", "not-found", "adapters.fhir-gone", params={"type": type_}))
        parts |= self._consent(parts, near)
        return self._made(REFERRAL, str(task["id"]), task, parts, tuple(issues))

    def _is_filed_here(self, task: Resource) -> bool:
        """At another hub: sent by whom this connection files for."""
        terms = self.server.terms
        return self.sends and terms.hub and _reference(task, "requester") == terms.requester

    def _sent_as(self, task: Resource, near: dict[str, Resource]) -> str:
        """The number that the hub gave it when it sent it here; none where it does not send here. At another hub the survivor
        goes by it, in the referrals that are filed for her."""
        numbered: Resource | None = task if self.sends else None
        if self.server.terms.hub:
            numbered = self._found(_reference(task, "for"), near) if self._is_filed_here(task) else None
        told = numbered.get("identifier") if numbered else None
        for one in told if isinstance(told, list) else ():
            if isinstance(one, dict) and one.get("system") == self.server.terms.system:
                return str(one.get("value") or "")
        return ""

    def _found(self, reference: str, near: dict[str, Resource]) -> Resource | None:
        """What had to be asked for is near from now on."""
        name = reference.removeprefix(f"{self.server.terms.url}/")
        if name not in near and (found := self.server.find(reference)):
            near[name] = found
        return near.get(name)

    def _consent(self, parts: Mapping[str, Resource], near: dict[str, Resource]) -> dict[str, Resource]:
        """The consent that the request names, where it permits that the Task's owner is told, and nothing less than that."""
        told = parts.get("ServiceRequest", {}).get("supportingInfo")
        for one in told if isinstance(told, list) else ():
            reference = str(one.get("reference") or "") if isinstance(one, dict) else ""
            if reference.rpartition("/")[0].endswith("Consent"):
                found = self._found(reference, near)
                if found is not None and permits(found, parts["Task"]):
                    return {"Consent": found}
        return {}

    def _made(
        self, kind: str, id_: str, task: Resource, parts: Mapping[str, Resource], issues: tuple[Issue, ...]
    ) -> SourceRecord:
        content: dict[str, Any] = {} if issues else self._content(parts, whole=kind == REFERRAL)
        broken = [
            Issue("error", "value", "adapters.fhir-text-broken", column=self.headers.get(name, name))
            for name, text in content.items()
            if BROKEN in text
        ]
        if kind == REFERRAL:
            content[STATE] = "cancelled" if task.get("status") == "cancelled" else "requested"
        told = orjson.dumps([content, [issue.text for issue in issues]], option=orjson.OPT_SORT_KEYS)
        return SourceRecord(
            kind=kind,
            id=id_,
            version=hashlib.sha256(told).hexdigest(),
            content=content,
            place=Place(record=f"Task/{task['id']}"),
            handle={"task": str(task["id"]), **({"referral": id_} if kind == ANSWER else {})},
            headers=self.headers,
            issues=(*issues, *broken),
        )

    def _content(self, parts: Mapping[str, Resource], *, whole: bool) -> dict[str, Any]:
        """Of an answer how it stands, the rest is as it was sent; of a referral the rest, how it stands is written from here."""
        content: dict[str, Any] = {}
        for name, ways in self.columns.items():
            if whole == all(_is_standing(way) for way in ways):
                continue
            found = (read(parts[way.type], way) for way in ways if way.type in parts)
            if text := next((text for text in found if text), None):
                content[name] = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return content


def _is_standing(way: Path) -> bool:
    return way.type == "Task" and way.steps[0].element in STANDING


def _reference(resource: Resource, element: str) -> str:
    told = resource.get(element)
    return str(told.get("reference") or "") if isinstance(told, dict) else ""


def _leads_to(task: Resource, element: str, type_: str) -> bool:
    return _reference(task, element).rpartition("/")[0].endswith(type_)
