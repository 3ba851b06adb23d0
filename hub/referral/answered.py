"""What follows from a request about a referral: it is said of the referral as long as it waits, a cancellation that its owner
agrees to cancels it, and a request whose referral has ended is closed.

HL7 BSeR: the recipient confirms a cancellation, or ends the referral with an outcome all the same. HL7 Clinical Order Workflows:
the referral stays where it is while information is awaited.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from hub.fhir import Resource
from hub.fhir.instants import instant, span
from hub.fhir.references import reference
from hub.fhir.tasks import CANCELLATION, INFORMATION, REFERRAL, REQUESTS, asked_of, kind
from hub.referral.requests import ASKED, PENDING
from hub.referral.steps import Step, moved, said
from hub.referral.transitions import LATE, TERMINAL, business_status

_MORE_URGENT = LATE | {"consent-withdrawn", "awaiting-consent", "re-routing"}
"""What the hub says of a referral rather than that something was asked about it."""
_CLOSED = {CANCELLATION: "cancellation.close", INFORMATION: "information.close"}


def follow(tasks: Sequence[Resource], now: datetime) -> Iterator[Step]:
    """The steps that follow from the requests among these Tasks of one person and one keeper."""
    asked: dict[str, list[Resource]] = {}
    for task in tasks:
        if kind(task) in REQUESTS:
            asked.setdefault(asked_of(task), []).append(task)
    for task in tasks:
        if kind(task) == REFERRAL and reference(task) in asked:
            yield from _of(task, asked[reference(task)], now)


def _of(referral: Resource, requests: list[Resource], now: datetime) -> Iterator[Step]:
    pending = [one for one in requests if one["status"] in PENDING]
    if referral["status"] in TERMINAL:
        for one in pending:
            yield Step({**one, "status": "cancelled", "lastModified": instant(now)}, _CLOSED[kind(one)])
        return
    agreed = next((one for one in requests if kind(one) == CANCELLATION and one["status"] == "accepted"), None)
    if agreed and referral["status"] != "draft":
        reason = agreed["reasonCode"]["coding"][0]["code"]
        yield Step(moved(referral, "cancelled", now, reason=reason), "referral.cancel")
        return
    says, wanted = business_status(referral), _wanted(pending)
    if wanted and says != wanted and says not in _MORE_URGENT:
        yield Step(_waiting(referral, wanted) | {"lastModified": instant(now)}, "referral.update")
    elif not wanted and _is_past(says, referral, requests):
        yield Step(_as_before(referral) | {"lastModified": instant(now)}, "referral.update")


def _waiting(referral: Resource, wanted: str) -> Resource:
    """What was said before still holds (an appointment is kept while something is asked): it is said second, and alone again
    once there is an answer."""
    waits = said(referral, wanted)
    codings = [*waits["businessStatus"]["coding"], *_said_before(referral)]
    return waits | {"businessStatus": {"coding": codings}}


def _as_before(referral: Resource) -> Resource:
    before = _said_before(referral)
    return said(referral, "") | ({"businessStatus": {"coding": before}} if before else {})


def _said_before(referral: Resource) -> list[Resource]:
    asked = {one.says for one in ASKED.values()}
    return [one for one in referral.get("businessStatus", {}).get("coding", ()) if one.get("code") not in asked]


def _wanted(pending: list[Resource]) -> str:
    """Of several requests, what is said is that a cancellation was asked for."""
    kinds = {kind(one) for one in pending}
    return next((ASKED[one].says for one in (CANCELLATION, INFORMATION) if one in kinds), "")


def _is_past(says: str, referral: Resource, requests: list[Resource]) -> bool:
    """Said because of a request that was answered since. Of information, the owner may say so by itself: that stays."""
    if says == ASKED[CANCELLATION].says:
        return True
    since = span(referral["lastModified"])[0]
    answered = [one for one in requests if kind(one) == INFORMATION and span(one["lastModified"])[0] >= since]
    return says == ASKED[INFORMATION].says and bool(answered)
