"""`hub audit`: is the audit trail as it was written, and where does it stand."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from hub.audit.chain import Break, Kind
from hub.cli.manual import command, group
from hub.cli.problems import BROKEN, FAILED, OK
from hub.cli.progress import progress
from hub.cli.session import Session, pass_session
from hub.exchange.vouch import Report
from hub.exchange.vouch import verify as verify_trail
from hub.keyring import signing_keys

SHOWN_EVERY: Final = 500  # events

SENTENCES: Final[Mapping[Kind, str]] = {
    "changed": "audit-verify.changed",
    "missing": "audit-verify.missing",
    "repeated": "audit-verify.repeated",
    "rewritten": "audit-verify.rewritten",
    "truncated": "audit-verify.truncated",
    "hidden": "audit-verify.hidden",
    "unchained": "audit-verify.unchained",
    "signature": "audit-verify.signature",
    "checkpoint": "audit-verify.checkpoint",
}


@group("audit", "cli.audit")
def audit() -> None: ...


@command("verify", "cli.audit-verify")
@click.option("--checkpoints", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@pass_session
def verify(session: Session, checkpoints: Path | None, as_json: bool) -> int:
    outside = checkpoints.read_text("utf-8", errors="replace").split() if checkpoints else []
    keys = signing_keys(session.home.resolve())
    with session.deployment() as deployment, progress(session, quiet=as_json) as show:

        def count(events: int) -> None:
            if events % SHOWN_EVERY == 0:
                show(session.say("audit-verify.progress", events=events))

        report = verify_trail(deployment.trail, keys, outside, count)
    if as_json:
        session.write_json(_as_json(report))
    else:
        _show(session, report)
    return BROKEN if report.broken else OK


@command("checkpoint", "cli.audit-checkpoint")
@click.option("--file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@pass_session
def checkpoint(session: Session, file: Path | None) -> int:
    with session.deployment() as deployment:
        line = deployment.checkpoint()
    if line is None:
        session.err.print(session.say("audit-checkpoint.outrun"), markup=False, soft_wrap=True)
        return FAILED
    if file:
        _append(file, line)
        session.tell("audit-checkpoint.written", file=file)
    else:
        click.echo(line)
    return OK


audit.add_command(verify)
audit.add_command(checkpoint)


def _append(path: Path, line: str) -> None:
    """On disk when this returns."""
    with path.open("a", encoding="ascii") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def _show(session: Session, report: Report) -> None:
    for found in report.broken:
        said = f"{session.say('error')} {_sentence(session, found)}"
        session.err.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
    numbers = {"events": report.events, "chains": len(report.chains), "checkpoints": report.checkpoints}
    session.tell("audit-verify.broken" if report.broken else "audit-verify.intact", **numbers)
    if report.unchained:
        session.tell("audit-verify.before", events=report.unchained)
    if report.after:
        session.tell("audit-verify.after", events=report.after)


def _sentence(session: Session, found: Break) -> str:
    return session.say(
        SENTENCES[found.kind],
        shard="-" if found.shard is None else found.shard,
        sequence=found.sequence,
        event=found.event or "-",
    )


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "intact": not report.broken,
        "events": report.events,
        "unchained": report.unchained,
        "checkpoints": report.checkpoints,
        "after_last_checkpoint": report.after,
        "chains": [{"shard": shard, "events": events} for shard, events in report.chains.items()],
        "broken": [
            {"kind": one.kind, "shard": one.shard, "sequence": one.sequence, "event": one.event or None}
            for one in report.broken
        ],
    }
