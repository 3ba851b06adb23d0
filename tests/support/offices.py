"""People of several organisations at the hub's pages, around one survivor whose association keeps her records and refers her."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from hub.directory.organizations import Names
from hub.exchange import Hub
from hub.exchange.publish import publish
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.ports import Registry
from hub.store import MongoStore
from hub.web.app import create_app
from tests.support.network import ENTRIES, KEEPER, referred, survivor
from tests.support.parties import BASE, Addresses, Clock, RandomIds, register
from tests.support.people import Browser, Town
from tests.support.referring import CODE_TYPE, CODES, Referring
from tests.support.services import service

EVERYTHING: Final = frozenset(
    {"user/Task.crus", "user/ServiceRequest.crus", "user/Patient.rs", "user/Communication.crus", "user/Observation.rs",
     "user/HealthcareService.rs", "user/AuditEvent.rs", "user/Flag.rs", "user/RiskAssessment.rs", "user/Questionnaire.rs",
     "user/QuestionnaireResponse.crs"}
)  # fmt: skip
NAME, PHONE = "Zineb Alaoui", "+212612345678"
_TAGS: Final = re.compile(r"<[^>]+>|\s+")


@dataclass
class Office:
    """`at`: the same as systems do it, over HTTP."""

    town: Town
    at: Referring
    browsers: dict[str, Browser] = field(default_factory=dict)

    def desk(self, organization: str, **how: Any) -> Browser:
        """The browser of somebody of this organisation who has signed in."""
        name = f"{organization}-{len(self.browsers)}" if how else organization
        if name not in self.browsers:
            given = {"scopes": EVERYTHING} | how
            browser = self.town.browser()
            browser.sign_in(self.town.person(name, organization, **given))
            browser.get("/console/?lang=fr")
            self.browsers[name] = browser
        return self.browsers[name]

    def refer(self, to: str = "", **more: Any) -> str:
        """The id of a referral of a new need to this organisation, or to whoever takes it on."""
        need = self.at.ask(to, **more)
        if not to:
            return str(self.at.create(KEEPER, referred("", need))["id"])
        focus = f"ServiceRequest/{need}"
        return next(str(one["id"]) for one in self.at.referrals(KEEPER) if one["focus"]["reference"] == focus)

    def page(self, organization: str, task: str) -> str:
        answer = self.desk(organization).get(f"/console/referrals/{task}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def do(self, organization: str, task: str, to: str, **form: str) -> Any:
        """Press a button, or send the form of an act, from the page as it is."""
        browser = self.desk(organization)
        browser.get(f"/console/referrals/{task}")
        version = self.at.read(organization, f"Task/{task}")["meta"]["versionId"]
        return browser.post(f"/console/referrals/{task}/do/{to}", **({"version": version} | form))

    def renew(self) -> None:
        """Tokens end: new ones for the time that it is now."""
        for one in ENTRIES:
            self.at.parties[one.id] = register(self.at.app, self.at.registry, one.id, now=self.town.clock.now())


def office(store: MongoStore, registry: Registry, base: str = BASE) -> Office:
    hub = Hub(store, Clock(), RandomIds(), Names(ENTRIES), b"a pepper that only this test knows")
    medical = [one for one in ENTRIES if "medical" in one.services]
    publish([service(f"{one.id}-care", "medical", one.id, area=[one.province]) for one in medical], hub=hub)
    town = Town(hub, registry, store, base=base)
    made = Office(town, Referring(create_app(town.people.hub, registry, Addresses()), registry, town.people.hub))
    made.renew()
    made.at.person = str(made.at.create(KEEPER, named("CAS-0042"))["id"])
    return made


def named(value: str) -> Resource:
    """A survivor with a name, under this code."""
    code = {"type": {"coding": [{"system": CODE_TYPE, "code": "survivor-code"}]}, "system": CODES, "value": value}
    return survivor() | {
        "meta": {"profile": [profile("survivor-named")]},
        "gender": "female",
        "identifier": [code],
        "name": [{"use": "official", "family": "Alaoui", "given": ["Zineb"]}],
    }


def words(page: str) -> str:
    """What is read on a page."""
    return _TAGS.sub(" ", page.partition("<main")[2])
