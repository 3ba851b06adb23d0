"""Task/[id]/$close: the one thing that a recipient can still say of a referral whose consent was withdrawn while it worked.

Status and a coded outcome, nothing else: no words, no look (`profiles/operation-definitions/task-close.json`).
"""

from typing import Any, Final

from hub.errors import BAD_PARAMETER, SCOPE_LACKING, HubError
from hub.exchange import change
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.oauth import scopes
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service

TYPE: Final = "Task"
SAID_BY: Final = {"completed": "referral-outcome", "failed": "referral-status-reason"}
"""Status → the code system of what goes with it."""


def answer_close(inputs: Inputs, call: Call, service: Service) -> Resource:
    if not scopes.permits(call.caller.scopes, TYPE, "update"):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS['update']}")
    status = _one(inputs, "status", SAID_BY)
    code = _one(inputs, "code", load().code_system(SAID_BY[status]).codes)
    found = change.close_unseen(call.id, lambda task: _closed(task, status, code), call.caller, hub=service.hub)
    return {"resourceType": "Parameters", "parameter": [{"name": "status", "valueCode": found}]}


def _one(inputs: Inputs, name: str, known: Any) -> str:
    given: str = inputs[name][0] if name in inputs else ""
    if given not in known:
        raise HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=", ".join(known))
    return given


def _closed(task: Resource, status: str, code: str) -> Resource:
    coded = {"coding": [{"system": code_system(SAID_BY[status]), "code": code}]}
    rest = {name: value for name, value in task.items() if name != "statusReason"} | {"status": status}
    if status == "failed":
        return rest | {"statusReason": coded | {"text": code}}
    kind = {"coding": [{"system": code_system("task-output"), "code": "outcome"}]}
    return rest | {"output": [*task.get("output", ()), {"type": kind, "valueCodeableConcept": coded}]}


OPERATIONS: Final = (
    Operation(
        "close",
        TYPE,
        {"status": "code", "code": "code"},
        answer_close,
        of_type=False,
        ours=True,
        changes=True,
    ),
)
