"""`hub person`: the people who may sign in, each of one organisation, with her functions, scopes and purposes.

Nobody's password is ever on a command line: a person chooses it herself, with a link that is good once.
"""

from collections.abc import Mapping
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub import console
from hub.accounts import Account
from hub.bootstrap import Deployment
from hub.cli.client import check_organization
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.oauth import people
from hub.oauth.endpoints import Endpoints
from hub.oauth.lifetimes import INVITATION
from hub.oauth.scopes import USER, NotAScope, parse
from hub.texts import LANGUAGES

PURPOSE: Final = "COC"


@group("person", "cli.person")
def person() -> None: ...


@command("add", "cli.person-add")
@click.argument("name", metavar="NAME")
@click.option("--organization", metavar="ORG", required=True)
@click.option("--role", "roles", metavar="CODE", multiple=True, required=True)
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True)
@click.option("--purpose", "purposes", metavar="CODE", multiple=True, default=(PURPOSE,), show_default=True)
@click.option("--language", "languages", type=click.Choice(LANGUAGES), multiple=True)
@click.option("--practitioner", metavar="ID", default=None)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def add(
    session: Session,
    *,
    name: str,
    organization: str,
    roles: tuple[str, ...],
    scopes: tuple[str, ...],
    purposes: tuple[str, ...],
    languages: tuple[str, ...],
    practitioner: str | None,
    as_json: bool,
) -> None:
    asked = frozenset(word for text in scopes for word in text.split())
    _check(name, roles, asked)
    with session.deployment() as deployment:
        check_organization(organization, deployment)
        if deployment.people.accounts.account(name):
            raise WrongUse("person-add.taken", id=name)
        made = practitioner or deployment.hub.ids.new()
        added = Account(name, organization, made, frozenset(roles), asked, purposes, languages)
        _tell_link(session, added, deployment, as_json)


@command("list", "cli.person-list")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show(session: Session, as_json: bool) -> None:
    with session.deployment() as deployment:
        known = list(deployment.people.accounts.accounts())
    if as_json:
        session.write_json([_as_json(one) for one in known])
        return
    if not known:
        session.tell("person-list.none")
        return
    headings = ("person", "organization", "roles", "scopes", "state")
    table = Table(*(session.say(f"heading.{name}") for name in headings))
    for one in known:
        state = session.say(f"person-list.{_state(one)}")
        roles = "\n".join(_role(code, session.language) for code in sorted(one.roles))
        shown = (one.id, one.organization, roles, "\n".join(sorted(one.scopes)), state)
        table.add_row(*map(Text, shown))
    session.out.print(table)


@command("disable", "cli.person-disable")
@click.argument("name", metavar="NAME")
@pass_session
def disable(session: Session, name: str) -> None:
    with session.deployment() as deployment:
        people.disable(_known(name, deployment), people=deployment.people)
    session.tell("person-disable.done", id=name)


@command("reset", "cli.person-reset")
@click.argument("name", metavar="NAME")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def reset(session: Session, name: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        known = _known(name, deployment)
        if known.disabled:
            raise WrongUse("person-reset.disabled", id=name)
        _tell_link(session, known, deployment, as_json)


for one in (add, show, disable, reset):
    person.add_command(one)


def _check(name: str, roles: tuple[str, ...], scopes: frozenset[str]) -> None:
    if not people.NAME.fullmatch(name):
        raise WrongUse("person-add.bad-name", id=name)
    url = code_system("desk-role")
    known = next(system.codes for system in load().code_systems() if system.url == url)
    if wrong := sorted(set(roles) - known.keys()):
        raise WrongUse("person-add.bad-role", code=wrong[0], known=", ".join(sorted(known)))
    for scope in sorted(scopes):
        if not _is_a_persons(scope):
            raise WrongUse("person-add.bad-scope", scope=scope)


def _is_a_persons(scope: str) -> bool:
    try:
        return parse(scope).of == USER
    except NotAScope:
        return False


def _known(name: str, deployment: Deployment) -> Account:
    found = deployment.people.accounts.account(name)
    if found is None:
        every = ", ".join(one.id for one in deployment.people.accounts.accounts())
        raise WrongUse("person.unknown", id=name, known=every or "-")
    return found


def _tell_link(session: Session, account: Account, deployment: Deployment, as_json: bool) -> None:
    """The one place where the link is told, to whoever typed the command."""
    secret = people.invite(account, people=deployment.people)
    link = f"{Endpoints(deployment.settings.base_url).issuer}{console.WELCOME}/{secret}"
    hours = int(INVITATION.total_seconds()) // 3600
    if as_json:
        session.write_json({**_as_json(account), "link": link, "hours": hours})
        return
    session.tell("person-add.done", id=account.id, organization=account.organization)
    session.tell("person-add.link", link=link, hours=hours)


def _as_json(one: Account) -> Mapping[str, Any]:
    return {
        "name": one.id,
        "organization": one.organization,
        "practitioner": one.practitioner,
        "roles": sorted(one.roles),
        "scopes": sorted(one.scopes),
        "purposes": list(one.purposes),
        "languages": list(one.languages),
        "state": _state(one),
    }


def _role(code: str, language: str) -> str:
    return load().display(code_system("desk-role"), code, language) or code


def _state(one: Account) -> str:
    if one.disabled:
        return "disabled"
    return "active" if one.password else "invited"
