"""A message: what the parties of a referral write to each other about it (`profiles/structure-definitions/message.json`).

https://hl7.org/fhir/R4/communication.html. A notice of withdrawal is a Communication too, and no message.
"""

from collections.abc import Iterator
from typing import Final

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.references import split

MESSAGE: Final = profile("message")


def is_message(resource: Resource) -> bool:
    return resource["resourceType"] == "Communication" and MESSAGE in resource.get("meta", {}).get("profile", ())


def referral_of(message: Resource) -> str:
    """The reference of the Task that it is about; "" where it is about none."""
    named = (str(one.get("reference", "")) for one in message.get("about", ()))
    return next((one for one in named if one.startswith("Task/")), "")


def sender(message: Resource) -> str:
    """The organisation that wrote it."""
    return split(message.get("sender", {}).get("reference", ""))[1]


def recipients(message: Resource) -> frozenset[str]:
    """The organisations that it is addressed to."""
    return frozenset(split(one.get("reference", ""))[1] for one in message.get("recipient", ()))


def recipient(message: Resource) -> str:
    """The one organisation that a message is addressed to."""
    return min(recipients(message), default="")


def documents(message: Resource) -> Iterator[str]:
    """References of what it points to: a file never lies in it."""
    for part in message.get("payload", ()):
        if "contentReference" in part:
            yield str(part["contentReference"].get("reference", ""))
