"""What a Task asks for, and of which referral it is a part.

http://hl7.org/fhir/CodeSystem/task-code: `fulfill` carries a referral, `abort` asks that one be cancelled
(`profiles/structure-definitions/cancellation-request-task.json`); `provide-information` asks for what is missing.
"""

from typing import Final

from hub.fhir import Resource
from hub.fhir.canonicals import profile

REFERRAL: Final = "fulfill"
CANCELLATION: Final = "abort"
INFORMATION: Final = "provide-information"
_KINDS: Final = frozenset({REFERRAL, CANCELLATION, INFORMATION})
REQUESTS: Final = frozenset({CANCELLATION, INFORMATION})
_OPEN: Final = profile("open-to-claim")


def kind(task: Resource) -> str:
    """Of the codes above, the one that it carries; "" for any other task, and for what is none."""
    if task["resourceType"] != "Task":
        return ""
    for coding in task.get("code", {}).get("coding", ()):
        if (code := coding.get("code")) in _KINDS:
            return str(code)
    return ""


def asked_of(task: Resource) -> str:
    """The reference of the referral that a request is about; "" where it names none."""
    if kind(task) == CANCELLATION:
        return str(task.get("focus", {}).get("reference", ""))
    return passed_on_from(task) if kind(task) == INFORMATION else ""


def passed_on_from(task: Resource) -> str:
    """The reference of the Task that this is a part of; "" where it is a part of none."""
    for one in task.get("partOf", ()):
        return str(one.get("reference", ""))
    return ""


def party(task: Resource, element: str) -> str:
    """The reference of its `requester` or `owner`; "" where it has none."""
    return str(task.get(element, {}).get("reference", ""))


def is_open_to_claim(task: Resource) -> bool:
    """Sent to nobody by name: whoever gives the service may take it on, https://hl7.org/fhir/R4/task.html (owner 0..1)."""
    return any(one.get("url") == _OPEN and one.get("valueBoolean") is True for one in task.get("extension", ()))


def is_unclaimed(task: Resource) -> bool:
    return not party(task, "owner") and is_open_to_claim(task)


def notice_of(task: Resource) -> dict[str, str]:
    """What the minimal notice says in codes: `service-type`, `province`, … → code."""
    found: dict[str, str] = {}
    for item in task.get("input", ()):
        coded = item.get("valueCodeableConcept", {}).get("coding", ({},))[0].get("code", "")
        for coding in item.get("type", {}).get("coding", ()):
            found[coding.get("code", "")] = item.get("valueCode", "") or coded
    return found
