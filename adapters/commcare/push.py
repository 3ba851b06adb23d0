"""What became of referrals, as properties of their referral cases.

A need that stands in a survivor's own case, and was referred at the hub, has no such case: one is made for it, below hers, under
the referral's id as external id. `PUT …/ext/{external_id}/` makes it or changes it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapters.commcare.client import opened
from adapters.commcare.records import OURS, REFERRAL
from adapters.commcare.terms import Terms
from hub.ports import Connection, FollowUp, Layout

NAME: Final = "Ihala"
"""Of the cases that are made: lists show it, so that it says nothing of her."""


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """One request for each referral; a later follow-up of a referral wins over an earlier one."""
    told = {one.id: (one, dict(_properties(one, connection.layout))) for one in follow_ups}
    told = {id_: (one, properties) for id_, (one, properties) in told.items() if properties}
    if not told:
        return
    with opened(connection) as (hq, found):
        for one, properties in told.values():
            if id_ := one.handle.get("referral"):
                hq.update(id_, {"properties": properties})
            else:
                hq.upsert(f"{OURS}{one.id}", _child(one, properties, found))


def _properties(follow_up: FollowUp, layout: Layout) -> Iterator[tuple[str, str]]:
    """Only what the mapping has a follow-up column for."""
    for name, value in follow_up.values.items():
        if name in layout.follow_up:
            header = next(iter(layout.columns.get(name, ())), name)
            yield header.removeprefix(f"{REFERRAL}/"), value


def _child(follow_up: FollowUp, properties: dict[str, str], found: Terms) -> dict[str, Any]:
    parent = {"case_id": follow_up.handle["survivor"], "case_type": found.survivor, "relationship": "child"}
    said = {"case_type": found.referral, "case_name": NAME, "properties": properties, "indices": {"parent": parent}}
    owner = follow_up.handle.get("owner")
    return {**said, "owner_id": owner} if owner else said
