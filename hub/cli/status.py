"""`hub status`: how the hub stands, in numbers."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table

from hub.bootstrap import Deployment
from hub.cli.manual import command
from hub.cli.session import Session, pass_session
from hub.exchange import exceptions, open_referrals
from hub.exchange.receipt import ENOUGH_TO_DOUBT
from hub.fhir.instants import instant
from hub.ports import Standings

NOT_RESOURCES = frozenset({"history", "persons", "ledger", "quarantine"})


@command("status", "cli.status")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def status(session: Session, as_json: bool) -> None:
    with session.deployment() as deployment:
        found = _count(deployment)
    if as_json:
        session.write_json(found)
    else:
        _show(session, found)


def _count(deployment: Deployment) -> dict[str, Any]:
    store = deployment.hub.store
    counts = store.counts()
    aside = Counter(store.all_set_aside())
    return {
        "stored": {name: n for name, n in counts.items() if name not in NOT_RESOURCES and "." not in name and n},
        "connections": [
            {
                "connection": name,
                "organization": door.connection.organization,
                "adapter": door.connection.adapter,
                "mapping": door.connection.mapping,
                "pulled": store.watermark(name) is not None,
                "quarantined": aside[name],
                "all_left_out": store.are_all_left_out(name, ENOUGH_TO_DOUBT),
            }
            for name, door in sorted(deployment.doors.items())
        ],
        "quarantined": aside.total(),
        "reviews": exceptions.waiting(deployment.hub),
        "late": open_referrals.late(deployment.hub),
        "subscriptions": _subscriptions(store.subscriptions.standings()),
        "outbox": {
            "waiting": counts.get("outbox.waiting", 0),
            "dead": counts.get("outbox.dead", 0),
            "void": counts.get("outbox.void", 0),
        },
    }


def _subscriptions(found: Standings) -> dict[str, Any]:
    return asdict(found) | {"oldest": instant(found.oldest) if found.oldest else None}


def _show(session: Session, found: dict[str, Any]) -> None:
    stored = Table(session.say("heading.resource"))
    stored.add_column(session.say("heading.count"), justify="right")
    for name, number in found["stored"].items():
        stored.add_row(name, str(number))
    session.out.print(stored)
    connections = Table(
        *(session.say(f"heading.{name}") for name in ("connection", "organization", "mapping", "started"))
    )
    connections.add_column(session.say("heading.quarantined"), justify="right")
    for one in found["connections"]:
        pulled = session.say("yes" if one["pulled"] else "no")
        connections.add_row(one["connection"], one["organization"], one["mapping"], pulled, str(one["quarantined"]))
    session.out.print(connections)
    for one in found["connections"]:
        if one["all_left_out"]:
            text = f"{session.say('warning')} {session.say('status.all-left-out', connection=one['connection'])}"
            session.err.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
    session.tell("status.outbox", **found["outbox"])
    if any(found["subscriptions"].values()):
        session.tell("status.subscriptions", **found["subscriptions"])
    if oldest := found["subscriptions"]["oldest"]:
        session.tell("status.subscriptions-oldest", at=oldest)
    if found["reviews"]:
        session.tell("status.reviews", count=found["reviews"])
    if found["late"]:
        session.tell("status.late", count=found["late"])
