"""What is set aside of the connections of one's own organisation: how much, why, where to mend it, and another try.

`hub.exchange.set_aside` says it. Who has not the function, and whoever names a connection of another organisation, finds the
page of an address that is none.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, request

from hub.accounts import Account
from hub.console import found, pages
from hub.console.desk import Desk
from hub.errors import NOT_FOUND, HubError
from hub.exchange import set_aside
from hub.exchange.findings import where
from hub.exchange.upload import Door, takes_uploads
from hub.oauth.handing_over import may_hand_over

ADDRESS: Final = "/console/set-aside"
A_PAGE: Final = 20
PLACES: Final = 100
MOST_PAGES: Final = 1000


@dataclass(frozen=True)
class Said:
    """A reason in words. `more`: at how many places beside those that are named."""

    id: str
    why: str
    count: int
    since: str
    where: tuple[str, ...]
    more: int


def register(room: Blueprint, desk: Desk) -> None:
    hub, doors = desk.people.hub, desk.doors

    @room.get(ADDRESS)
    def set_aside_all() -> Response:
        account = _officer(desk)
        waiting = set_aside.overview(desk.asker(), doors=doors, hub=hub)
        return pages.show(
            "set-aside.html",
            account=account,
            connections=[
                (_address(door), pages.connection(door), one.count, pages.date(one.since)) for door, one in waiting
            ],
        )

    @room.get(f"{ADDRESS}/<name>")
    def set_aside_of(name: str) -> Response:
        account, caller, page = _officer(desk), desk.asker(), _page()
        said = set_aside.reasons(name, caller, doors=doors, hub=hub)
        door = set_aside.find(name, caller, doors)
        return _show(
            "set-aside-of.html",
            account,
            door,
            all=said.all,
            since=pages.date(said.all.since) if said.all else "",
            reasons=[_said(one) for one in said.reasons[(page - 1) * A_PAGE : page * A_PAGE]],
            read=said.read,
            outdated=said.outdated,
            at_once=set_aside.TRIED,
            takes_uploads=takes_uploads(door),
            page=page,
            is_last=len(said.reasons) <= page * A_PAGE,
        )

    @room.post(f"{ADDRESS}/<name>")
    def set_aside_try(name: str) -> Response:
        """Sent once more by the browser, it tries once more: what is understood is taken in once."""
        account, caller = _officer(desk), desk.asker()
        tried = set_aside.try_again(name, caller, doors=doors, hub=hub)
        door = set_aside.find(name, caller, doors)
        return _show(
            "set-aside-tried.html",
            account,
            door,
            tried=tried.receipt.read,
            taken=tried.receipt.read - tried.receipt.set_aside,
            left=tried.left,
            number=caller.request,
        )

    @room.get(f"{ADDRESS}/<name>/<reason>")
    def set_aside_where(name: str, reason: str) -> Response:
        account, caller, page = _officer(desk), desk.asker(), _page()
        one = set_aside.reason(name, reason, caller, most=page * PLACES, doors=doors, hub=hub)
        door = set_aside.find(name, caller, doors)
        return _show(
            "set-aside-where.html",
            account,
            door,
            reason=_said(one),
            places=_places(one.places[(page - 1) * PLACES :]),
            page=page,
            is_last=one.count <= page * PLACES,
        )


def _officer(desk: Desk) -> Account:
    """Who keeps registers. Raises SignInFirst; NOT_FOUND for others, to whom nothing is there."""
    account = desk.account()
    if not may_hand_over(account):
        raise HubError(NOT_FOUND)
    return account


def _page() -> int:
    """What nobody offered is the first."""
    asked = request.args.get("page", "")
    return min(max(int(asked), 1), MOST_PAGES) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


def _show(template: str, account: Account, door: Door, **more: Any) -> Response:
    """A page about one connection."""
    return pages.show(template, account=account, address=_address(door), connection=pages.connection(door), **more)


def _address(door: Door) -> str:
    return f"{ADDRESS}/{quote(door.connection.id, safe='')}"


def _said(one: set_aside.Reason) -> Said:
    places = _places(one.places[: set_aside.FIRST])
    return Said(one.id, found.why(one.issue), one.count, pages.date(one.since), places, one.count - len(places))


def _places(stated: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, (where(place, pages.language()) for place in stated)))
