"""How long an organisation has to answer, by priority: data, from the inter-agency referral form (24 h, 72 h, two weeks)."""

from datetime import datetime, timedelta
from typing import Final

ANSWER_WITHIN: Final = {
    "stat": timedelta(hours=24),
    "asap": timedelta(hours=72),
    "urgent": timedelta(hours=72),
    "routine": timedelta(days=14),
}


def deadline(priority: str, sent: datetime) -> datetime:
    """When a referral of this priority, sent at this instant, must have been answered."""
    return sent + ANSWER_WITHIN.get(priority, ANSWER_WITHIN["routine"])
