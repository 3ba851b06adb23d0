"""One referral as she may see it, with what belongs to it: one search and what it includes, so one look that is recorded.

https://hl7.org/fhir/R4/search.html#include. What no consent opens to her organisation is not among it, whatever is asked for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub, disclose
from hub.fhir import Resource
from hub.fhir.messages import is_message
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.fhir.tasks import REFERRAL, REQUESTS, asked_of, kind, passed_on_from
from hub.oauth import scopes
from hub.ports import Caller
from hub.search import parse

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
ALONG: Final = (
    ("_include", "Task:focus"),
    ("_include", "Task:patient"),
    ("_revinclude", "Task:focus"),
    ("_revinclude", "Task:part-of"),
    ("_revinclude", "Communication:about"),
)
OPENED: Final = (
    "Flag", "EpisodeOfCare", "Observation", "RiskAssessment", "CarePlan", "Condition", "Encounter", "Procedure",
    "RelatedPerson", "DocumentReference", "QuestionnaireResponse",
)  # fmt: skip
"""What can be opened beside herself and her need, in the order in which it is shown: what is about safety first."""
MOST: Final = 60


@dataclass(frozen=True, repr=False)
class Referral:
    """`patient`, `need`: None where they are not opened to her."""

    task: Resource
    version: int
    patient: Resource | None = None
    need: Resource | None = None
    requests: tuple[Resource, ...] = ()
    messages: tuple[Resource, ...] = ()
    versions: dict[str, int] = field(default_factory=dict)
    parts: tuple[Resource, ...] = ()  # by which it was passed on

    @property
    def id(self) -> str:
        return str(self.task["id"])


def referral(id_: str, caller: Caller, *, hub: Hub) -> Referral:
    """Raises NOT_FOUND, be it hidden, of another kind, or not there."""
    if not ID.fullmatch(id_):
        raise HubError(NOT_FOUND)
    types = scopes.reached(caller.scopes, disclose.EVERY_TYPE, "search")
    page = disclose.search(_query(id_), caller, hub=hub, types=types)
    if not page.entries:
        disclose.read("Task", id_, caller, hub=hub)
        raise HubError(NOT_FOUND)
    task = loads(page.entries[0].text)
    if kind(task) != REFERRAL:
        raise HubError(NOT_FOUND)
    along = [loads(view.text) for view in page.included]
    versions = {f"{view.type}/{view.id}": view.version for view in page.included}
    return Referral(
        task,
        page.entries[0].version,
        next((one for one in along if one["resourceType"] == "Patient"), None),
        next((one for one in along if one["resourceType"] == "ServiceRequest"), None),
        tuple(one for one in along if kind(one) in REQUESTS and asked_of(one) == f"Task/{id_}"),
        tuple(sorted((one for one in along if is_message(one)), key=lambda one: str(one.get("sent", "")))),
        versions,
        tuple(one for one in along if kind(one) == REFERRAL and passed_on_from(one) == f"Task/{id_}"),
    )


def _query(id_: str) -> Query:
    return parse("Task", [("_id", id_), *ALONG], strict=True)[0]


def opened(of: Referral, caller: Caller, *, hub: Hub) -> Iterator[Resource]:
    """What else of her is opened to the caller; nothing where she herself is not."""
    types = [one for one in OPENED if scopes.permits(caller.scopes, one, "search")]
    if of.patient is None or not types:
        return
    hers = ("patient", f"Patient/{of.patient['id']}")
    queries = [parse(one, [hers, ("_count", str(MOST)), ("_total", "none")], strict=True)[0] for one in types]
    page = disclose.search_all(queries, caller, hub=hub, types=frozenset(types))
    found = [loads(view.text) for view in page.entries]
    yield from sorted(found, key=lambda one: OPENED.index(one["resourceType"]))
