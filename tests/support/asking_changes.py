"""Reading and changing: each interaction of each type, of what is seen, hidden or not there."""

import re
from typing import Final
from urllib.parse import urlencode

from hub.exchange.change import PERSON_ELEMENT
from hub.fhir import Resource
from hub.fhir.serial import dumps, loads
from tests.support.asked import Ask
from tests.support.asking_searches import Searches
from tests.support.asking_subscriptions import created
from tests.support.written import CALLER, concept, example

STATUSES: Final = ("received", "accepted", "rejected", "in-progress", "on-hold", "completed", "cancelled", "requested")
CREATED: Final = (
    "survivor", "case", "incident", "need", "outcome", "consent-by-class", "protective-measure", "intake", "condition",
    "medical-service", "risk-assessment", "safety-flag", "safety-plan", "care-team", "document", "summary", "caregiver",
    "questionnaire-response", "list", "list--of-one-survivor", "group", "practitioner", "staff-role", "questionnaire", "service",
    "location", "endpoint", "aggregate-report", "referral--passed-on", "referral-task", "referral-task--open",
    "cancellation-request-task", "information-request-task", "message",
)  # fmt: skip


def _kept_by_caller(resource: Resource) -> Resource:
    found: Resource = loads(re.sub(r"Organization/[a-z-]+", f"Organization/{CALLER}", dumps(resource)))
    return found


