"""`hub directory`: the services that there are, those that answer a need, whether one of them has room, and the whole for others.

For a listening centre that is on the telephone: every word is a label in the reader's language, and every doubt is on a line
of its own.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import click

from hub.bootstrap import Deployment
from hub.cli.cards import fitted
from hub.cli.manual import command, group
from hub.cli.problems import FAILED, WrongUse, sentence
from hub.cli.session import Session, pass_session
from hub.directory.matching import Wanted, area_of, capacity_of
from hub.directory.openings import AHEAD
from hub.directory.telling import explained
from hub.errors import AdapterError
from hub.exchange.announce import TOLD_TO_THE_HUB, announce
from hub.exchange.orient import Answer, catalogue, listing, orient
from hub.exchange.person import REFERRAL_PURPOSE
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO, span
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.fhir.terminology import translations
from hub.ports import Caller, Publishing

OPERATOR: Final = Caller(TOLD_TO_THE_HUB, "hub", REFERRAL_PURPOSE)
"""Who looks: whoever runs the hub. It sees what everybody sees."""
WIDE: Final = 120
"""Characters a line from which on there is room for a table."""
FIT: Final = ("rank", "organization", "service", "where", "phone", "for", "ask")
"""What is told of each service that answers a need."""
CODED_BY: Final = {
    "service": "service-type",
    "area": "area",
    "priority": "http://hl7.org/fhir/ValueSet/request-priority",
    "age_band": "age-band",
    "languages": "language",
    "eligibility": "service-eligibility",
    "characteristics": "service-characteristic",
    "required": "service-characteristic",
}
"""What is asked → the value set that its codes must be of."""


@group("directory", "cli.directory")
def directory() -> None: ...


@command("list", "cli.directory-list")
@click.option("--service", metavar="CODE", default="")
@click.option("--area", metavar="CODE", default="")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def list_(session: Session, *, service: str, area: str, as_json: bool) -> None:
    _require({"service-type": (service,), "area": (area,)})
    with session.deployment() as deployment:
        found = sorted(
            catalogue(OPERATOR, service=service, area=area, hub=deployment.hub), key=lambda one: str(one["id"])
        )
        rows = [tuple(_row(session, one, deployment)) for one in found]
    if as_json:
        session.write_json([_as_json(one) for one in found])
    elif rows:
        headings = [
            session.say(f"directory.{name}") for name in ("service", "organization", "kind", "where", "room", "phone")
        ]
        session.out.print(fitted(headings, rows, width=session.out.width, least=WIDE, whole=(0,)))
    else:
        session.tell("directory.none")


@command("match", "cli.directory-match")
@click.option("--service", metavar="CODE", required=True)
@click.option("--area", metavar="CODE", default="")
@click.option("--priority", metavar="CODE", default="routine", show_default=True)
@click.option("--age-band", metavar="CODE", default="")
@click.option("--language", "languages", metavar="CODE", multiple=True)
@click.option("--eligibility", metavar="CODE", multiple=True)
@click.option("--characteristic", "characteristics", metavar="CODE", multiple=True)
@click.option("--required", metavar="CODE", multiple=True)
@click.option("--at", metavar="YYYY-MM-DDTHH:MM", type=click.DateTime(["%Y-%m-%dT%H:%M"]), default=None)
@click.option("--open", "open_then", is_flag=True)
@click.option("--without", "excluded", metavar="ORGANISATION", multiple=True)
@click.option("--count", type=click.IntRange(1, 50), default=5, show_default=True, metavar="N")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def match(
    session: Session, /, *, at: datetime | None, excluded: tuple[str, ...], count: int, as_json: bool, **asked: Any
) -> None:
    _require({value_set: _listed(asked[name]) for name, value_set in CODED_BY.items()})
    with session.deployment() as deployment:
        wanted = Wanted(at=_then(at, deployment.hub.clock.now()), **asked)
        found = orient(wanted, OPERATOR, hub=deployment.hub, excluded=excluded, count=count)
        rows = [tuple(fit_cells(session, number, one, deployment)) for number, one in enumerate(found, 1)]
    if as_json:
        session.write_json([fit_as_json(session, one) for one in found])
    elif rows:
        headings = [session.say(f"directory.{name}") for name in FIT]
        session.out.print(fitted(headings, rows, width=session.out.width, least=WIDE))
        session.tell("directory.call-first")
    else:
        session.tell("directory.none")


@command("capacity", "cli.directory-capacity")
@click.argument("service", metavar="SERVICE")
@click.argument("status", metavar="STATUS")
@click.option("--places", type=click.IntRange(min=0), metavar="N", default=None)
@click.option("--note", "notes", metavar="CODE", multiple=True)
@pass_session
def capacity(session: Session, *, service: str, status: str, places: int | None, notes: tuple[str, ...]) -> int | None:
    _require({"capacity-status": (status,), "capacity-note": notes})
    if places and status != "capacity":
        raise WrongUse("directory-capacity.no-room-no-places")
    with session.deployment() as deployment:
        view = announce(service, status, places=places, notes=notes, purpose=REFERRAL_PURPOSE, hub=deployment.hub)
    if view is None:
        session.err.print(session.say("directory-capacity.unknown", name=service), markup=False)
        return FAILED
    session.tell("directory-capacity.done", name=service, status=_label(session, "capacity-status", status))
    return None


@command("publish", "cli.directory-publish")
@click.argument("connection", metavar="CONNECTION")
@pass_session
def publish(session: Session, *, connection: str) -> int | None:
    with session.deployment() as deployment:
        door = deployment.door(connection)
        if not isinstance(door.adapter, Publishing):
            raise WrongUse("directory-publish.not-one", name=connection)
        try:
            count = door.adapter.publish(door.connection, listing(OPERATOR, hub=deployment.hub))
        except AdapterError as problem:
            session.err.print(f"{session.say('error')} {sentence(session, problem)}", markup=False)
            return FAILED
    session.tell("directory-publish.done", count=count)
    return None


for one_more in (list_, match, capacity, publish):
    directory.add_command(one_more)


def _then(at: datetime | None, now: datetime) -> datetime:
    """Now, or a time to come, by Morocco's clocks, for which openings are known. Raises WrongUse."""
    then = now if at is None else at.replace(tzinfo=MOROCCO)
    if not now <= then <= now + timedelta(days=AHEAD):
        raise WrongUse("directory-match.not-then", days=str(AHEAD))
    return then


