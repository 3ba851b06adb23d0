"""A referral that goes to an organisation working with Primero: a case with one row of services, and the tool's own referral.

The case bears the referral's own number, and its row one that follows from it: sending twice makes nothing twice, and the door
knows its own cases when it reads. What no form of the role has is left out. Consent to services is for the association to ask:
it is never ticked here, nor overridden, so where the tool wants it first, its own referral follows with a later change.
https://github.com/primeroIMS/primero/blob/main/doc/api/cases/post.md
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from adapters.primero import ended, forms
from adapters.primero.client import PROBLEMS, UNMET, Primero, opened
from adapters.primero.forms import SERVICES, Field, Fields, items
from hub.ports import Connection, FollowUp

SPACE: Final = uuid.UUID("c0a3f1de-2f6b-5b7e-8f0a-6d1f4a9e7b52")
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
REFERRED: Final = "service_status_referred"
TYPE: Final = "service_type"
IN_ROW: Final = f"{SERVICES}/"
NUMBER: Final = "numeric_field"
TEXTS: Final = frozenset({"text_field", "text_area"})
LIVE: Final = frozenset({"in_progress", "accepted"})


def refer(connection: Connection, referrals: Sequence[FollowUp]) -> None:
    with opened(connection) as primero:
        account = forms.account(connection)
        known = forms.explaining(primero, account, partial(_strange, referrals))
        for one in referrals:
            case, event = case_of(one.handle["referral"]), one.handle["event"]
            if event == "cancelled":
                _take_back(primero, case, known)
            elif forms.accepted(
                primero, account, partial(_put, primero, case, one.values, is_new=event == "new"), known
            ):
                _refer(primero, case, connection.settings)


def _strange(referrals: Sequence[FollowUp], known: Fields) -> frozenset[str]:
    """What no form has a place for, and choices that none offers."""
    found = set()
    for name, text in (pair for one in referrals for pair in one.values.items()):
        inside = _inside(known) if name.startswith(IN_ROW) else known
        field = inside.get(name.removeprefix(IN_ROW))
        if field is None or (field.chosen and field.choice(text) is None):
            found.add(name if field is None else f"{name}={text}")
    return frozenset(found)


def _inside(known: Fields) -> Fields:
    return known[SERVICES].inside if SERVICES in known else {}


def case_of(referral: str) -> str:
    """The number of the case: the referral's, where it is a UUID as the tool asks for."""
    try:
        return str(uuid.UUID(referral))
    except ValueError:
        return str(uuid.uuid5(SPACE, referral))


def row_of(case: str) -> str:
    return str(uuid.uuid5(SPACE, case))


def row(case: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row of services that the hub has written, where it is the hub that made this case."""
    return next((one for one in items(case.get(SERVICES)) if one.get("unique_id") == row_of(str(case.get("id")))), None)


def _put(primero: Primero, case: str, values: Mapping[str, str], known: Fields, *, is_new: bool) -> bool:
    """Whether the case is there. One that was made before is not written over: somebody works with it."""
    record = _written(values, case, known)
    if not is_new:
        return primero.change(case, record)
    primero.create({**record, "id": case, "module_id": primero.module})
    return True


def _written(values: Mapping[str, str], case: str, known: Fields) -> dict[str, Any]:
    """What the role's forms have a place for, as the instance spells it."""
    inside = _inside(known)
    record = _placed({name: text for name, text in values.items() if "/" not in name}, known)
    told = {name.removeprefix(IN_ROW): text for name, text in values.items() if name.startswith(IN_ROW)}
    asked = _placed(told, inside) | ({REFERRED: True} if REFERRED in inside else {})
    return record | ({SERVICES: [{"unique_id": row_of(case), **asked}]} if SERVICES in known else {})


def _placed(values: Mapping[str, str], known: Fields) -> dict[str, Any]:
    found = {name: _typed(known[name], text) for name, text in values.items() if name in known and text}
    return {name: value for name, value in found.items() if value is not None}


def _typed(field: Field, text: str) -> str | int | None:
    """As the tool takes it; None for a choice that it does not offer, for half a date, which is never made whole, and for an age
    that is about some number or between two."""
    if field.chosen:
        return field.choice(text) if field.choices else None
    if field.kind == "date_field":
        return text if DAY.fullmatch(text) else None
    if field.kind == NUMBER:
        return int(text) if text.isdecimal() else None
    return text if field.kind in TEXTS else None


def _refer(primero: Primero, case: str, settings: Mapping[str, Any]) -> None:
    """The tool's own referral, to the person whom the connection names; once."""
    user, role = settings.get("refer_to"), settings.get("refer_role")
    if not user or _own(primero, case):
        return
    asked = row(primero.case(case)) or {}
    primero.refer(
        case,
        {
            "transitioned_to": user,
            "service_record_id": row_of(case),
            **({"service": asked[TYPE]} if asked.get(TYPE) else {}),
            **({"authorized_role_unique_id": role} if role else {}),
        },
    )


def _own(primero: Primero, case: str) -> list[str]:
    """The tool's referrals of our row that somebody may still answer."""
    found = primero.hanging_on(case, "referrals") or []
    mine = [one for one in found if one.get("service_record_id") == row_of(case) and str(one.get("status")) in LIVE]
    return [str(one["id"]) for one in mine if "id" in one]


def _take_back(primero: Primero, case: str, known: Fields) -> None:
    """Revoked, and the row no longer one that was referred. Nothing where the case never came there."""
    marks = REFERRED in known[SERVICES].inside if SERVICES in known else False
    unmarked = {SERVICES: [{"unique_id": row_of(case), REFERRED: False}]} if marks else {}
    if primero.change(case, unmarked):
        for referral in _own(primero, case):
            _revoke(primero, case, referral, known)


def _revoke(primero: Primero, case: str, referral: str, known: Fields) -> None:
    given = known[SERVICES].inside.get(ended.GIVEN) if SERVICES in known else None
    more = ended.words(primero, {ended.GIVEN: ended.NOT_GIVEN}, given)
    if not ended.tell(partial(primero.revoke, case, referral), {}, more):
        raise PROBLEMS.fatal("refused", status=str(UNMET))