class Changes(Searches):
    """What is read and changed."""

    def read(self, type_: str) -> Ask:
        headers = self.chance.choice([(), (), (("If_None_Match", 'W/"1"'),), (("Accept_Language", "ar"),)])
        short = self.chance.choice(["", "", "?_summary=true", "?_summary=text", "?_elements=identifier,name,subject"])
        method = self.chance.choice(["GET", "GET", "GET", "HEAD"])
        return Ask(
            method, f"/fhir/{type_}/{self.id(type_)}{short}", headers=headers, covers=frozenset({f"{type_} read"})
        )

    def create(self, type_: str) -> Ask:
        if type_ == "Subscription":
            return created(self)
        written = [one for one in CREATED if example(one)["resourceType"] == type_]
        body = self._mine(example(self.chance.choice(written))) if written else {"resourceType": type_}
        headers = (("If_None_Exist", self.condition(type_)),) if self.chance.random() < 0.2 else ()
        return Ask("POST", f"/fhir/{type_}", body, headers, frozenset({f"{type_} create"}))

    def _mine(self, resource: Resource) -> Resource:
        """As the caller would send it, of any person: also of one that is not the caller's, or not there."""
        keeper = {"reference": f"Organization/{CALLER}"}
        known = self.things.mine if self.chance.random() < 0.6 else [self.id("Patient")]
        person = {"reference": f"Patient/{self.chance.choice(known)}"}
        said = {
            "Patient": {"managingOrganization": keeper}, "EpisodeOfCare": {"managingOrganization": keeper, "patient": person},
            "Observation": {"performer": [keeper], "subject": person}, "Consent": {"organization": [keeper], "patient": person},
            "ServiceRequest": {"requester": keeper, "subject": person, "performer": [{"reference": "Organization/hopital"}]},
        }  # fmt: skip
        type_ = resource["resourceType"]
        element = PERSON_ELEMENT.get(type_)
        if type_ == "Task":
            return self._about(resource, keeper)
        if type_ == "Communication":
            return self._message(resource, keeper)
        if "basedOn" in resource:
            resource = resource | {"basedOn": [{"reference": f"ServiceRequest/{self.id('ServiceRequest')}"}]}
        if type_ in said:
            return resource | said[type_]
        if element not in resource:
            return _kept_by_caller(resource)
        return _kept_by_caller(resource) | {element: person}

    def _about(self, task: Resource, me: Resource) -> Resource:
        """Of any need or referral, seen, hidden or not there; the parties as the caller would name them, or left to the hub."""
        carries = task["code"]["coding"][0]["code"] == "fulfill"
        about = f"ServiceRequest/{self.id('ServiceRequest')}" if carries else f"Task/{self.id('Task')}"
        element = {"focus": {"reference": about}} if "focus" in task else {"partOf": [{"reference": about}]}
        left = {name: value for name, value in task.items() if name not in {"for", "requester", "owner"}}
        if self.chance.random() < 0.3:
            return left | element | {"requester": me, "for": {"reference": f"Patient/{self.id('Patient')}"}}
        return (
            left | element | ({"owner": {"reference": "Organization/hopital"}} if "owner" in task and carries else {})
        )

    def _message(self, message: Resource, me: Resource) -> Resource:
        """About any referral; the parties as the caller would name them, or left to the hub."""
        left = {
            name: value for name, value in message.items() if name not in {"subject", "sender", "recipient", "basedOn"}
        }
        left |= {"about": [{"reference": f"Task/{self.id('Task')}"}]}
        if self.chance.random() < 0.3:
            left |= {"inResponseTo": [{"reference": f"Communication/{self.id('Communication')}"}]}
        if self.chance.random() < 0.3:
            pointed = {"reference": f"DocumentReference/{self.id('DocumentReference')}"}
            left |= {"payload": [{"contentReference": pointed}]}
        if self.chance.random() < 0.3:
            named = {"subject": {"reference": f"Patient/{self.id('Patient')}"}, "sender": me}
            return left | named | {"recipient": [{"reference": "Organization/hopital"}]}
        return left

    def condition(self, type_: str) -> str:
        name, kind = self.chance.choice(
            [("_id", "token"), *((n, k) for n, k in self.parameters[type_].items() if n in {"identifier", "patient"})]
        )
        return urlencode([self._pair(type_, name, kind, "")])

    def update(self, type_: str) -> Ask:
        if self.chance.random() < 0.2:
            written = [one for one in CREATED if example(one)["resourceType"] == type_] or ["referral-task"]
            body = {k: v for k, v in self._mine(example(self.chance.choice(written))).items() if k != "id"}
            path = f"/fhir/{type_}?{self.condition(type_)}"
            return Ask("PUT", path, body, (("If_Match", 'W/"1"'),), frozenset({f"{type_} update"}))
        mine = type_ == "Patient" and self.chance.random() < 0.5
        id_ = self.chance.choice(self.things.mine) if mine else self.id(type_)
        path, covers = f"/fhir/{type_}/{id_}", frozenset({f"{type_} update"})
        if self.chance.random() < 0.3:
            written = example(
                "referral-task"
                if type_ == "Task"
                else next((c for c in CREATED if example(c)["resourceType"] == type_), "need")
            )
            return Ask("PUT", path, self._mine(written) | {"id": id_}, (("If_Match", 'W/"1"'),), covers)
        change = {
            "Patient": {"gender": self.chance.choice(["female", "unknown"])}, "Consent": {"status": "inactive"},
            "Observation": {"status": "amended"}, "EpisodeOfCare": {"status": "finished"}, "Task": {"status": self.chance.choice(STATUSES)},
            "Communication": {"status": self.chance.choice(["completed", "entered-in-error", "in-progress"])},
            "ServiceRequest": {"priority": self.chance.choice(["stat", "urgent"])},
        }.get(type_, {"language": self.chance.choice(["fr", "ar"])})  # fmt: skip
        return Ask("PUT", path, covers=covers, edit=lambda seen: seen | change, matched=self.chance.random() < 0.9)

    def patch(self, type_: str) -> Ask:
        steps = self.chance.choice(
            [
                [{"op": "test", "path": "/name/0/text", "value": "سعاد مثال"}],
                [{"op": "test", "path": "/birthDate", "value": "2003"}, {"op": "add", "path": "/active", "value": True}],
                [{"op": "remove", "path": "/note"}],
                [{"op": "copy", "from": "/identifier/1", "path": "/identifier/0"}],
                [{"op": "replace", "path": "/status", "value": self.chance.choice(STATUSES)}],
                [{"op": "add", "path": "/priority", "value": "urgent"}],
                [{"op": "replace", "path": "/nothing/here", "value": 1}],
            ]
        )  # fmt: skip
        if self.chance.random() < 0.3:
            return self._other_patch(type_)
        path = f"/fhir/{type_}/{self.id(type_)}"
        return Ask(
            "PATCH",
            path,
            covers=frozenset({f"{type_} patch"}),
            edit=lambda _: steps,
            matched=self.chance.random() < 0.8,
        )

    def _other_patch(self, type_: str) -> Ask:
        """An object, or paths; of one that is named, or of what is found."""
        where = f"/{self.id(type_)}" if self.chance.random() < 0.5 else f"?{self.condition(type_)}"
        said = {
            "type": "delete",
            "path": self.chance.choice([f"{type_}.note", f"{type_}.identifier[1]", f"{type_}.name"]),
        }
        parts = [{"name": name, "valueString": value} for name, value in said.items()]
        paths = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
        media, body = self.chance.choice(
            [
                ("application/merge-patch+json", {"status": self.chance.choice(STATUSES)}),
                ("application/fhir+json", paths),
            ]
        )
        headers = (("Content_Type", media), ("If_Match", 'W/"1"'))
        return Ask("PATCH", f"/fhir/{type_}{where}", body, headers, frozenset({f"{type_} patch"}))

    def delete(self, type_: str) -> Ask:
        headers = self.chance.choice([(), (), (("If_Match", 'W/"1"'),), (("Prefer", "return=OperationOutcome"),)])
        where = f"/{self.id(type_)}" if self.chance.random() < 0.7 else f"?{self.condition(type_)}"
        return Ask("DELETE", f"/fhir/{type_}{where}", headers=headers, covers=frozenset({f"{type_} delete"}))

    def referral(self) -> Ask:
        """A step that is right more often than not."""
        status = self.chance.choice(STATUSES)
        said: Resource = {"status": status}
        if status in {"rejected", "cancelled", "on-hold"}:
            said["statusReason"] = concept("referral-status-reason", "no-capacity") | {
                "text": "Said by the one who decided."
            }
        if status == "completed":
            given = concept("referral-outcome", "service-provided")
            said["output"] = [{"type": concept("task-output", "outcome"), "valueCodeableConcept": given}]
        steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in said.items()]
        return Ask("PATCH", f"/fhir/Task/{self.id('Task')}", covers=frozenset({"Task patch"}), edit=lambda _: steps)
