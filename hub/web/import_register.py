"""$import-register: the register of the caller's own organisation, handed over as a file: tried, and with `commit` taken in.

`profiles/operation-definitions/import-register.json`. Answered are numbers, and what could not be understood, by row, column and
element: no value of any cell, since the answer may be written into logs of clients that are no place for one.
"""

import base64
import binascii
from typing import Any, Final

from hub.errors import (
    BAD_PARAMETER,
    ONE_OF_REQUIRED,
    SCOPE_LACKING,
    UNREADABLE_REGISTER,
    AdapterError,
    HubError,
)
from hub.exchange.findings import findings
from hub.exchange.receipt import Receipt
from hub.exchange.upload import upload
from hub.fhir import Resource
from hub.fhir.issues import Issue, outcome
from hub.oauth import scopes
from hub.texts import say
from hub.web.operations import OF_THE_SYSTEM, Inputs, Operation
from hub.web.service import Call, Service

NAME: Final = "import-register"
EVERY_TYPE: Final = "*"
MOST_ISSUES: Final = 200


def import_register(inputs: Inputs, call: Call, service: Service) -> Resource:
    """The numbers and the findings, in the caller's language."""
    _require_all_records(call)
    name, content = _one(inputs, "connection"), _content(inputs)
    commit: bool = inputs.get("commit", [False])[0]
    try:
        receipt = upload(name, content, call.caller, doors=service.doors, commit=commit, hub=service.hub)
    except AdapterError as problem:
        raise HubError(UNREADABLE_REGISTER, text=problem.text, **problem.params) from None
    return _told(receipt, commit, call.language)


def _require_all_records(call: Call) -> None:
    """A register makes and changes records of many types: a token that reaches some of them, or a person's, takes in none."""
    caller = call.caller
    held = all(scopes.permits(caller.scopes, EVERY_TYPE, one) for one in ("create", "update"))
    if caller.practitioner or caller.bound or caller.within or not held:
        raise HubError(SCOPE_LACKING, expected="system/*.cu")


def _one(inputs: Inputs, name: str) -> Any:
    if name not in inputs:
        raise HubError(ONE_OF_REQUIRED, path=f"http.{name}", expected=name)
    return inputs[name][0]


def _content(inputs: Inputs) -> bytes:
    """The file itself, or the data of a Binary: https://hl7.org/fhir/R4/binary.html."""
    given = _one(inputs, "register")
    if isinstance(given, bytes):
        return given
    try:
        if given.get("resourceType") == "Binary":
            return base64.b64decode(given["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        pass
    raise HubError(BAD_PARAMETER, path="http.register", parameter="register", expected="Binary {contentType, data}")


def _told(receipt: Receipt, commit: bool, language: str) -> Resource:
    told: list[Resource] = [{"name": "stored", "valueBoolean": commit}]
    told += [{"name": name.replace("_", "-"), "valueInteger": number} for name, number in receipt.numbers.items()]
    return {
        "resourceType": "Parameters",
        "parameter": [*told, {"name": "outcome", "resource": _outcome(receipt, commit, language)}],
    }


def _outcome(receipt: Receipt, commit: bool, language: str) -> Resource:
    every = list(findings(receipt, language))
    named = [one for one in every if not one.unnamed][:MOST_ISSUES]
    found = [(one.issue, f"{one.where}: {one.why}" if one.where else one.why) for one in named]
    left = sum(one.unnamed or 1 for one in every) - len(found)
    more = Issue("warning", "incomplete", "web.too-many", params={"count": str(left)})
    done = Issue("information", "informational", f"web.register-{'stored' if commit else 'tried'}")
    last = [more, done] if left else [done]
    return outcome([*found, *((one, say(one.text, language, **one.params)) for one in last)])


OPERATIONS: Final = (
    Operation(
        NAME,
        OF_THE_SYSTEM,
        {"connection": "id", "commit": "boolean", "register": "Resource"},
        import_register,
        instance=False,
        of_type=False,
        of_system=True,
        ours=True,
        defined_as=NAME,
        changes=True,
        file="register",
    ),
)
