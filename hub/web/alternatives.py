"""Task/[id]/$alternatives: where a referral that was refused could go next, and whether her consent covers telling them.

`profiles/operation-definitions/task-alternatives.json`. Nothing is asked but of which referral: what is looked for is what its
notice says.
"""

from typing import Final

from hub.errors import SCOPE_LACKING, HubError
from hub.exchange.reroute import Alternative, alternatives
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.definitions import load
from hub.oauth import scopes
from hub.web.match_services import reason
from hub.web.operations import Inputs, Operation
from hub.web.searchset import entry, searchset
from hub.web.service import Call, Service

TYPE: Final = "Task"
NEEDED: Final = (("Task", "read"), ("HealthcareService", "search"))


def answer_alternatives(_: Inputs, call: Call, service: Service) -> str:
    """A searchset, the most fitting first, each with its score, its reasons, and how consent stands."""
    for type_, interaction in NEEDED:
        if not scopes.permits(call.caller.scopes, type_, interaction):
            raise HubError(SCOPE_LACKING, expected=f"system/{type_}.{scopes.LETTERS[interaction]}")
    may_search = scopes.permits(call.caller.scopes, TYPE, "search")
    found = alternatives(call.id, call.caller, hub=service.hub, remembering=may_search)
    entries = (entry(one.answer.view, service.base, _how(one, call.language)) for one in found)
    return searchset(len(found), [], entries)


def _how(one: Alternative, language: str) -> Resource:
    reasons = [reason(each, language) for each in one.answer.fit.reasons]
    return {"extension": [*reasons, _consent(one.consent, language)], "score": one.answer.fit.score}


def _consent(code: str, language: str) -> Resource:
    coding = {"system": code_system("referral-consent"), "code": code}
    said = {"coding": [coding], "text": load().display("referral-consent", code, language) or code}
    return {"url": profile("referral-consent"), "valueCodeableConcept": said}


OPERATIONS: Final = (Operation("alternatives", TYPE, {}, answer_alternatives, of_type=False, ours=True),)
