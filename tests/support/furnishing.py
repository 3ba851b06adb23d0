"""What a world of a non-interference test is furnished with: survivors, referrals, consents, a directory, traces.

Every document is one of the contract's valid examples under a name of its own. `seen` gives what the caller may see; `hidden`
what it may not (None: nothing of it), down to the hidden elements of documents that are seen in part.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from hub import search
from hub.consent.actors import alone
from hub.consent.belonging import OPENS_THE_PAYLOAD
from hub.consent.keys import own
from hub.consent.policies import packaged
from hub.consent.rules import purposes_under
from hub.exchange import Hub
from hub.exchange.change import PERSON_ELEMENT
from hub.exchange.person import Person
from hub.exchange.publish import publish
from hub.exchange.ruling import Ruling
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.data_classes import CONFIDENTIALITY, shareable
from hub.fhir.definitions import load
from hub.fhir.labels import labelled
from hub.fhir.numbered import SYSTEM
from hub.ports import Changes, Key, Save
from hub.search.parameters import EVERYWHERE, PARAMETERS
from tests.support.disguise import EVERY, disguise
from tests.support.furnishing_entries import directory, reports, workers_and_forms
from tests.support.written import CALLER, concept, example, new_id, organization_, renamed

GRANTED: Final = (
    ("core", "needs-and-services"), ("core", "incident-summary"), ("needs-and-services", "incident-summary", "messages"),
    ("core", "identity", "legal"), ("needs-and-services", "health", "address"), ("perpetrator", "identity", "messages"),
    ("core", "safe-contact", "address", "needs-and-services", "incident-summary", "incident-narrative", "messages"),
)  # fmt: skip
"""Data classes that survivors opened to the caller: also one without the class that a document of its own needs."""


AS_WRITTEN: Final = frozenset({"Consent", "Communication"})
"""Not disguised: what a consent says decides what is seen, and a notice is seen as a whole by whom it is addressed to."""

FURTHER: Final = (
    "intake", "encounter", "medical-service", "legal-service", "condition", "risk-assessment", "safety-flag", "safety-plan",
    "care-team", "document", "summary", "questionnaire-response", "list--of-one-survivor", "caregiver",
)  # fmt: skip
"""What is kept of some survivors and not of others."""

_READING: Final = {"coding": [{"system": f"{TERMINOLOGY}/consentaction", "code": "access"}]}
SURVIVORS: Final = ("survivor", "survivor--foreign-national", "survivor--safe-contact", "survivor--do-not-contact")
_AS_IT_MUST_BE: Final[dict[str, Resource]] = {
    "completed": {"output": [{"type": concept("task-output", "outcome"), "valueCodeableConcept": concept("referral-outcome", "service-provided")}]},
    "rejected": {"statusReason": concept("referral-status-reason", "no-capacity") | {"text": "Said by the one who decided."}},
}  # fmt: skip


class Settable(Protocol):
    at: Any


@dataclass
class Things:
    """What can be asked for: references, and the values that documents are found by, whoever may see them."""

    references: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    mine: list[str] = field(default_factory=list)  # survivors whom the caller keeps

    def add(self, resource: Resource) -> None:
        type_ = resource["resourceType"]
        _once(self.references.setdefault(type_, []), resource["id"])
        if type_ == "Patient" and resource["managingOrganization"] == organization_(CALLER):
            _once(self.mine, resource["id"])
        found = search.index(resource) if type_ in PARAMETERS else {}
        for name, kept_as in _fields(type_):
            for value in found.get(kept_as, ()):
                _once(self.values.setdefault(type_, {}).setdefault(name, []), value)

    def number(self, hub: Hub) -> None:
        """By which numbers the caller knows survivors, or would, and by which another organisation does."""
        known = self.values.setdefault("Patient", {}).setdefault("identifier", [])
        for id_ in self.references.get("Patient", ()):
            for organization in (CALLER, "hopital"):
                number = hub.pseudonyms.of(id_, organization)
                known += [number, f"{SYSTEM}|{number}"]

    def __or__(self, other: "Things") -> "Things":
        both = deepcopy(self)
        for type_, ids in other.references.items():
            for id_ in ids:
                _once(both.references.setdefault(type_, []), id_)
        for type_, named in other.values.items():
            for name, found in named.items():
                for value in found:
                    _once(both.values.setdefault(type_, {}).setdefault(name, []), value)
        return both


def _fields(type_: str) -> Iterator[tuple[str, str]]:
    """Parameter → where its values are kept."""
    known = (*EVERYWHERE.values(), *PARAMETERS.get(type_, {}).values())
    return ((one.name, one.kept_as) for one in known)


def _once(known: list[Any], value: Any) -> None:
    if value not in known:
        known.append(value)


# --- survivors --------------------------------------------------------------------------------------------------------


def ruling() -> Ruling:
    """The rules as they come with the hub, with its deadlines; no organisation is a part of another."""
    return Ruling(packaged(), purposes_under(), alone)


@dataclass
class _Survivor:
    """One survivor with all that her keeper says of her. `chance` names what is there; what is not `allowed` is drawn anew."""

    id: str
    keeper: str
    chance: Random
    allowed: frozenset[str]
    hidden: Random | None
    person: Person = field(init=False)
    opened: bool = False  # to whom she was referred

    def __post_init__(self) -> None:
        self.person = Person(self.id, ruling())

    def add(self, name: str, chance: Random | None = None, **elements: Any) -> str:
        """An example as a document of hers, under a new id. It is put in only if it is seen, or there are hidden ones."""
        resource = example(name) | elements
        resource["id"] = self.id if resource["resourceType"] == "Patient" else new_id(chance or self.chance)
        resource = renamed(resource, self.id, self.keeper)
        if chance is None and self.hidden is None and not self._is_seen(resource):
            return f"{resource['resourceType']}/{resource['id']}"
        if self._is_seen(resource) and resource["resourceType"] not in AS_WRITTEN:
            resource = disguise(resource, self.allowed, self.hidden)
        self.person.put(resource, self.keeper)
        return f"{resource['resourceType']}/{resource['id']}"

    def _is_seen(self, resource: Resource) -> bool:
        """By its own class alone; referrals and consents are always put in, as they decide what is seen."""
        profile = load().profile_of(resource)
        assert profile is not None
        if profile.name == "message" and self.allowed != EVERY:
            is_mine = resource["sender"] == organization_(CALLER)
            return is_mine or (
                self.opened and profile.base_class in self.allowed and resource["recipient"] == [organization_(CALLER)]
            )
        return (
            self.allowed == EVERY
            or resource["resourceType"] in {"Task", "Consent"}
            or {"reference": f"Organization/{CALLER}"} in resource.get("recipient", ())
            or profile.base_class in self.allowed
        )


def _consent(to: str, classes: Iterable[str], end: str = "2029-03-12") -> Resource:
    provision = example("consent-by-class")["provision"]
    permit = provision["provision"][0]
    coded = [{"system": code_system("data-class"), "code": one} for one in classes]
    period = {"start": "2026-03-12", "end": end}
    actor = [permit["actor"][0] | {"reference": organization_(to)}]
    return {"period": period, "provision": [permit | {"period": period, "actor": actor, "class": coded}]}


def _referred(
    chance: Random, keeper: str, to: str, status: str, classes: tuple[str, ...], hidden: Random | None
) -> Person:
    """A survivor whom `keeper` referred to `to`, who is allowed these classes."""
    allowed = frozenset({"notice", *classes}) if to == CALLER else EVERY
    one = _Survivor(new_id(chance), keeper, chance, allowed, hidden)
    one.add(chance.choice(SURVIVORS))
    one.add("consent-by-class", provision=_consent(to, classes))
    one.add("case", status=chance.choice(["active", "onhold"]))
    one.add("incident", effectiveDateTime=f"2026-0{chance.randrange(1, 6)}")
    need = one.add("need", performer=[organization_(to)], priority=chance.choice(["urgent", "routine", "asap"]))
    one.add("outcome", basedOn=[{"reference": need}], performer=[organization_(keeper)])
    id_ = new_id(chance)
    task = one.add(
        "referral-task", status=status, focus={"reference": need}, owner=organization_(to), requester=organization_(keeper),
        identifier=[{"system": example("referral-task")["identifier"][0]["system"], "value": id_[:8].upper()}],
        **_AS_IT_MUST_BE.get(status, {}),
    )  # fmt: skip
    one.add("withdrawal-notice", **_told(keeper, to, id_))
    one.opened = status in OPENS_THE_PAYLOAD
    for sender, recipient in ((keeper, to), (to, keeper)):
        one.add("message", basedOn=[{"reference": need}], **_said(sender, recipient, task))
    for name in chance.sample(FURTHER, 5):
        element = PERSON_ELEMENT[example(name)["resourceType"]] or ""
        one.add(name, **{element: {"reference": f"Patient/{one.id}"}})
    if hidden and keeper != CALLER:
        _add_hidden(one, hidden)
    return one.person


def _told(keeper: str, to: str, task: str) -> Resource:
    """A notice of withdrawal, of an earlier consent say: between these two and nobody else's."""
    number = {"system": example("withdrawal-notice")["about"][0]["identifier"]["system"], "value": task[:8].upper()}
    about = [{"reference": f"Task/{task}", "identifier": number}]
    return {"recipient": [organization_(to)], "sender": organization_(keeper), "about": about}


