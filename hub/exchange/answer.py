"""Answer: what a recipient's own tool says of a referral that was sent to it, as the next step of the referral.

The recipient is the Task's owner and may do through its tool what it may do itself: the state machine judges, and a referral that
it was not sent does not exist for it. An answer that comes late, twice or out of its order changes nothing and is remarked; one
that cannot be understood waits in quarantine, and can be tried again. So does one with words that cannot be sent any more.
"""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as ByType
from dataclasses import dataclass
from typing import Any, Final

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, change
from hub.exchange.identity import fingerprint
from hub.exchange.notify import MayNotKnow, seen
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.receipt import Receipt, Rejected
from hub.exchange.remark import remark
from hub.fhir import Resource
from hub.fhir.instants import day_of
from hub.fhir.issues import Issue
from hub.fhir.serial import written_alike
from hub.mapping import Context, Mapping
from hub.ports import Caller, Changes, Connection, Quarantined, SourceRecord
from hub.referral.transitions import TERMINAL

SAID: Final = frozenset({"status", "statusReason", "businessStatus", "output", "identifier"})
"""The elements of a Task that an answer speaks of; all others are as they were sent."""
BESIDE: Final[Sequence[str]] = ("businessStatus", "output")
"""What a recipient may say of a referral whose status stays."""
HANDLE: Final = "referral"
"""Where the adapter keeps which referral an answer is about."""
BEGUN: Final = frozenset({"in-progress", "on-hold", "completed", "failed"})
UNKNOWN: Final = Issue("error", "not-found", "receive.answer-to-nothing")
LATE: Final = Issue("warning", "business-rule", "receive.answer-out-of-order", "Task.status")
UNSENT: Final = Issue("error", "business-rule", "receive.remark-not-sent", "Communication.payload")
NOT_NOW: Final = frozenset({errors.ILLEGAL_TRANSITION, errors.IMMUTABLE, errors.OUT_OF_TURN, errors.NOT_YOURS})


@dataclass(frozen=True)
class _Taken:
    """`new`: it said what was not known. `late`: its step does not fit any more; `unsent`: its words cannot be sent any more."""

    new: bool
    late: bool
    unsent: bool

    def count(self) -> Receipt:
        return Receipt(updated=1) if self.new else Receipt(unchanged=1)


def answer(records: Sequence[SourceRecord], connection: Connection, mapping: Mapping, *, hub: Hub) -> Receipt:
    """Takes answers in, in their order; `mapping` is the connection's, which names the mapping of each kind of answer."""
    total = Receipt(read=len(records))
    for record in records:
        total += _answer(record, connection, mapping, hub)
    return total


def is_answer(record: SourceRecord, mapping: Mapping) -> bool:
    return record.kind in mapping.answers


def _answer(record: SourceRecord, connection: Connection, mapping: Mapping, hub: Hub) -> Receipt:
    form = mapping.answers[record.kind]
    mapped = form.forward(record, Context(connection.organization, hub.directory.find, day_of(hub.clock.now())))
    if wrong := tuple(issue for issue in mapped.issues if issue.blocks and not mapped.left_out):
        return _set_aside(record, wrong, connection, form, hub)
    said = {draft.resource["resourceType"]: draft.resource for draft in mapped.drafts}
    if not said.get("Communication") and "status" not in said.get("Task", {}):
        # nothing that is new to a referral, be it one of which the recipient may know or not
        nothing = Receipt(left_out=1) if mapped.left_out else Receipt(unchanged=1)
        return nothing + _released(record, connection, form, hub)
    caller = Caller(f"connection:{connection.id}", connection.organization, REFERRAL_PURPOSE)
    try:
        before = seen(f"Task/{record.handle.get(HANDLE, '')}", caller, hub=hub)
        taken = _take(said, before, caller, hub)
    except MayNotKnow:
        return _set_aside(record, (UNKNOWN,), connection, form, hub)
    except HubError as problem:
        if problem.problem.status >= 500 or problem.problem is errors.CONFLICT:
            raise
        issue = Issue("error", problem.problem.issue, problem.text, problem.path, params=problem.params)
        return _set_aside(record, (issue,), connection, form, hub)
    if taken.unsent:
        return _set_aside(record, (UNSENT,), connection, form, hub)
    late = Receipt(warnings=((str(record.place), LATE),))
    return taken.count() + (late if taken.late else _released(record, connection, form, hub))


