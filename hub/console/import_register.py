"""A register is handed over: tried first, then taken in, by the use case behind `$import-register`.

`profiles/operation-definitions/import-register.json`. Of the file nothing is kept between the two, neither on a disk (`held.py`)
nor in the session: a register that waits somewhere to be confirmed is a copy of everything, and somebody would have to end it.
So she chooses the file twice, and what was tried is known again by a keyed hash in the form: another file, or another
connection, is tried anew.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request

from hub import errors, texts
from hub.accounts import Account
from hub.console import found, pages
from hub.console.desk import Desk
from hub.errors import AdapterError, HubError
from hub.exchange.receipt import Receipt
from hub.exchange.upload import LARGEST, MOST_RECORDS, Door, choices, upload
from hub.oauth import vault
from hub.ports import Caller

ADDRESS: Final = "/console/import-register"
TAKE: Final = "take"
Wrong = Mapping[str, str]


@dataclass(frozen=True, repr=False)
class Sent:
    """What the form brought."""

    connection: str
    content: bytes


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(ADDRESS, methods=["GET", "POST"])
    def import_register() -> Response:
        account, caller = desk.data_officer(), desk.asker()
        doors = choices(caller, desk.doors)
        if request.method == "GET" or not doors:
            return _form(account, doors, {})
        sent = _sent()
        if wrong := _lacking(sent, doors):
            return _form(account, doors, wrong)
        seal = _seal(sent, account, desk)
        is_sure = request.form.get("act") == TAKE and hmac.compare_digest(seal, request.form.get("tried", ""))
        try:
            receipt = upload(
                sent.connection, sent.content, caller, doors=desk.doors, commit=is_sure, hub=desk.people.hub
            )
        except (AdapterError, HubError) as problem:
            return _form(account, doors, {"register": _why(problem)})
        return _taken(receipt, sent, caller, desk) if is_sure else _tried(receipt, sent, account, seal)


def _sent() -> Sent:
    file = request.files.get("register")
    return Sent(request.form.get("connection", ""), file.read() if file else b"")


def _lacking(sent: Sent, doors: Sequence[Door]) -> Wrong:
    wrong = {}
    if sent.connection not in {door.connection.id for door in doors}:
        wrong["connection"] = pages.say("hand-over.no-connection")
    if not sent.content:
        wrong["register"] = pages.say("hand-over.no-file")
    elif len(sent.content) > LARGEST:
        wrong["register"] = _too_large()
    return wrong


def _seal(sent: Sent, account: Account, desk: Desk) -> str:
    """The same for the same file, connection and person, and for nothing else."""
    key = vault.key(desk.people.hub.pepper, "hub.console.import-register")
    return vault.keyed(key, account.id, sent.connection, hashlib.sha256(sent.content).hexdigest())


def _why(problem: AdapterError | HubError) -> str:
    """Why nothing was read, where it is the file's fault. Raises what is not."""
    if isinstance(problem, AdapterError):
        blanks = {name: pages.isolate(blank) for name, blank in problem.params.items()}
        return texts.say(problem.text, pages.language(), **blanks)
    if problem.problem is errors.TOO_LARGE:
        return _too_large()
    raise problem


def _too_large() -> str:
    return pages.say("hand-over.too-large", rows=MOST_RECORDS)


# --- the three pages ----------------------------------------------------------------------------------------------------


def _form(account: Account, doors: Sequence[Door], wrong: Wrong) -> Response:
    """A browser gives no file back, so it is chosen again after a mistake."""
    chosen = request.form.get("connection", doors[0].connection.id if len(doors) == 1 else "")
    return pages.show(
        "hand-over.html",
        status=422 if wrong else 200,
        wrong=wrong,
        account=account,
        connections=[(door.connection.id, pages.connection(door)) for door in doors],
        chosen=chosen,
        rows=MOST_RECORDS,
    )


def _tried(receipt: Receipt, sent: Sent, account: Account, seal: str) -> Response:
    return pages.show(
        "hand-over-tried.html",
        account=account,
        connection=sent.connection,
        told=found.told(receipt),
        would_change=found.would_change(receipt),
        all_tests=found.all_tests(receipt),
        is_another=request.form.get("act") == TAKE,
        seal=seal,
    )


def _taken(receipt: Receipt, sent: Sent, caller: Caller, desk: Desk) -> Response:
    """With the number under which the audit trail knows this act. Sent once more by the browser, it finds nothing new."""
    return pages.show(
        "hand-over-taken.html",
        account=desk.account(),
        connection=sent.connection,
        told=found.told(receipt),
        aside=receipt.set_aside,
        at=desk.people.hub.clock.now(),
        number=caller.request,
    )
