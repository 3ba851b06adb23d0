"""`hub client`: the systems that may ask for tokens, each with the public half of its key.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub.bootstrap import Deployment
from hub.cli.client_keys import (
    add_key,
    check_keys,
    end_key,
    from_generated,
    from_jwks,
    from_url,
    keys_from,
    require_allowed,
)
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.oauth.endpoints import Endpoints
from hub.oauth.redirects import is_usable
from hub.oauth.scopes import NotAScope, parse
from hub.ports import Client

PURPOSE: Final = "COC"
JSON_HELP = ("--json", "as_json")


@group("client", "cli.client")
def client() -> None: ...


@command("add", "cli.client-add")
@click.option("--organization", metavar="ORG", required=True)
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, required=True)
@click.option("--purpose", "purposes", metavar="CODE", multiple=True, default=(PURPOSE,), show_default=True)
@from_jwks
@from_url
@from_generated
@click.option("--title", metavar="TEXT", default="")
@click.option("--id", "id_", metavar="ID", default=None)
@click.option("--introspects", is_flag=True)
@click.option("--redirect", "redirects", metavar="URI", multiple=True)
@click.option("--public", "is_public", is_flag=True)
@click.option(*JSON_HELP, is_flag=True)
@pass_session
def add(
    session: Session,
    *,
    organization: str,
    scopes: tuple[str, ...],
    purposes: tuple[str, ...],
    jwks: Path | None,
    jwks_url: str | None,
    generate: Path | None,
    title: str,
    id_: str | None,
    introspects: bool,
    redirects: tuple[str, ...],
    is_public: bool,
    as_json: bool,
) -> None:
    check_keys(jwks, generate, jwks_url, is_public=is_public)
    _check_redirects(redirects, is_public=is_public)
    asked = frozenset(word for text in scopes for word in text.split())
    _check_scopes(asked)
    with session.deployment() as deployment:
        check_organization(organization, deployment)
        name = id_ or f"{organization}-{secrets.token_hex(3)}"
        if deployment.registry.client(name) is not None:
            raise WrongUse("client-add.taken", id=name)
        if jwks_url:
            require_allowed(jwks_url, deployment)
        added = Client(
            name,
            organization,
            keys_from(jwks, generate),
            asked,
            purposes,
            title,
            introspects,
            redirects=redirects,
            is_public=is_public,
            jwks_url=jwks_url or "",
        )
        told = deployment.people.told("client.register", organization, client=name)
        deployment.registry.change_client(added, None, told)
        _tell_added(session, added, _token_endpoint(deployment), generate, as_json)


@command("list", "cli.client-list")
@click.option(*JSON_HELP, is_flag=True)
@pass_session
def show(session: Session, as_json: bool) -> None:
    with session.deployment() as deployment:
        clients = list(deployment.registry.clients())
    if as_json:
        session.write_json([_as_json(one) for one in clients])
        return
    if not clients:
        session.tell("client-list.none")
        return
    table = Table(
        *(session.say(f"heading.{name}") for name in ("client", "organization", "scopes", "purposes", "title"))
    )
    for one in clients:
        shown = (one.id, one.organization, " ".join(sorted(one.scopes)), " ".join(one.purposes), one.title)
        table.add_row(*map(Text, shown))
    session.out.print(table)


client.add_command(add)
client.add_command(show)
client.add_command(add_key)
client.add_command(end_key)


def _check_scopes(scopes: frozenset[str]) -> None:
    for scope in sorted(scopes):
        try:
            parse(scope)
        except NotAScope:
            raise WrongUse("client-add.bad-scope", scope=scope) from None


def _check_redirects(redirects: tuple[str, ...], *, is_public: bool) -> None:
    if is_public and not redirects:
        raise WrongUse("client-add.public-redirect")
    wrong = [uri for uri in redirects if not is_usable(uri)]
    if wrong:
        raise WrongUse("client-add.bad-redirect", uri=wrong[0])


def check_organization(organization: str, deployment: Deployment) -> None:
    known = sorted(entry.id for entry in deployment.settings.organizations)
    if organization not in known:
        raise WrongUse("client-add.unknown-organization", id=organization, known=", ".join(known) or "-")


def _token_endpoint(deployment: Deployment) -> str:
    return Endpoints(deployment.settings.base_url).token


def _tell_added(session: Session, added: Client, endpoint: str, key: Path | None, as_json: bool) -> None:
    if as_json:
        session.write_json({**_as_json(added), "token_endpoint": endpoint, "key_file": str(key) if key else None})
        return
    session.tell("client-add.done", id=added.id, organization=added.organization, endpoint=endpoint)
    if key:
        session.tell("client-add.key-written", file=key)


def _as_json(one: Client) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "organization": one.organization,
        "scopes": sorted(one.scopes),
        "purposes": list(one.purposes),
        "title": one.title,
        "introspects": one.introspects,
        "redirects": list(one.redirects),
        "public": one.is_public,
        "disabled": one.disabled,
        "jwks_url": one.jwks_url or None,
        "keys": [key.get("kid", "") for key in one.jwks.get("keys", ())],
    }
