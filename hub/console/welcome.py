"""The page behind an invitation: a password, and a second factor. To look at it uses nothing up; a mail filter may look first.

https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
"""

from typing import Final

from flask import Blueprint, Response, request

from hub.accounts import Account
from hub.console import pages
from hub.console.desk import Desk
from hub.oauth import passwords, people, second_factor

ADDRESS: Final = "/console/welcome"


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(f"{ADDRESS}/<secret>", methods=["GET", "POST"])
    def welcome(secret: str) -> Response:
        account = people.invited(secret[:64], people=desk.people)
        if account is None:
            return pages.sorry("welcome.over", 404)
        if request.method == "GET":
            return _form(secret, account, desk, {})
        return _enrol(secret, account, desk)


def _enrol(secret: str, account: Account, desk: Desk) -> Response:
    password, again = (request.form.get(name, "")[:256] for name in ("password", "again"))
    wrong: dict[str, str] = {}
    if flaw := passwords.flaw(password, account.id):
        wrong["password"] = pages.say(f"welcome.password-{flaw}", least=passwords.SHORTEST)
    elif password != again:
        wrong["again"] = pages.say("welcome.not-the-same")
    done = None if wrong else people.enrol(secret, password, request.form.get("code", "")[:64], people=desk.people)
    if done is None:
        return _form(secret, account, desk, wrong or {"code": pages.say("welcome.wrong-code")})
    return pages.show("enrolled.html", account=done.account, codes=done.recovery)


def _form(secret: str, account: Account, desk: Desk, wrong: dict[str, str]) -> Response:
    offered = second_factor.from_invitation(secret, desk.people.hub.pepper)
    return pages.show(
        "welcome.html",
        status=422 if wrong else 200,
        wrong=wrong,
        account=account,
        organization=desk.people.hub.directory.name(account.organization, pages.language()),
        least=passwords.SHORTEST,
        secret=" ".join(offered[start : start + 4] for start in range(0, len(offered), 4)),
        link=second_factor.address(offered, account.id),
    )
