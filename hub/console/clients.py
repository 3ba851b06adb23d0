"""The systems of one's own organisation: registered, given keys, and ended. For consent officers and integrators.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound

from hub.accounts import Account
from hub.console import pages
from hub.console.desk import Desk
from hub.console.wording import PERMISSIONS, PURPOSES, chosen, in_words
from hub.oauth import redirects, registration
from hub.oauth.registration import KeyFlaw, Wish
from hub.outbound.allowed import is_allowed
from hub.ports import Client

ADDRESS: Final = "/console/clients"
KINDS: Final = ("system", "people", "people-public")
LONGEST_TITLE: Final = 80


def register(room: Blueprint, desk: Desk) -> None:
    @room.get(ADDRESS)
    def clients() -> Response:
        account = desk.registrar()
        found = registration.own_clients(account, people=desk.people)
        return pages.show("clients.html", account=account, clients=found, organization=_organization(account, desk))

    @room.route(f"{ADDRESS}/new", methods=["GET", "POST"])
    def new() -> Response:
        account = desk.registrar()
        if request.method == "GET":
            return _form({}, desk, account)
        wish, wrong = _wish(desk)
        if wrong:
            return _form(wrong, desk, account)
        made = registration.register(wish, account, people=desk.people)
        return _go(made)

    @room.route(f"{ADDRESS}/<id_>", methods=["GET", "POST"])
    def client(id_: str) -> Response:
        account = desk.registrar()
        found = registration.own_client(id_, account, people=desk.people)
        if found is None:
            raise NotFound
        if request.method == "GET" or found.disabled:
            return _one(found, account, desk, {})
        act = _ACTS.get(request.form.get("act", ""))
        wrong = act(found, account, desk) if act else {}
        return _one(found, account, desk, wrong) if wrong else _go(found)


# --- a new one ----------------------------------------------------------------------------------------------------------


def _wish(desk: Desk) -> tuple[Wish, dict[str, str]]:
    """What was asked for, and what is wrong with it, by field."""
    wrong: dict[str, str] = {}
    kind = request.form.get("kind", "")
    title = " ".join(request.form.get("title", "").split())
    names = [name for name in request.form.getlist("permission") if name in PERMISSIONS]
    purposes = tuple(code for code in PURPOSES if code in request.form.getlist("purpose"))
    if not 0 < len(title) <= LONGEST_TITLE:
        wrong["title"] = pages.say("client.no-title", most=LONGEST_TITLE)
    if kind not in KINDS:
        wrong["kind"] = pages.say("client.no-kind")
    if not names:
        wrong["permission"] = pages.say("client.no-permission")
    if not purposes:
        wrong["purpose"] = pages.say("client.no-purpose")
    back = _redirects(kind, wrong)
    keys, url = ([], "") if kind == "people-public" else _keys(wrong, desk)
    people = kind.startswith("people")
    wish = Wish(title, chosen(names), purposes, people, kind == "people-public", keys, url, back)
    return wish, wrong


def _redirects(kind: str, wrong: dict[str, str]) -> tuple[str, ...]:
    if not kind.startswith("people"):
        return ()
    given = tuple(request.form.get("redirects", "").split())
    if not given:
        wrong["redirects"] = pages.say("client.no-redirect")
    elif len(given) > 10 or not all(map(redirects.is_usable, given)):
        wrong["redirects"] = pages.say("client.bad-redirect")
    return given


def _keys(wrong: dict[str, str], desk: Desk) -> tuple[list[dict[str, Any]], str]:
    """Pasted keys, or the address where they are published: one of the two, else it would not be clear which of them hold."""
    text, url = request.form.get("keys", "").strip(), request.form.get("jwks_url", "").strip()
    if url and not is_allowed(url, desk.key_hosts):
        wrong["jwks_url"] = pages.say("client.bad-url")
    if bool(text) == bool(url):
        wrong["keys"] = pages.say("client.both-keys" if text else "client.no-key")
    if not text or url:
        return [], url
    try:
        return registration.read_keys(text), ""
    except KeyFlaw as flaw:
        wrong["keys"] = pages.say(f"client.key-{flaw.flaw}")
        return [], ""


def _form(wrong: Mapping[str, str], desk: Desk, account: Account) -> Response:
    """What was typed stands there again, but for keys that were not usable: a private one must not be shown, nor sent again."""
    sent = request.form
    return pages.show(
        "client-new.html",
        status=422 if wrong else 200,
        wrong=wrong,
        account=account,
        kinds=KINDS,
        permissions=list(PERMISSIONS),
        purposes=PURPOSES,
        typed={name: sent.get(name, "") for name in ("title", "kind", "redirects", "jwks_url")}
        | {"keys": "" if "keys" in wrong else sent.get("keys", "")},
        ticked={*sent.getlist("permission"), *sent.getlist("purpose")},
        organization=_organization(account, desk),
    )


# --- one that is there --------------------------------------------------------------------------------------------------


def _add_key(client: Client, account: Account, desk: Desk) -> dict[str, str]:
    if client.jwks_url:
        return {"keys": pages.say("client.at-url")}
    if client.is_public:
        return {"keys": pages.say("client.is-public")}
    try:
        added = registration.read_keys(request.form.get("keys", "").strip())
        registration.add_keys(client, added, account, people=desk.people)
    except KeyFlaw as flaw:
        return {"keys": pages.say(f"client.key-{flaw.flaw}")}
    return {}


def _end_key(client: Client, account: Account, desk: Desk) -> dict[str, str]:
    ended = registration.end_key(client, request.form.get("kid", ""), account, people=desk.people)
    return {} if ended else {"kid": pages.say("client.last-key")}


def _disable(client: Client, account: Account, desk: Desk) -> dict[str, str]:
    if request.form.get("sure") != "yes":
        return {"sure": pages.say("client.not-sure")}
    registration.disable(client, account, people=desk.people)
    return {}


_ACTS: Final[Mapping[str, Callable[[Client, Account, Desk], dict[str, str]]]] = {
    "add-key": _add_key,
    "end-key": _end_key,
    "disable": _disable,
}


def _one(client: Client, account: Account, desk: Desk, wrong: Mapping[str, str]) -> Response:
    return pages.show(
        "client.html",
        status=422 if wrong else 200,
        wrong=wrong,
        account=account,
        client=client,
        kids=[str(key.get("kid", "")) for key in client.jwks.get("keys", ())],
        permissions=in_words(client.scopes),
        endpoints=desk.endpoints,
        organization=_organization(account, desk),
    )


def _organization(account: Account, desk: Desk) -> str:
    return desk.people.hub.directory.name(account.organization, pages.language())


def _go(client: Client) -> Response:
    return redirect(f"{ADDRESS}/{client.id}", 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class
