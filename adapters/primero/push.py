"""Follow-ups into the row of services that a referral came from, and into the tool's own referral where the account answers it.

A row is always named by its `unique_id`: without one, each write would append another row. Only fields and choices that the
role's forms have are sent: one that they do not know would make the server refuse the whole case. Consent is never overridden.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from adapters.primero import ended, forms
from adapters.primero.client import ABSENT, PROBLEMS, UNMET, Primero, opened
from adapters.primero.forms import SERVICES, Field, Fields
from hub.errors import Retriable
from hub.ports import Connection, FollowUp

ROW: Final = re.compile(r"services_section\[\d+\]/unique_id")
STATUS: Final = "referral_status"
REASON: Final = "rejected_reason"
ROW_ALONE: Final = frozenset({STATUS, REASON, "reason_not_successful"})
"""What goes into the tool's own referral, which is no form."""
GIVEN_AT: Final = "service_implemented_day_time"
STEPS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("in_progress", "accepted"): ("accepted",),
    ("in_progress", "rejected"): ("rejected",),
    ("in_progress", ended.DONE): ("accepted", ended.DONE),
    ("accepted", ended.DONE): (ended.DONE,),
}
"""The tool passes over any other step without a word: https://github.com/primeroIMS/primero/blob/main/app/models/referral.rb"""


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """One request for all rows of a case, and as many as its referrals need. A later follow-up of a row wins."""
    told: dict[str, dict[str, dict[str, str]]] = {}
    handles: dict[str, Mapping[str, str]] = {}
    for one in follow_ups:
        values = {name: value for name, value in one.values.items() if name in connection.layout.follow_up}
        row = _row(one)
        if row and values:
            told.setdefault(one.handle["case"], {}).setdefault(row, {}).update(values)
            handles[one.handle["case"]] = one.handle
    if not told:
        return
    with opened(connection) as primero:
        account = forms.account(connection)
        known = forms.explaining(primero, account, lambda known: _strange(told.values(), _inside(known)))
        inside = _inside(known)
        for case, rows in told.items():
            for row, values in rows.items():
                if STATUS in values and (referral := handles[case].get(f"referral:{row}")):
                    _answer(primero, case, referral, values, inside.get(ended.GIVEN))
            # after: the tool takes a referral that is done for a service that was given
            if not forms.accepted(primero, account, partial(_write, primero, case, rows), known):
                raise PROBLEMS.fatal("refused", status=str(ABSENT))


def _inside(known: Fields) -> Fields:
    return known[SERVICES].inside if SERVICES in known else {}


def _strange(told: Iterable[Mapping[str, Mapping[str, str]]], inside: Fields) -> frozenset[str]:
    """What the forms have no place for, and choices that they do not offer."""
    values = (pair for rows in told for row in rows.values() for pair in row.items() if pair[0] not in ROW_ALONE)
    return frozenset(
        name if name not in inside else f"{name}={value}"
        for name, value in values
        if name not in inside or inside[name].choice(value) is None
    )


def _row(follow_up: FollowUp) -> str | None:
    """The `unique_id` of the row that the mapping names: `services_section[1]/unique_id`."""
    return next((value for name, value in follow_up.values.items() if ROW.fullmatch(name)), None)


def _write(primero: Primero, case: str, rows: Mapping[str, Mapping[str, str]], known: Fields) -> bool:
    """False where there is no such case."""
    inside = _inside(known)
    written = [{"unique_id": row, **placed} for row, values in rows.items() if (placed := _placed(values, inside))]
    return not written or primero.change(case, {SERVICES: written})


def _placed(values: Mapping[str, str], known: Fields) -> dict[str, Any]:
    """What the role's forms have a place for, in the instance's own choices."""
    done = values.get(ended.GIVEN) == "implemented"
    found = {
        name: known[name].choice(value)
        for name, value in values.items()
        if name in known and (done or name != GIVEN_AT)
    }
    return {name: value for name, value in found.items() if value is not None}


def _answer(primero: Primero, case: str, referral: str, values: Mapping[str, str], given: Field | None) -> None:
    """Step by step, as the tool demands, and read back: a step that it does not allow it leaves undone without saying so."""
    wanted = values[STATUS]
    for step in STEPS.get((_status(primero, case, referral), wanted), ()):
        reason = {REASON: values[REASON]} if step == "rejected" and REASON in values else {}
        more = ended.words(primero, values, given) if step == ended.DONE else {}
        if not ended.tell(partial(primero.answer, case, referral), {"status": step, **reason}, more):
            raise PROBLEMS.fatal("refused", status=str(UNMET))
        if _status(primero, case, referral) != step:
            raise Retriable("adapters.primero-write-failed")


def _status(primero: Primero, case: str, referral: str) -> str:
    found = primero.hanging_on(case, "referrals") or []
    return next((str(one.get("status")) for one in found if str(one.get("id")) == referral), "")
