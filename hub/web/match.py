"""Patient/$match: a Patient as she is known elsewhere, and whom of the survivors that this caller sees it could be.

https://hl7.org/fhir/R4/patient-operation-match.html. What is said of her stands in the body alone. An organisation that has
nothing to do with her gets the answer that it gets for somebody who is in no record at all.
"""

from typing import Any, Final

from hub import conformance
from hub.errors import BAD_PARAMETER, INVALID, ONE_OF_REQUIRED, SCOPE_LACKING, HubError
from hub.exchange import Invalid
from hub.exchange.match import MOST_IDENTIFIERS, MOST_WORDS, Found, match
from hub.fhir import Resource
from hub.oauth import scopes
from hub.search.matching import SHORTEST
from hub.search.resemblance import words
from hub.web.operations import Inputs, Operation
from hub.web.searchset import entry, searchset
from hub.web.service import Call, Service

TYPE: Final = "Patient"
GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
USUAL: Final = 20
MOST: Final = 100


def answer_match(inputs: Inputs, call: Call, service: Service) -> str:
    """A searchset, the best match first, each with its score and grade."""
    if not scopes.permits(call.caller.scopes, TYPE, "search"):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS['search']}")
    said = _said(inputs)
    only_certain = inputs.get("onlyCertainMatches", [False])[0]
    count = min(max(inputs.get("count", [USUAL])[0], 1), MOST)
    found = match(said, call.caller, only_certain=only_certain, count=count, hub=service.hub)
    return searchset(len(found), [], (entry(one.view, service.base, _how(one)) for one in found))


def _said(inputs: Inputs) -> Resource:
    """A Patient of R4, of whatever profile, with something to find her by. Raises ONE_OF_REQUIRED, BAD_PARAMETER, Invalid."""
    if "resource" not in inputs:
        raise HubError(ONE_OF_REQUIRED, path="http.resource", expected="resource")
    said = _without_meta(inputs["resource"][0])
    if said.get("resourceType") != TYPE:
        raise HubError(BAD_PARAMETER, path="http.resource", parameter="resource", expected=TYPE)
    issues = conformance.examine(said)
    if any(issue.blocks for issue in issues):
        raise Invalid(INVALID, issues)
    identifiers, named = said.get("identifier", ()), words(said)
    if len(identifiers) > MOST_IDENTIFIERS or len(named) > MOST_WORDS:
        expected = f"identifier <= {MOST_IDENTIFIERS}, name <= {MOST_WORDS}"
        raise HubError(BAD_PARAMETER, path="http.resource", parameter="resource", expected=expected)
    if not any(one.get("value") for one in identifiers) and not any(len(word) >= SHORTEST for word in named):
        raise HubError(ONE_OF_REQUIRED, path=TYPE, expected=f"{TYPE}.identifier, {TYPE}.name")
    return said


def _without_meta(resource: Any) -> Resource:
    """Which profile it names elsewhere is no matter: it is not kept."""
    return {name: value for name, value in resource.items() if name != "meta"}


def _how(found: Found) -> Resource:
    grade = {"url": GRADE, "valueCode": found.like.grade}
    return {"extension": [grade], "score": found.like.score}


OPERATIONS: Final = (
    Operation(
        "match",
        TYPE,
        {"resource": "Resource", "onlyCertainMatches": "boolean", "count": "integer"},
        answer_match,
        instance=False,
        bare="resource",
        changes=True,
    ),
)
