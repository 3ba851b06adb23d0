"""`hub client`: the systems that may ask for tokens, each with the public half of its key.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub.bootstrap import Deployment
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.oauth import keys
from hub.oauth.scopes import NotAScope, parse
from hub.ports import Client

PURPOSE: Final = "COC"
CURVE: Final = "P-384"  # the one of ES384, RFC 7518 §3.4
JSON_HELP = ("--json", "as_json")


@group("client", "cli.client")
def client() -> None: ...


@command("add", "cli.client-add")
@click.option("--organization", metavar="ORG", required=True)
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, required=True)
@click.option("--purpose", "purposes", metavar="CODE", multiple=True, default=(PURPOSE,), show_default=True)
@click.option("--jwks", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--generate", metavar="KEYFILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--title", metavar="TEXT", default="")
@click.option("--id", "id_", metavar="ID", default=None)
@click.option(*JSON_HELP, is_flag=True)
@pass_session
def add(
    session: Session,
    *,
    organization: str,
    scopes: tuple[str, ...],
    purposes: tuple[str, ...],
    jwks: Path | None,
    generate: Path | None,
    title: str,
    id_: str | None,
    as_json: bool,
) -> None:
    if (jwks is None) == (generate is None):
        raise WrongUse("client-add.one-key")
    asked = frozenset(word for text in scopes for word in text.split())
    _check_scopes(asked)
    with session.deployment() as deployment:
        _check_organization(organization, deployment)
        name = id_ or f"{organization}-{secrets.token_hex(3)}"
        if deployment.registry.client(name) is not None:
            raise WrongUse("client-add.taken", id=name)
        keys = _read_keys(jwks) if jwks else _generate(generate or Path())
        added = Client(name, organization, keys, asked, purposes, title)
        deployment.registry.save_client(added)
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


def _check_scopes(scopes: frozenset[str]) -> None:
    for scope in sorted(scopes):
        try:
            parse(scope)
        except NotAScope:
            raise WrongUse("client-add.bad-scope", scope=scope) from None


def _check_organization(organization: str, deployment: Deployment) -> None:
    known = sorted(entry.id for entry in deployment.settings.organizations)
    if organization not in known:
        raise WrongUse("client-add.unknown-organization", id=organization, known=", ".join(known) or "-")


def _read_keys(path: Path) -> dict[str, Any]:
    """The public halves of a JWK or JWK Set. One that could never verify an assertion is refused now."""
    try:
        read = json.loads(path.read_text("utf-8"))
        given = read.get("keys", [read])
        public = keys.jwks(*given)
        algorithms = {kind: name for name, kind in keys.KEY_TYPES.items()}
        if any(key["kty"] == "EC" and key["crv"] != CURVE for key in public["keys"]):
            raise ValueError("another curve")
        for key in public["keys"]:
            keys.verifying_key(public, key["kid"], key.get("alg", algorithms[key["kty"]]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WrongUse("client-add.bad-key", file=path.name) from None
    if not given:
        raise WrongUse("client-add.bad-key", file=path.name)
    return public


def _generate(path: Path) -> dict[str, Any]:
    """A new private key into a file that only this account can read; its public half is what is returned."""
    key = keys.new_key()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongUse("client-add.key-exists", file=path.name) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(key, file, indent=2)
        file.write("\n")
    return keys.jwks(key)


def _token_endpoint(deployment: Deployment) -> str:
    return deployment.settings.base_url.removesuffix("/fhir") + "/oauth/token"


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
        "keys": [key.get("kid", "") for key in one.jwks.get("keys", ())],
    }
