"""What an association says of a referral that was sent to it: in the tool's own referral, or in the row of services."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.primero.ended import UNSUCCESSFUL, is_unsuccessful, reason
from adapters.primero.forms import normal
from adapters.primero.records import moment
from hub.ports import Place, SourceRecord

ANSWER: Final = "answer"
SAID: Final = frozenset({"accepted", "rejected", "done"})
GIVEN: Final = "implemented"


def answer(
    case: Mapping[str, Any], row: Mapping[str, Any], referrals: Iterable[Mapping[str, Any]] | None
) -> SourceRecord | None:
    """None where nobody has decided anything yet. A service that was given is done, whatever its referral says."""
    own = [one for one in referrals or () if one.get("service_record_id") == row.get("unique_id")]
    said = [
        UNSUCCESSFUL if is_unsuccessful(one) else str(one["status"]) for one in own if str(one.get("status")) in SAID
    ]
    given = normal(str(row.get("service_implemented") or "")) == normal(GIVEN)
    status = GIVEN if given else said[-1] if said else ""
    if not status:
        return None
    number, why = str(case["id"]), reason(own) if status == UNSUCCESSFUL else ""
    return SourceRecord(
        kind=ANSWER,
        id=number,
        version=f"{status} {why}".strip(),
        content={"answer_status": status, **({"answer_reason": why} if why else {})},
        place=Place(record=number),
        handle={"referral": number},
        revision=moment(case["last_updated_at"]),
    )
