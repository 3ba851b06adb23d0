"""The period of a report, as `hub statistics` and `hub report` are asked for it: a month of it, and how many it has."""

import click

from hub.bootstrap import Deployment
from hub.cli.problems import WrongUse
from hub.exchange.statistics import is_over, period
from hub.referral.reporting import PERIODS

how_long = click.option("--months", "length", type=click.Choice([str(one) for one in PERIODS]), default=None)


def months(year: int, month: int, length: str | None, deployment: Deployment) -> int:
    """How many months the period has. Raises WrongUse where the deployment has none so long, or where it is not over."""
    hub = deployment.hub
    wanted = int(length) if length else hub.reporting.months
    if wanted not in hub.reporting.periods:
        raise WrongUse("statistics.no-such-period", known=", ".join(map(str, hub.reporting.periods)))
    if not is_over(period(year, month, wanted)[1], hub.clock.now()):
        raise WrongUse("statistics.not-over")
    return wanted
