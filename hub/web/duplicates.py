"""Patient/$possible-duplicates, Patient/$judge-duplicate: which two of the survivors that a caller sees could be one woman,
and what its organisation says of it (`profiles/operation-definitions/patient-*-duplicate*.json`).

Asked by POST alone: whom the answer is about stands in no URL. Who sees one of the two is answered as if there were no other.
"""

from collections.abc import Iterator
from typing import Final, cast

from hub.errors import BAD_PARAMETER, NOT_FOUND, ONE_OF_REQUIRED, SCOPE_LACKING, HubError
from hub.exchange.duplicates import STANDINGS, TYPE, Pair, Standing, decided, possible
from hub.exchange.same_or_not import judge
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.search.pairing import RANKED
from hub.search.resemblance import Grade
from hub.web.match import GRADE
from hub.web.operations import Inputs, Operation
from hub.web.read import ID
from hub.web.service import Call, Service

USUAL: Final = 20
MOST: Final = 100


def answer_possible(inputs: Inputs, call: Call, service: Service) -> Resource:
    """The likeliest first; those that are decided on demand, the last first."""
    _require(call, TYPE, "search")
    said = cast(Standing, _one(inputs, "decision", STANDINGS, "undecided"))
    least = cast(Grade, _one(inputs, "grade", RANKED, "probable"))
    count = min(max(inputs.get("count", [USUAL])[0], 1), MOST)
    if said == "undecided":
        found = possible(call.caller, hub=service.hub, count=count, least=least)
    else:
        found = decided(call.caller, hub=service.hub, count=count, said=said)
    total: Resource = {"name": "total", "valueInteger": found.total}
    pairs = [{"name": "pair", "part": list(_parts(pair))} for pair in found.pairs]
    return {"resourceType": "Parameters", "parameter": [total, *pairs]}


def _parts(pair: Pair) -> Iterator[Resource]:
    yield {
        "name": "score",
        "extension": [{"url": GRADE, "valueCode": pair.like.grade}],
        "valueDecimal": pair.like.score,
    }
    for person in (pair.one, pair.other):
        yield {"name": "patient", "resource": loads(person.view.text)}
    yield {"name": "decision", "valueCode": pair.standing}
    if pair.judgement:
        yield {"name": "decided", "valueInstant": instant(pair.judgement.at)}
    if pair.judgement and pair.is_asked_again:
        yield {"name": "before", "valueCode": pair.judgement.said}


def answer_judge(inputs: Inputs, call: Call, service: Service) -> Resource:
    _require(call, TYPE, "search")
    _require(call, "Task", "update")
    said = cast(Standing, _one(inputs, "decision", STANDINGS))
    one, other = (_id(inputs, name, service.base) for name in ("patient", "other"))
    stands = judge(one, other, said, call.caller, hub=service.hub)
    return {"resourceType": "Parameters", "parameter": [{"name": "decision", "valueCode": stands}]}


def _require(call: Call, type_: str, interaction: str) -> None:
    """Who decides is who answers referrals: nothing of a Patient changes."""
    if not scopes.permits(call.caller.scopes, type_, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{type_}.{scopes.LETTERS[interaction]}")


def _one(inputs: Inputs, name: str, known: tuple[str, ...], usual: str = "") -> str:
    given: str = inputs[name][0] if name in inputs else usual
    if given not in known:
        raise HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=", ".join(known))
    return given


def _id(inputs: Inputs, name: str, base: str) -> str:
    if name not in inputs:
        raise HubError(ONE_OF_REQUIRED, path=f"http.{name}", expected=name)
    reference: str = inputs[name][0]["reference"]
    type_, _, id_ = reference.removeprefix(f"{base}/").partition("/")
    if type_ != TYPE or not ID.fullmatch(id_):
        raise HubError(NOT_FOUND)
    return id_


OPERATIONS: Final = (
    Operation(
        "possible-duplicates",
        TYPE,
        {"decision": "code", "grade": "code", "count": "integer"},
        answer_possible,
        instance=False,
        ours=True,
        changes=True,
    ),
    Operation(
        "judge-duplicate",
        TYPE,
        {"patient": "Reference", "other": "Reference", "decision": "code"},
        answer_judge,
        instance=False,
        ours=True,
        changes=True,
    ),
)
