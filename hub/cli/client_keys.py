"""`hub client add-key` and `end-key`: a key is changed while its system goes on working.

A new key is added, the system begins to sign with it, then the old one is ended; in between both are good. Tokens that were
got with a key end with it: a key may be ended because somebody else has it.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hub.bootstrap import Deployment
from hub.cli.manual import command
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.oauth import keys
from hub.oauth.registration import require_usable
from hub.outbound.allowed import Target, is_allowed
from hub.ports import Client

from_jwks = click.option("--jwks", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
from_url = click.option("--jwks-url", metavar="URL", default=None)
from_generated = click.option("--generate", metavar="KEYFILE", type=click.Path(dir_okay=False, path_type=Path))


@command("add-key", "cli.client-add-key")
@click.argument("id_", metavar="ID")
@from_jwks
@from_generated
@click.option("--json", "as_json", is_flag=True)
@pass_session
def add_key(session: Session, id_: str, jwks: Path | None, generate: Path | None, as_json: bool) -> None:
    require_one_of_two(jwks, generate)
    with session.deployment() as deployment:
        known = _client(id_, deployment)
        held = list(known.jwks["keys"])
        added = keys_from(jwks, generate)["keys"]
        _require_new([*_kids(held), *_kids(added)])
        changed = _save(known, [*held, *added], "client.add-key", deployment)
        _tell(session, changed, as_json, "client-add-key.done")
    if generate and not as_json:
        session.tell("client-add.key-written", file=generate)


@command("end-key", "cli.client-end-key", takes_dashes=True)
@click.argument("id_", metavar="ID")
@click.argument("kid", metavar="KID")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def end_key(session: Session, id_: str, kid: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        known = _client(id_, deployment)
        held = list(known.jwks["keys"])
        left = [key for key in held if key.get("kid") != kid]
        if len(left) == len(held):
            raise WrongUse("client-end-key.unknown", kid=kid, known=", ".join(_kids(held)))
        if not left:
            raise WrongUse("client-end-key.last", id=id_)
        changed = _save(known, left, "client.end-key", deployment)
        _tell(session, changed, as_json, "client-end-key.done")


def require_one_of_two(jwks: Path | None, generate: Path | None) -> None:
    if (jwks is None) == (generate is None):
        raise WrongUse("client-add-key.one-key")


def check_keys(jwks: Path | None, generate: Path | None, url: str | None, *, is_public: bool) -> None:
    """A public client has none: whoever had its application would have its key."""
    given = len([one for one in (jwks, generate, url) if one is not None])
    if is_public and given:
        raise WrongUse("client-add.public-key")
    if not is_public and given != 1:
        raise WrongUse("client-add.one-key")


def keys_from(jwks: Path | None, generate: Path | None) -> dict[str, Any]:
    """The public halves of what is given, or of what is made; of neither, none."""
    if generate:
        return _generate(generate)
    return _read(jwks) if jwks else keys.jwks()


def require_allowed(url: str, deployment: Deployment) -> None:
    """A URL that would never be asked is refused now."""
    try:
        target = Target.of(url)
    except ValueError:
        raise WrongUse("client-add.bad-url", url=url) from None
    if not is_allowed(url, deployment.settings.jwks_hosts):
        raise WrongUse("client-add.url-not-allowed", host=target.host)


def _client(id_: str, deployment: Deployment) -> Client:
    known = deployment.registry.client(id_)
    if known is None:
        every = ", ".join(one.id for one in deployment.registry.clients())
        raise WrongUse("client-keys.unknown-client", id=id_, known=every or "-")
    if known.jwks_url:
        raise WrongUse("client-keys.at-url", id=id_, url=known.jwks_url)
    if known.is_public:
        raise WrongUse("client-add.public-key")
    return known


def _kids(held: list[dict[str, Any]]) -> list[str]:
    return [str(key.get("kid", "")) for key in held]


def _require_new(kids: list[str]) -> None:
    """A kid that names two keys names none: the client would be locked out of both."""
    twice = [kid for number, kid in enumerate(kids) if kid in kids[:number]]
    if twice:
        raise WrongUse("client-add-key.taken", kid=twice[0])


def _save(known: Client, held: list[dict[str, Any]], verb: str, deployment: Deployment) -> Client:
    changed = replace(known, jwks={"keys": held})
    told = deployment.people.told(verb, known.organization, client=known.id)
    deployment.registry.change_client(changed, known, told)
    return changed


def _tell(session: Session, changed: Client, as_json: bool, text: str) -> None:
    kids = _kids(list(changed.jwks["keys"]))
    if as_json:
        session.write_json({"id": changed.id, "keys": kids})
        return
    session.tell(text, id=changed.id, keys=", ".join(kids))


def _read(path: Path) -> dict[str, Any]:
    """The public halves of a JWK or JWK Set. One that could never verify an assertion is refused now."""
    try:
        read = json.loads(path.read_text("utf-8"))
        given = read.get("keys", [read])
        public = keys.jwks(*given)
        require_usable(public["keys"])
    except (ValueError, TypeError, AttributeError):  # KeyFlaw too
        raise WrongUse("client-add.bad-key", file=path.name) from None
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
