"""The referrals of one's organisation: received, sent, and open to whoever takes them on. What is late stands first.

A list is a search (https://hl7.org/fhir/R4/search.html), as an application would ask it: what she may not see is not in it, not
counted and not paged, and each look is recorded. Of a survivor there is no more in it than in the notice.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Blueprint, Response, request

from hub.console import notices, pages, plain
from hub.console.desk import Desk
from hub.console.needed import needed
from hub.errors import SCOPE_LACKING, HubError
from hub.exchange import Page, disclose
from hub.exchange.timeline import awaited
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.oauth import scopes, vault
from hub.ports import FOREVER, Caller
from hub.referral.stages import LATE
from hub.referral.transitions import TERMINAL
from hub.search import parse

ADDRESS: Final = "/console/referrals"
BOXES: Final = ("received", "sent", "open")
STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "waiting": ("draft", "requested", "received", "accepted", "in-progress", "on-hold"),
    "to-answer": ("requested", "received"),
    "under-way": ("accepted", "in-progress", "on-hold"),
    "over": tuple(sorted(TERMINAL)),
}
"""What can be chosen → statuses."""
A_PAGE: Final = 20
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Box:
    """What is asked for: which list, in which state; `after`: where the page before it ended."""

    name: str
    state: str
    after: str = ""


def register(room: Blueprint, desk: Desk) -> None:
    @room.get(ADDRESS)
    def referrals() -> Response:
        caller = desk.asker()
        require(caller, "Task", "search")
        box = _chosen(desk, caller)
        late = _found(_late(box, caller), caller, desk) if not box.after and box.state != "over" else None
        page = _found(replace(_rest(box, caller), after=box.after or None), caller, desk)
        return pages.show(
            "referral-list.html",
            account=desk.account(),
            box=box,
            boxes=BOXES,
            states=[one for one in STATES if box.name != "open" or one == "waiting"],
            needed=_needed(box, caller, desk),
            withdrawn=_withdrawn(box, caller, desk),
            late=_lines(late, caller, desk) if late else [],
            late_total=(late.total or 0) if late else 0,
            rest=_lines(page, caller, desk, soonest_first=box.state != "over"),
            after=_sealed(page.after, caller, desk) if page.after else "",
        )


def require(caller: Caller, type_: str, interaction: str) -> None:
    """Raises SCOPE_LACKING."""
    if not scopes.permits(caller.scopes, type_, interaction):
        raise HubError(SCOPE_LACKING, expected=f"user/{type_}.{scopes.LETTERS[interaction]}")


def _chosen(desk: Desk, caller: Caller) -> Box:
    """What nobody offered is read as the first choice."""
    name, state = request.args.get("box", ""), request.args.get("state", "")
    name = name if name in BOXES else BOXES[0]
    state = state if state in STATES and name != "open" else "waiting"
    return Box(name, state, _opened(request.args.get("page", ""), caller, desk))


def _late(box: Box, caller: Caller) -> Query:
    return _query([*_of(box, caller), ("business-status", ",".join(sorted(LATE))), ("_sort", "authored-on")])


def _rest(box: Box, caller: Caller) -> Query:
    """The longest wait first; of what is over, what ended last."""
    if box.state == "over":
        return _query([*_of(box, caller), ("_sort", "-_lastUpdated")])
    return _query([*_of(box, caller), ("business-status:not", ",".join(sorted(LATE))), ("_sort", "authored-on")])


def _of(box: Box, caller: Caller) -> Pairs:
    mine = f"Organization/{caller.organization}"
    whose: Mapping[str, Pairs] = {
        "received": [("owner", mine)],
        "sent": [("requester", mine)],
        "open": [("owner:missing", "true")],
    }
    statuses = ("requested",) if box.name == "open" else STATES[box.state]
    return [("code", "fulfill"), *whose[box.name], ("status", ",".join(statuses))]


def _query(pairs: Pairs) -> Query:
    return parse("Task", [*pairs, ("_count", str(A_PAGE))], strict=True)[0]


def _found(query: Query, caller: Caller, desk: Desk) -> Page:
    return disclose.search(query, caller, hub=desk.people.hub)


def _lines(page: Page, caller: Caller, desk: Desk, *, soonest_first: bool = True) -> Sequence[plain.Line]:
    hub, me = desk.people.hub, caller.organization
    windows = awaited((view.id for view in page.entries), caller, hub=hub)
    tasks: list[Resource] = [loads(view.text) for view in page.entries]
    if soonest_first:
        tasks.sort(key=lambda task: windows[_name(task)].end if _name(task) in windows else FOREVER)
    return [plain.line(task, windows.get(_name(task)), me, hub.clock.now(), hub) for task in tasks]


def _needed(box: Box, caller: Caller, desk: Desk) -> list[tuple[plain.Line, tuple[str, ...]]]:
    """Whatever list she looks at first, she sees who waits for her."""
    hub, me = desk.people.hub, caller.organization
    if box.after or box.state == "over":
        return []
    return [(plain.line(task, None, me, hub.clock.now(), hub), what) for task, what in needed(caller, hub=hub)]


def _withdrawn(box: Box, caller: Caller, desk: Desk) -> list[notices.Notice]:
    """Beside what she received: of which referrals a consent was taken back."""
    return notices.notices(caller, hub=desk.people.hub) if box.name == "received" and not box.after else []


def _name(task: Resource) -> str:
    return f"Task/{task['id']}"


# --- a page after the first -------------------------------------------------------------------------------------------


def _sealed(after: str, caller: Caller, desk: Desk) -> str:
    """Where a page ended is told by what stands there: sealed, and good for this person alone."""
    return urlsafe_b64encode(vault.seal(after.encode(), _key(desk), caller.practitioner)).rstrip(b"=").decode()


def _opened(link: str, caller: Caller, desk: Desk) -> str:
    """ "": the first page, also where the link is none of hers."""
    try:
        raw = urlsafe_b64decode(link.encode("ascii") + b"=" * (-len(link) % 4))
    except ValueError:
        return ""
    return vault.unseal(raw, _key(desk), caller.practitioner).decode()


def _key(desk: Desk) -> bytes:
    return vault.key(desk.people.hub.pepper, "hub.console.paging")
