"""What a person has open: her sessions, and the applications that act in her name; each can be ended here."""

from flask import Blueprint, Response, redirect, request

from hub.console import pages
from hub.console.desk import Desk, SignInFirst
from hub.fhir.canonicals import code_system
from hub.oauth import grants, registration


def register(room: Blueprint, desk: Desk) -> None:
    @room.get("/console/")
    def home() -> Response:
        present = desk.who()
        if present is None:
            raise SignInFirst
        account, now = present.account, desk.people.hub.clock.now()
        return pages.show(
            "home.html",
            account=account,
            organization=desk.people.hub.directory.name(account.organization, pages.language()),
            roles=[pages.role(code, code_system("desk-role")) for code in sorted(account.roles)],
            registers=registration.may_register(account),
            this=present.session,
            sessions=list(desk.people.accounts.sessions(account.id, now)),
            families=[(one, _title(one.client, desk)) for one in desk.people.accounts.families(account.id, now)],
        )

    @room.post("/console/end")
    def end() -> Response:
        """A session or what an application holds: hers alone, whatever the form names."""
        account, now = desk.account(), desk.people.hub.clock.now()
        asked = request.form.get("family", "")
        for held in desk.people.accounts.families(account.id, now):
            if held.id == asked:
                grants.withdraw(held, account, people=desk.people)
        return redirect("/console/", 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class


def _title(client: str, desk: Desk) -> str:
    found = desk.people.registry.client(client)
    return (found.title if found else "") or client