def _said(sender: str, recipient: str, task: str) -> Resource:
    """Between these two and nobody else."""
    about = [{"reference": task}]
    return {"sender": organization_(sender), "recipient": [organization_(recipient)], "about": about}


def _add_hidden(one: _Survivor, hidden: Random) -> None:
    """What belongs to the same survivor and not to the caller: other referrals, a court's measure, another keeper's records."""
    one.add("consent-by-class", hidden, provision=_consent("hopital", GRANTED[-1]))
    one.add("withdrawal-notice", hidden, **_told(one.keeper, "hopital", new_id(hidden)))
    one.add("message", hidden, **_said(one.keeper, "hopital", f"Task/{new_id(hidden)}"))
    for root in _of_people_and_documents():
        one.add("consent", hidden, provision=root)
    for _ in range(hidden.randrange(3)):
        one.add("need", hidden, performer=[organization_("hopital")])
    if not one.allowed & {"legal"}:
        one.add("protective-measure", hidden)


def _of_people_and_documents() -> Iterator[Resource]:
    """Consents that open to one practitioner of the caller all that its system is not to see, close some of what it sees to
    another, and open by label or by record what nobody of the caller's asks for."""
    permit = _consent("hopital", sorted(shareable()))["provision"][0]
    role = permit["actor"][0]["role"]
    amal, nadia = ([{"role": role, "reference": {"reference": f"Practitioner/{one}"}}] for one in ("amal", "nadia"))
    caller = _consent(CALLER, sorted(shareable()))
    yield caller | {"provision": [caller["provision"][0] | {"actor": amal}]}
    yield {"provision": [{"type": "deny", "actor": nadia}]}
    yield {"provision": [permit | {"securityLabel": [{"system": CONFIDENTIALITY, "code": "R"}]}]}
    yield {"provision": [permit | {"dataPeriod": {"end": "2026-03"}, "action": [_READING]}]}
    yield {"provision": [caller["provision"][0] | {"securityLabel": [{"system": CONFIDENTIALITY, "code": "N"}]}]}


