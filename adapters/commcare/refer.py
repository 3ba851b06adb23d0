"""A referral that goes to an organisation working with CommCare: one case of its own, below no survivor of theirs.

Its external id says the referral: `PUT …/ext/{external_id}/` makes it or finds it, so that sending twice makes nothing twice, and
the door knows its own cases when it reads. What changes later, or is taken back, is said only of a case that is there,
and what may be known no more is emptied there.
https://github.com/dimagi/commcare-hq/blob/master/docs/api/cases-v2.rst
"""

from collections.abc import Sequence
from typing import Any, Final

from adapters.commcare.client import opened
from adapters.commcare.push import NAME
from adapters.commcare.records import REFERRAL, SENT, TAKEN_BACK
from adapters.commcare.terms import Terms
from hub.ports import Connection, FollowUp, Layout


def refer(connection: Connection, referrals: Sequence[FollowUp]) -> None:
    with opened(connection) as (hq, found):
        for one in referrals:
            id_, properties = f"{SENT}{one.handle['referral']}", _properties(one, connection.layout)
            if one.handle["event"] == "new":
                hq.upsert(id_, _case(properties, found))
            elif one.handle["event"] == "cancelled":
                hq.change(
                    id_, {"properties": {**_emptied(connection.layout), **properties, TAKEN_BACK: YES}, "close": True}
                )
            else:
                hq.change(id_, {"properties": {**_emptied(connection.layout), **properties}})


YES: Final = "yes"


def _case(properties: dict[str, str], found: Terms) -> dict[str, Any]:
    return {
        "case_type": found.referral,
        "case_name": NAME,
        "owner_id": found.owner,
        "properties": properties,
    }


def _properties(referral: FollowUp, layout: Layout) -> dict[str, str]:
    """What the mapping says, under the names that the project space uses."""
    told = {name: text for name, text in referral.values.items() if text and name in layout.follow_up}
    return {_property(name, layout): text for name, text in told.items()}


def _emptied(layout: Layout) -> dict[str, str]:
    """All that can be told: what may be known no more stands in the case no more."""
    return {_property(name, layout): "" for name in layout.follow_up}


def _property(name: str, layout: Layout) -> str:
    return next(iter(layout.columns.get(name, ())), name).removeprefix(f"{REFERRAL}/")
