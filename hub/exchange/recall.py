"""What cannot be recalled from an organisation, as an AuditEvent of a withdrawal says it: data classes, first and last look.

In the details of the entity that names the organisation (`profiles/structure-definitions/audit-event.json`). Never what was seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.fhir import Resource
from hub.fhir.instants import instant, span
from hub.fhir.references import split

VERB: Final = "consent.notify"
CLASS, FIRST, LAST = "data-class", "first-seen", "last-seen"


@dataclass(frozen=True)
class Seen:
    """What an organisation saw of one survivor's records and what can therefore not be recalled; `first` None: nothing."""

    recipient: str
    classes: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None


def stated(event: Resource) -> Seen | None:
    """What an AuditEvent of ours says; None for any other."""
    if all(subtype["code"] != VERB for subtype in event["subtype"]):
        return None
    for entity in event["entity"]:
        type_, id_ = split(entity["what"].get("reference", ""))
        if type_ == "Organization":
            details = [(one["type"], one["valueString"]) for one in entity.get("detail", ())]
            at = {name: span(value)[0] for name, value in details if name in {FIRST, LAST}}
            classes = tuple(value for name, value in details if name == CLASS)
            return Seen(id_, classes, at.get(FIRST), at.get(LAST))
    return None


def details(found: Seen) -> Iterator[Resource]:
    for name in found.classes:
        yield {"type": CLASS, "valueString": name}
    for name, at in ((FIRST, found.first), (LAST, found.last)):
        if at:
            yield {"type": name, "valueString": instant(at)}