def _take(said: ByType[str, Resource], before: Resource, caller: Caller, hub: Hub) -> _Taken:
    """Words before the step: about a referral that was refused nobody writes any more. Raises HubError."""
    words, step = said.get("Communication"), said.get("Task", {})
    told = _in_time(lambda: remark(words, before["id"], caller, hub=hub)) if words else False
    moved = _in_time(lambda: _advance(before, step, caller, hub))
    return _Taken(new=bool(told or moved), late=moved is None, unsent=told is None)


def _in_time(act: Callable[[], bool]) -> bool | None:
    """Whether it said something new; None where it came too late. Raises HubError."""
    try:
        return act()
    except HubError as problem:
        if problem.problem in NOT_NOW:
            return None
        raise


def _advance(before: Resource, said: Resource, caller: Caller, hub: Hub) -> bool:
    """Whether the referral moved. Work that has begun was accepted, also where nobody said so. Raises HubError."""
    target = said.get("status")
    if target is None:
        return False
    if target == before["status"]:
        return target not in TERMINAL and _go_on(before, said, caller, hub)
    steps = [said]
    if target in BEGUN and before["status"] in {"requested", "received"}:
        steps = [{"status": "accepted"}, said]
    for step in steps:
        change.patch("Task", before["id"], _revising(step), caller, expected=None, hub=hub)
    return True


def _go_on(before: Resource, said: Resource, caller: Caller, hub: Hub) -> bool:
    """Whether something new is said of a referral that stands as it did: how it goes on, or when she is expected."""
    told = {
        element: said[element] for element in BESIDE if element in said and not _stands(said[element], before, element)
    }
    if told:
        change.patch("Task", before["id"], _revising(told), caller, expected=None, hub=hub)
    return bool(told)


def _stands(said: Any, before: Resource, element: str) -> bool:
    stored = before.get(element)
    if isinstance(said, list):
        return all(one in (stored or ()) for one in said)
    return bool(written_alike(stored, said)) if isinstance(stored, dict) else False


def _revising(said: Resource) -> Callable[[Resource], Resource]:
    def revise(stored: Resource) -> Resource:
        told = {element: value for element, value in said.items() if element in SAID}
        if reason := told.get("statusReason"):
            told["statusReason"] = {"text": reason["coding"][0]["code"], **reason}
        if numbers := told.get("identifier"):
            own = {one["system"] for one in numbers}
            told["identifier"] = [*(one for one in stored.get("identifier", ()) if one["system"] not in own), *numbers]
        outputs = told.pop("output", [])
        kinds = [one["type"] for one in outputs]
        kept = [one for one in stored.get("output", []) if one["type"] not in kinds]
        after: Resource = {**stored, **told}
        return {**after, "output": [*kept, *outputs]} if kept or outputs else after

    return revise


def _key(record: SourceRecord, connection: Connection, hub: Hub) -> str:
    """Of an answer, which has no history as a record of its own: the last word of a referral stands."""
    return fingerprint(hub.pepper, connection.id, record.kind, record.id)


def _set_aside(
    record: SourceRecord, issues: tuple[Issue, ...], connection: Connection, form: Mapping, hub: Hub
) -> Receipt:
    key = _key(record, connection, hub)
    discarded = next(iter(hub.store.quarantine(connection.id, key, discarded=True)), None)
    if discarded is not None and discarded.record["version"] == record.version:
        return Receipt(unchanged=1)
    entry = Quarantined(
        key=key,
        connection=connection.id,
        mapping=f"{form.id}@{form.version}",
        place=str(record.place),
        issues=issues,
        content=record.content,
        at=hub.clock.now(),
        record={
            "kind": record.kind, "id": record.id, "version": record.version, "handle": dict(record.handle),
            "headers": dict(record.headers), "record": record.place.record,
        },
    )  # fmt: skip
    hub.store.commit(Changes(quarantine=[entry]))
    return Receipt(rejected=(Rejected(str(record.place), issues),))


def _released(record: SourceRecord, connection: Connection, form: Mapping, hub: Hub) -> Receipt:
    key = _key(record, connection, hub)
    kept = (next(iter(hub.store.quarantine(connection.id, key, discarded=one)), None) for one in (False, True))
    if any(kept):
        hub.store.commit(Changes(released=[key]))
    return Receipt()
