"""`hub consent`: for consent officers. Which consents there are, what one would do, how one ends, and who has seen what."""

from pathlib import Path
from typing import Final

import click
from rich.console import RenderableType

from hub import texts
from hub.cli import simulation
from hub.cli.cards import fitted
from hub.cli.disclosures import disclosures, person_id
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.cli.validate import REFUSALS
from hub.cli.withdrawal import withdraw_
from hub.exchange.consents import Kept, kept
from hub.exchange.simulate import simulate as foresee
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import day_of
from hub.fhir.strict import NotReadable, read

CONSENT_STATE: Final = "http://hl7.org/fhir/consent-state-codes"
REFERENCES: Final = frozenset({"consent", "survivor"})
"""Columns that are copied into the next command: whole, on one line."""
WIDE: Final = 150
"""Characters a line from which on there is room for both and for words beside them."""


@group("consent", "cli.consent")
def consent() -> None: ...


@command("list", "cli.consent-list")
@click.argument("organization")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_all(session: Session, organization: str, as_json: bool) -> None:
    with session.deployment() as deployment:
        if deployment.hub.directory.organization(organization) is None:
            known = ", ".join(sorted(entry.id for entry in deployment.settings.organizations))
            raise WrongUse("consent-list.unknown", name=organization, known=known)
        found = list(kept(organization, hub=deployment.hub))
        directory = deployment.hub.directory
        names = {id_: directory.name(id_, session.language) for one in found for id_ in one.recipients}
    if as_json:
        session.write_json([_as_json(one) for one in found])
    elif found:
        session.out.print(_shown(session, found, names))
    else:
        session.tell("consent-list.none")


@command("simulate", "cli.consent-simulate")
@click.argument("files", metavar="[FILE]…", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--withdraw", metavar="Consent/ID", multiple=True)
@click.option("--survivor", metavar="Patient/ID")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def simulate(
    session: Session, files: tuple[Path, ...], withdraw: tuple[str, ...], survivor: str | None, as_json: bool
) -> None:
    if not (files or withdraw or survivor):
        raise WrongUse("consent-simulate.nothing-asked")
    sign = [_read(path) for path in files]
    person = person_id(survivor) if survivor else ""
    with session.deployment() as deployment:
        found = foresee(person, sign=sign, withdraw=withdraw, hub=deployment.hub)
        if as_json:
            session.write_json(simulation.as_json(session, found, withdraw))
        else:
            simulation.show(session, found, deployment.hub.directory)


for one_more in (show_all, simulate, withdraw_, disclosures):
    consent.add_command(one_more)


def _read(path: Path) -> Resource:
    """A Consent in a file, read as strictly as one that is sent. What it says is not repeated."""
    try:
        found = read(path.read_bytes())
    except NotReadable as problem:
        raise WrongUse(REFUSALS[problem.why], line=str(problem.line), column=str(problem.column)) from None
    if not isinstance(found, dict) or found.get("resourceType") != "Consent":
        raise WrongUse("consent-simulate.not-a-consent", file=path.name)
    resource: Resource = found
    return resource


def _as_json(one: Kept) -> dict[str, object]:
    return {
        "consent": one.reference,
        "survivor": one.survivor,
        "status": one.status,
        "date": one.date,
        "recipients": list(one.recipients),
        "remark": one.remark or None,
        "since": _day(one),
    }


def _day(one: Kept) -> str | None:
    return day_of(one.since).isoformat() if one.since else None


def _remark(session: Session, one: Kept) -> str:
    """With the day from which it holds, where it does not hold for ever."""
    if not one.remark:
        return ""
    sentence = texts.say(one.remark, session.language)
    return session.say("consent-list.from-day", day=_day(one), remark=sentence) if one.since else sentence


def _shown(session: Session, found: list[Kept], names: dict[str, str]) -> RenderableType:
    columns = ["consent", "survivor", "status", "date", "recipients"]
    columns += ["remark"] if any(one.remark for one in found) else []
    rows = [_cells(session, one, names)[: len(columns)] for one in found]
    whole = [number for number, name in enumerate(columns) if name in REFERENCES]
    headings = [session.say(f"consent-list.{name}") for name in columns]
    return fitted(headings, rows, width=session.out.width, least=WIDE, whole=whole)


def _cells(session: Session, one: Kept, names: dict[str, str]) -> tuple[str, ...]:
    status = load().display(CONSENT_STATE, one.status, session.language) or one.status
    recipients = "\n".join(names[id_] for id_ in one.recipients)
    return (one.reference, one.survivor, status, one.date[:10], recipients, _remark(session, one))
