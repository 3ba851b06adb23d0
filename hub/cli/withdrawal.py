"""`hub consent withdraw`: her will is done in one command; it is said what became of it and what cannot be recalled."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub.bootstrap import Deployment
from hub.cli.disclosures import person_id, seen_as_json
from hub.cli.manual import command
from hub.cli.problems import FAILED, WrongUse
from hub.cli.session import Session, pass_session
from hub.exchange import Hub
from hub.exchange.consents import ASKED_AT_THE_HUB, accompanying, by_code, keeping
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.recall import Seen
from hub.exchange.withdraw import Stopped, Withdrawal, withdraw
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO, instant
from hub.ports import Caller, Directory

TASK_STATUS: Final = "http://hl7.org/fhir/task-status"


@command("withdraw", "cli.consent-withdraw")
@click.argument("consents", metavar="[Consent/ID]…", nargs=-1)
@click.option("--survivor", metavar="CODE|Patient/ID")
@click.option("--all", "everything", is_flag=True)
@click.option("--recipient", metavar="ORGANISATION", default="")
@click.option("--yes", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def withdraw_(
    session: Session,
    consents: tuple[str, ...],
    *,
    survivor: str | None,
    everything: bool,
    recipient: str,
    yes: bool,
    as_json: bool,
) -> int | None:
    if bool(consents) == bool(survivor) or (survivor and not (everything or recipient)):
        raise WrongUse("consent-withdraw.what")
    with session.deployment() as deployment:
        _require_known(recipient, deployment.hub.directory)
        person, custodian = _whose(consents, survivor, deployment)
        if not (yes or _agrees(session, _question(session, consents, recipient, deployment.hub))):
            session.tell("consent-withdraw.not-done")
            return FAILED
        caller = Caller(ASKED_AT_THE_HUB, custodian, REFERRAL_PURPOSE)
        done = withdraw(person, caller, consents=consents, recipient=recipient, hub=deployment.hub)
        directory = deployment.hub.directory
    if as_json:
        session.write_json(_as_json(done))
    else:
        _show(session, done, directory)
    return None


def _require_known(recipient: str, directory: Directory) -> None:
    if recipient and directory.organization(recipient) is None:
        raise WrongUse("consent-withdraw.unknown-recipient", name=recipient)


def _whose(consents: tuple[str, ...], survivor: str | None, deployment: Deployment) -> tuple[str, str]:
    """Whose consents these are, and which association keeps them. A code is looked for with every organisation: one that two
    of them use is not enough."""
    hub = deployment.hub
    if not survivor:
        found = {pair for one in consents if (pair := keeping(one, hub=hub))}
    elif survivor.startswith("Patient/"):  # a code may hold a stroke too
        found = {pair for pair in [accompanying(person_id(survivor), hub=hub)] if pair}
    else:
        organizations = [entry.id for entry in deployment.settings.organizations]
        found = set(by_code(survivor, organizations, hub=hub))
    if len(found) != 1:
        raise WrongUse("consent-withdraw.several" if found else "consent-withdraw.nobody")
    return found.pop()


def _agrees(session: Session, question: str) -> bool:
    answer: str = click.prompt(question, prompt_suffix=" ", err=True)
    return answer.strip().lower() in session.say("consent-withdraw.yes-words").split()


def _question(session: Session, consents: tuple[str, ...], recipient: str, hub: Hub) -> str:
    """What is asked before: one question, which names no survivor."""
    if recipient:
        return session.say("consent-withdraw.sure-recipient", name=hub.directory.name(recipient, session.language))
    return session.say("consent-withdraw.sure" if consents else "consent-withdraw.sure-all", count=len(consents))


# --- what is told afterwards ------------------------------------------------------------------------------------------


def _show(session: Session, done: Withdrawal, directory: Directory) -> None:
    session.tell("consent-withdraw.done", consents=_listed(session, done.ended))
    if done.written:
        session.tell("consent-withdraw.written", consents=_listed(session, done.written))
    if done.stopped:
        session.out.print(_referrals(session, done.stopped, directory))
    if not done.told:
        session.tell("consent-withdraw.nobody-told")
        return
    session.out.print(_told(session, done.told, directory))
    for sentence in ("told-what", "not-recalled", "undo"):
        session.tell(f"consent-withdraw.{sentence}")


def _referrals(session: Session, stopped: tuple[Stopped, ...], directory: Directory) -> Table:
    table = _table(session, "referrals", "need", "recipient", "status")
    for one in stopped:
        coded = [
            load().display(c["system"], c["code"], session.language) or c["code"] for c in one.need.get("coding", ())
        ]
        status = load().display(TASK_STATUS, one.status, session.language) or one.status
        table.add_row(*map(Text, ("".join(coded[:1]), directory.name(one.recipient, session.language), status)))
    return table


def _told(session: Session, told: tuple[Seen, ...], directory: Directory) -> Table:
    table = _table(session, "told", "recipient", "seen", "first", "last")
    for one in told:
        classes = _listed(session, [_class(session, code) for code in one.classes])
        seen = classes or session.say("consent-withdraw.nothing-seen")
        name = directory.name(one.recipient, session.language)
        table.add_row(*map(Text, (name, seen, _minute(one.first), _minute(one.last))))
    return table


def _table(session: Session, title: str, *columns: str) -> Table:
    table = Table(title=session.say(f"consent-withdraw.{title}"), title_justify="left")
    for name in columns:
        room = "consent-simulate" if name == "recipient" else "consent-withdraw"
        table.add_column(session.say(f"{room}.{name}"), overflow="fold")
    return table


def _class(session: Session, code: str) -> str:
    return load().display("data-class", code, session.language) or code


def _listed(session: Session, names: Iterable[str]) -> str:
    return session.say("consent-simulate.separator").join(names)


def _minute(at: datetime | None) -> str:
    return f"{at.astimezone(MOROCCO):%Y-%m-%d %H:%M}" if at else ""


def _as_json(done: Withdrawal) -> dict[str, Any]:
    return {
        "survivor": f"Patient/{done.person}",
        "custodian": done.custodian,
        "at": instant(done.at),
        "ended": list(done.ended),
        "written": list(done.written),
        "told": [seen_as_json(one) for one in done.told],
        "referrals": [{"recipient": one.recipient, "status": one.status} for one in done.stopped],
    }