def _listed(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _require(asked: dict[str, tuple[str, ...]]) -> None:
    """Each code is one of its value set. Raises WrongUse, which names those that there are."""
    for value_set, codes in asked.items():
        known = [code for _, code in load().value_set(value_set).codes]
        for code in codes:
            if code and code not in known:
                raise WrongUse("directory.unknown-code", code=code, known=", ".join(known))


# --- in words ---------------------------------------------------------------------------------------------------------


def _row(session: Session, service: Resource, deployment: Deployment) -> Iterator[str]:
    yield service["id"]
    yield deployment.hub.directory.name(split(service["providedBy"]["reference"])[1], session.language)
    yield _kind(session, service)
    yield _where(session, service)
    yield _room(session, service)
    yield _phone(service, deployment)


def fit_cells(session: Session, number: int, one: Answer, deployment: Deployment) -> Iterator[str]:
    service = one.fit.service
    yield str(number)
    yield deployment.hub.directory.name(split(service["providedBy"]["reference"])[1], session.language)
    yield _name(session, service)
    yield _where(session, service)
    yield _phone(service, deployment)
    yield "\n".join(explained(reason, session.language) for reason in one.fit.reasons if not reason.doubt)
    doubts = [explained(reason, session.language) for reason in one.fit.reasons if reason.doubt]
    notes = [_label(session, "capacity-note", code) for code in capacity_of(service).get("note", ())]
    yield "\n".join([*doubts, *notes])


def _label(session: Session, system: str, code: str) -> str:
    return load().display(system, code, session.language) or code


def _name(session: Session, service: Resource) -> str:
    """What it calls itself in the reader's language, else what it is."""
    said = translations(service, "name").get(session.language) or service.get("name")
    return str(said) if said else _kind(session, service)


def _kind(session: Session, service: Resource) -> str:
    codes = [coding["code"] for one in service["type"] for coding in one["coding"]]
    return session.say("directory.separator").join(_label(session, "service-type", code) for code in codes)


def _where(session: Session, service: Resource) -> str:
    named = [load().display(system, code, session.language) or code for system, code in area_of(service)]
    return session.say("directory.separator").join(named)


def _room(session: Session, service: Resource) -> str:
    said = capacity_of(service)
    if not said:
        return session.say("directory.not-told")
    day = span(said["updated"][0])[0].astimezone(MOROCCO)
    return session.say(
        "directory.as-of", status=_label(session, "capacity-status", said["status"][0]), day=f"{day:%Y-%m-%d}"
    )


def _phone(service: Resource, deployment: Deployment) -> str:
    """Its own numbers, else that of the organisation's office."""
    given_by = split(service["providedBy"]["reference"])[1]
    office = [entry.phone for entry in deployment.settings.organizations if entry.id == given_by and entry.phone]
    own = [one["value"] for one in service.get("telecom", ()) if one.get("system") == "phone"]
    return "\n".join(own or office)


# --- for programs -----------------------------------------------------------------------------------------------------


def _as_json(service: Resource) -> dict[str, Any]:
    said = capacity_of(service)
    return {
        "service": service["id"],
        "organization": split(service["providedBy"]["reference"])[1],
        "types": [coding["code"] for one in service["type"] for coding in one["coding"]],
        "areas": [code for _, code in area_of(service)],
        "capacity": said["status"][0] if said else None,
        "updated": said["updated"][0] if said else None,
    }


def fit_as_json(session: Session, one: Answer) -> dict[str, Any]:
    reasons = [
        {"code": reason.code, "doubt": reason.doubt, "text": explained(reason, session.language)}
        for reason in one.fit.reasons
    ]
    return {**_as_json(loads(one.view.text)), "score": one.fit.score, "reasons": reasons}