def _also_kept_by(person: Person, keeper: str, hidden: Random) -> None:
    other = _Survivor(person.id, keeper, hidden, EVERY, hidden)
    other.person = person
    end = hidden.choice(["2029-03-12", "2026-11-20T06:00:00+00:00"])  # it is over before the caller's first request
    other.add("consent-by-class", hidden, provision=_consent("hopital", GRANTED[-1], end))
    other.add("incident", hidden)
    other.add("need", hidden, performer=[organization_("hopital")])


def _people(seen: Random, hidden: Random | None) -> Iterator[tuple[Person, bool]]:
    """Each survivor, and whether the caller may know of her at all."""
    statuses = ["requested", "received", "accepted", "accepted", "in-progress", "completed", "rejected"]
    for number, status in enumerate(statuses):
        classes = GRANTED[number] if number < 2 else seen.choice(GRANTED)
        if status in {"requested", "received", "rejected"}:
            classes = GRANTED[0] if status != "rejected" else classes
        person = _referred(seen, seen.choice(["amal", "nour"]), CALLER, status, classes, hidden)
        if hidden and hidden.random() < 0.7:
            _also_kept_by(person, "dar", hidden)
        yield person, True
    for status in ("requested", "accepted", "draft"):
        person = _referred(seen, CALLER, seen.choice(["hopital", "amal"]), status, GRANTED[-1], None)
        if hidden and hidden.random() < 0.7:
            _also_kept_by(person, "dar", hidden)
        yield person, True
    for _ in range(hidden.randrange(2, 5) if hidden else 0):
        assert hidden
        yield _referred(hidden, "nour", "hopital", hidden.choice(statuses), GRANTED[-1], hidden), False


