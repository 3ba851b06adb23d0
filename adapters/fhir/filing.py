"""A referral into another hub, filed as an association's own system files one: whom it is about, her consent, what is asked.

The hub there opens the Task itself. It takes no number that was given elsewhere, and none in a request: the referral's number is
the code by which the sender knows her, and all else is found from her. Her consent lets the recipient have the classes of what
was sent, for as long as she lets it be told here: both hubs keep by the same data classes.
https://hl7.org/fhir/R4/http.html#ccreate · https://hl7.org/fhir/R4/consent.html
"""

import copy
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.fhir.client import Resource, Server
from adapters.fhir.paths import Path, paths
from adapters.fhir.permission import consent, narrowed, opening
from adapters.fhir.writing import Said, is_over, made, replaced, url, written
from hub.fhir.canonicals import code_system, profile
from hub.ports import FollowUp, Layout

Ours = Mapping[str, Set[str]]
"""By type, elements that a referral writes."""
ENDED: Final = frozenset({"revoked", "completed", "entered-in-error"})


def refer(one: FollowUp, told: Said, server: Server, layout: Layout) -> None:
    number, until = one.handle["referral"], one.handle.get("until", "")
    if one.handle["event"] == "new":
        _file(number, told, until, server)
    elif one.handle["event"] == "changed":
        _change(number, told, until, server, _written_here(layout))
    else:
        _take_back(number, server, by_her=not one.values)


def waiting(one: FollowUp, server: Server) -> set[str]:
    """The number of a new one that its hub holds back: her consent does not count there, as a minor's own, and its recipient is
    told nothing until somebody of the sender's has recorded there who else has given it."""
    number = one.handle["referral"]
    filed = _Filed.of(number, server) if one.handle["event"] == "new" else None
    return {number} if filed and filed.task and filed.task.get("status") == "draft" else set()


def _file(number: str, told: Said, until: str, server: Server) -> None:
    """All in one transaction, so that who is there has all that was filed with her: what was sent before is not asked again."""
    if server.identified("Patient", number):
        return
    patient, need = _told(_patient(number, server), told), _told(_need(number, server), told)
    hers = f"Patient.identifier={server.terms.system}|{number}"
    server.transact(
        [
            made(patient, number, f"identifier={server.terms.system}|{number}"),
            made(consent(number, (patient, need), until, server.terms), number, f"patient:{hers}"),
            made(need, number, f"subject:{hers}"),
        ]
    )


def _patient(number: str, server: Server) -> Resource:
    kind = {"coding": [{"system": code_system("identifier-type"), "code": "survivor-code"}]}
    return {
        "resourceType": "Patient",
        "meta": {"profile": [profile("survivor")]},
        "identifier": [{"type": kind, "system": server.terms.system, "value": number}],
        "active": True,
        "gender": "unknown",
        "managingOrganization": {"reference": server.terms.requester},
    }


def _need(number: str, server: Server) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [profile("referral")]},
        "status": "active",
        "intent": "order",
        "category": [{"coding": [{"system": code_system("request-category"), "code": "need"}]}],
        "priority": "routine",
        "subject": {"reference": url("Patient", number)},
        "authoredOn": datetime.now(UTC).isoformat(timespec="seconds"),
        "requester": {"reference": server.terms.requester},
        "performer": [{"reference": server.terms.owner}],
        "supportingInfo": [{"reference": url("Consent", number)}],
    }


def _told(resource: Resource, told: Said) -> Resource:
    """What may be told of it; but no number that was given elsewhere."""
    about: Mapping[Path, str] = told.get(resource["resourceType"], {})
    return written(resource, {way: text for way, text in about.items() if way.steps[0].element != "identifier"})


@dataclass(frozen=True)
class _Filed:
    """What of a referral is there."""

    patient: Resource
    need: Resource
    consent: Resource
    task: Resource | None

    @classmethod
    def of(cls, number: str, server: Server) -> "_Filed | None":
        patient = server.identified("Patient", number)
        if patient is None:
            return None
        mine = [("subject", f"Patient/{patient['id']}"), ("requester", server.terms.requester)]
        for need in _found("ServiceRequest", mine, server):
            named = (str(one.get("reference")) for one in need.get("supportingInfo", ()))
            for permission in filter(None, map(server.find, (one for one in named if one.startswith("Consent/")))):
                return cls(patient, need, permission, _task(need, server))
        return None


def _task(need: Resource, server: Server) -> Resource | None:
    """The one that is under way: of a need there can be several, of which all others are over."""
    found = list(_found("Task", [("focus", f"ServiceRequest/{need['id']}")], server))
    return next((one for one in found if not is_over(one)), None)


def _found(type_: str, parameters: list[tuple[str, str]], server: Server) -> Iterator[Resource]:
    for entries in server.pages(type_, parameters):
        for one in entries:
            resource = one.get("resource")
            if isinstance(resource, dict) and resource.get("resourceType") == type_:
                yield resource


def _change(number: str, told: Said, until: str, server: Server, ours: Ours) -> None:
    """What may be known now and no more; nothing where it never came there or where the consent there was ended. Of what is over
    nothing more is told: the consent alone is narrowed."""
    filed = _Filed.of(number, server)
    if filed is None or filed.consent.get("status") != "active":
        return
    patient = _told(_bare(filed.patient, _patient(number, server), ours), told)
    need = _told(_bare(filed.need, _need(number, server), ours), told)
    if filed.task is None:
        pairs = [(narrowed(filed.consent, (patient, need), until), filed.consent)]
    else:
        permission = opening(filed.consent, (patient, need), until)
        pairs = [(patient, filed.patient), (permission, filed.consent), (need, filed.need)]
    if entries := [replaced(after) for after, before in pairs if after != before]:
        server.transact(entries)


def _written_here(layout: Layout) -> Ours:
    """The elements of each type that a referral writes: what of them is not told any more is closed, and goes."""
    found: dict[str, set[str]] = {}
    for way in (ways[0] for ways in paths(layout.columns).values()):
        if way.steps[0].element not in {"id", "identifier"}:
            found.setdefault(way.type, set()).add(way.steps[0].element)
    return found


def _bare(there: Resource, begun: Resource, ours: Ours) -> Resource:
    """As it stands there without what was told of it."""
    mine = ours.get(there["resourceType"], frozenset())
    left = {name: copy.deepcopy(value) for name, value in there.items() if name not in mine}
    return left | {name: begun[name] for name in mine if name in begun}


def _take_back(number: str, server: Server, *, by_her: bool) -> None:
    """The request is revoked, and her consent ends, whose end stops what has begun. Where it was not she who ended it, the hub
    there first says of the referral what it was stopped for."""
    filed = _Filed.of(number, server)
    if filed is None:
        return
    revoked = [replaced({**filed.need, "status": "revoked"})] if _is_under_way(filed) else []
    ended = [replaced({**filed.consent, "status": "inactive"})] if filed.consent.get("status") == "active" else []
    for entries in [[*revoked, *ended]] if by_her else [revoked, ended]:
        if entries:
            server.transact(entries)


def _is_under_way(filed: _Filed) -> bool:
    return filed.task is not None and str(filed.need.get("status")) not in ENDED
