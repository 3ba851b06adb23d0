"""The monthly report of an organisation into the tool of whoever keeps the public statistics.

What leaves is what the organisation may publish and nothing else: `hub.exchange.statistics` counts who agreed to be counted, in a
period that is over, and holds small numbers back. That it left is on record before it does.
"""

from typing import Final

from hub.delivery.write_back import Door
from hub.errors import Fatal
from hub.exchange import Hub
from hub.exchange.statistics import note, statistics
from hub.ports import Caller, Reported, Reporting, Return
from hub.referral.reporting import report as measure_report

PURPOSE: Final = "PUBHLTH"
"""http://terminology.hl7.org/CodeSystem/v3-ActReason"""


def can_report(door: Door) -> bool:
    return isinstance(door.adapter, Reporting) and door.mapping.has_figures


def report(door: Door, year: int, month: int, *, dry_run: bool, hub: Hub, months: int = 0) -> tuple[Return, Reported]:
    """Of the period that a month belongs to, `statistics` says how long. Raises Fatal or Retriable."""
    connection, adapter = door.connection, door.adapter
    if not isinstance(adapter, Reporting):
        raise Fatal("delivery.no-figures")
    found = statistics(connection.organization, year, month, hub=hub, months=months, traits=door.mapping.traits)
    figures = door.mapping.figures(measure_report(found, ""), found.rows)
    note(Caller(f"connection:{connection.id}", connection.organization, PURPOSE), hub=hub)
    return figures, adapter.report(connection, figures, dry_run=dry_run)