# --- everything -------------------------------------------------------------------------------------------------------


def furnish(hub: Hub, clock: Settable, seen: Random, hidden: Random | None, beyond: Random | None = None) -> Things:
    """Fill the empty database behind `hub`, and say what is there to be asked for. `beyond`: further survivors whom the caller
    may see, but not with a token that stands on the consent of one of the others."""
    things = Things()
    beginning = clock.at
    published = directory(hidden)
    publish(published, hub=hub)
    others = [
        (_referred(beyond, "nour", CALLER, "accepted", GRANTED[-1], beyond), False) for _ in range(3 if beyond else 0)
    ]
    for number, (person, known) in enumerate([*_people(seen, hidden), *others]):
        minutes = 10 * number if known else (hidden or beyond or seen).uniform(0, 200)
        clock.at = (beginning - timedelta(hours=8) + timedelta(minutes=minutes)).replace(microsecond=0)
        settled = person.settle(clock.at, lambda: new_id(hidden or seen))
        saves = [*settled.saves, *_traces(person, seen if known else hidden or beyond or seen, hidden)]
        saves += _compositions(person, hidden)
        hub.store.commit(Changes(saves=saves, persons={person.id: 0}))
        for save in saves:
            things.add(save.resource)
    clock.at = beginning - timedelta(hours=2)
    for person in things.references["Patient"]:
        _live_on(person, clock, hidden, hub)
    clock.at = beginning - timedelta(hours=1)
    saves = [*reports(hidden), *workers_and_forms(hidden)]
    hub.store.commit(Changes(saves=saves))
    for resource in (*published, *(save.resource for save in saves)):
        things.add(resource)
    return things


def _live_on(id_: str, clock: Settable, hidden: Random | None, hub: Hub) -> None:
    """Her record has a second version; and of what the caller does not see, something was deleted."""
    compartment = hub.store.compartments([id_])[id_]
    person = Person.of(compartment, ruling())
    resource = person.get(f"Patient/{id_}")
    if resource:
        person.put({**resource, "active": not resource.get("active", False)}, "")
    for stored in compartment.documents if hidden else ():
        opened = any(key.grant.startswith((f"{CALLER}|", f"{CALLER}~")) for key in stored.keys)
        if (
            stored.type == "Observation"
            and not opened
            and not person.referring_to(f"Observation/{stored.id}", stored.custodian)
        ):
            person.remove(f"Observation/{stored.id}")
    settled = person.settle(clock.at, lambda: new_id(hidden or Random(id_)))
    hub.store.commit(settled.changes(person))


def _traces(person: Person, chance: Random, hidden: Random | None) -> Iterator[Save]:
    """AuditEvents and Provenance of the caller's own records, and of everybody else's."""
    keeper = person.custodian(f"Patient/{person.id}") or ""
    for name in ("audit-read", "audit-create", "provenance"):
        resource = example(name)
        mine = keeper == CALLER
        if mine or hidden:
            resource["id"] = new_id(chance if mine else hidden or chance)
            custodian = keeper or "nour"
            yield Save(renamed(resource, person.id, custodian), person.id, custodian, (Key(own(custodian)),))


def _compositions(person: Person, hidden: Random | None) -> Iterator[Save]:
    """One of each survivor whom the caller keeps, which refers to one of another keeper that the caller may not see."""
    keeper = person.custodian(f"Patient/{person.id}") or ""
    other = str(uuid5(UUID(person.id), "composition of another"))
    if keeper == CALLER:
        entries = [f"Patient/{person.id}", f"Composition/{other}"]
        yield _composition(person, str(uuid5(UUID(person.id), "composition")), CALLER, entries)
    if hidden:
        yield _composition(person, other, "dar", [f"Patient/{person.id}"])


def _composition(person: Person, id_: str, keeper: str, entries: list[str]) -> Save:
    written = {
        "resourceType": "Composition", "id": id_, "status": "final", "date": "2026-03-12", "title": "Summary",
        "type": {"coding": [{"system": "http://loinc.org", "code": "60591-5"}]}, "subject": {"reference": entries[0]},
        "author": [organization_(keeper)], "section": [{"title": "All", "entry": [{"reference": one} for one in entries]}],
    }  # fmt: skip
    return Save(labelled(written), person.id, keeper, (Key(own(keeper)),))
