"""Signing in and out. Whatever was wrong is told in the same words.

https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#authentication-responses
"""

from flask import Blueprint, Response, redirect, request

from hub.accounts import Account
from hub.console import pages
from hub.console.desk import Desk, SignInFirst
from hub.oauth import people, sessions

ADDRESS = "/console/sign-in"


def register(room: Blueprint, desk: Desk) -> None:
    room.register_error_handler(SignInFirst, lambda _: redirect(ADDRESS, 303))

    @room.route(ADDRESS, methods=["GET", "POST"])
    def sign_in() -> Response:
        if request.method == "GET":
            return form()
        account = proven(desk)
        return _go("/console/") if account else form(refused=True)

    @room.post("/console/sign-out")
    def sign_out() -> Response:
        desk.leave()
        return _go(ADDRESS)

    @room.post("/console/sign-out-everywhere")
    def sign_out_everywhere() -> Response:
        sessions.end_everywhere(desk.account(), people=desk.people)
        desk.leave()
        return _go(ADDRESS)


def form(*, refused: bool = False, application: str = "") -> Response:
    """`application`: for which she signs in, where it is not for these pages."""
    wrong = {"name": pages.say("sign-in.refused")} if refused else {}
    name = request.form.get("name", "")[:64]
    status = 403 if refused else 200
    return pages.show("sign-in.html", status=status, wrong=wrong, name=name, application=application)


def proven(desk: Desk) -> Account | None:
    """Who signed in with the form that was sent, and is admitted. Raises TooMany."""
    sent = {name: request.form.get(name, "")[:256] for name in ("name", "password", "code")}
    account = people.prove(**sent, people=desk.people, address=desk.address(request))
    if account:
        desk.admit(account)
    return account


def _go(address: str) -> Response:
    """After a form, the next page: to load it again sends nothing again."""
    return redirect(address, 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class
