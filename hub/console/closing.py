"""A referral whose consent was taken back while she was being helped: its page is gone. The notice of it remains, and with it the
one thing that can still be said: how it ended, in a code.

`hub.exchange.change.close_unseen`, as `Task/[id]/$close` does it over the API.
"""

from typing import Final

from flask import Blueprint, Response, redirect, request

from hub import errors
from hub.console import acts, gathered, notices, pages, plain
from hub.console.desk import Desk
from hub.console.notices import Notice
from hub.console.referrals import ADDRESS, require
from hub.errors import HubError
from hub.exchange import change
from hub.ports import Caller

HOW: Final = {"completed": "outcome", "failed": "reason"}
"""Status → what is said with it."""
LACKING: Final = {"": "close.no-how", "outcome": "act.no-outcome", "reason": "act.no-reason"}


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(f"{ADDRESS}/<id_>/close", methods=["GET", "POST"])
    def close(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Task", "update")
        require(caller, "Communication", "search")
        found = notices.notices(caller, hub=desk.people.hub, about=id_) if gathered.ID.fullmatch(id_) else []
        if not found:
            raise HubError(errors.NOT_FOUND)
        if request.method == "GET":
            return _form(found[0], desk, {})
        return _answered(found[0], caller, desk)


def _answered(notice: Notice, caller: Caller, desk: Desk) -> Response:
    how = request.form.get("how", "")
    need = HOW.get(how, "")
    code = request.form.get(need, "")
    if not need or code not in acts.choices(need):
        return _form(notice, desk, {need or "how": pages.tell(LACKING[need])})
    said = {need: code, "words": code if how == "failed" else ""}
    return _closed(notice, how, said, caller, desk)


def _closed(notice: Notice, how: str, said: dict[str, str], caller: Caller, desk: Desk) -> Response:
    try:
        change.close_unseen(
            notice.referral, lambda task: acts.moved(task, how, said, caller), caller, hub=desk.people.hub
        )
    except HubError as problem:
        if problem.problem not in {errors.NOT_FOUND, errors.NOT_YOURS}:
            raise
        return _form(notice, desk, {"how": pages.tell("close.over")})
    return redirect(ADDRESS, 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class


def _form(notice: Notice, desk: Desk, wrong: dict[str, str]) -> Response:
    return pages.show(
        "close.html",
        status=422 if wrong else 200,
        wrong=wrong,
        account=desk.account(),
        notice=notice,
        typed=request.form,
        reasons=[(code, plain.display(acts.REASONS, code)) for code in acts.choices("reason")],
        outcomes=[(code, plain.display(acts.OUTCOMES, code)) for code in acts.choices("outcome")],
    )
