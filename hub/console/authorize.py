"""The authorization endpoint: an application asks a person for leave to act in her name, and she says for what purpose.

RFC 6749 §4.1.1 · https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html. She signs in at the same address, so that the
request stays in one place: nothing tells a browser where to go but an address that was registered.
"""

from flask import Blueprint, Response, redirect, request

from hub.accounts import Account
from hub.console import pages, sign_in
from hub.console.desk import Desk
from hub.console.wording import in_words
from hub.oauth import endpoints, grants, redirects
from hub.oauth.asked import Asked, NobodyToTell, Refused, read, sent_back


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(endpoints.AUTHORIZATION, methods=["GET", "POST"])
    def authorize() -> Response:
        asked = _asked(desk)
        pages.allow_form_to(redirects.origin(asked.redirect))
        present = desk.who()
        if present is None:
            return _sign_in(asked, desk)
        return _decide(asked, present.account, desk)

    room.register_error_handler(NobodyToTell, lambda _: pages.sorry("authorize.nobody", 400))
    room.register_error_handler(Refused, lambda refused: _go(sent_back(refused, desk.endpoints.issuer)))


def _asked(desk: Desk) -> Asked:
    form = [pair for pair in request.args.items(multi=True) if pair[0] != "lang"]
    return read(form, registry=desk.people.registry, base=desk.base)


def _sign_in(asked: Asked, desk: Desk) -> Response:
    if request.method == "GET":
        return sign_in.form(application=_title(asked))
    if sign_in.proven(desk):
        return _go(request.full_path)
    return sign_in.form(refused=True, application=_title(asked))


def _decide(asked: Asked, account: Account, desk: Desk) -> Response:
    act, purpose = request.form.get("act", ""), request.form.get("purpose", "")
    if request.method == "POST" and act == "leave":
        desk.leave()
        return _go(request.full_path)
    if request.method == "POST" and act == "refuse":
        raise _refusal(asked, "The person refused.")
    if not asked.offers(account):
        raise _refusal(asked, "The person may not permit anything of what is asked.")
    if request.method == "POST" and act == "permit" and purpose in asked.purposes(account):
        return _go(grants.permit(asked, account, purpose, people=desk.people, issuer=desk.endpoints.issuer))
    return _ask(asked, account, desk, missing=act == "permit")


def _ask(asked: Asked, account: Account, desk: Desk, *, missing: bool) -> Response:
    return pages.show(
        "authorize.html",
        status=422 if missing else 200,
        wrong={"purpose": pages.say("authorize.choose")} if missing else {},
        account=account,
        application=_title(asked),
        organization=desk.people.hub.directory.name(account.organization, pages.language()),
        goes_to=redirects.origin(asked.redirect),
        permissions=in_words(asked.granted(account)),
        purposes=asked.purposes(account),
        hours=int(desk.people.lifetimes.refresh_most.total_seconds()) // 3600 if asked.lasting else 0,
    )


def _refusal(asked: Asked, description: str) -> Refused:
    return Refused(asked.redirect, "access_denied", description, asked.state)


def _title(asked: Asked) -> str:
    return asked.client.title or asked.client.id


def _go(address: str) -> Response:
    """By GET, whatever the method was: what was typed here is not sent on (RFC 9700 §4.12)."""
    return redirect(address, 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class
