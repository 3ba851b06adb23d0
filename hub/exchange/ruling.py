"""By what everything that follows for a survivor is worked out: how Consents are read here, and what time things may take."""

from dataclasses import dataclass, field

from hub.consent.rules import Rules
from hub.referral.timing import Timing


@dataclass(frozen=True)
class Ruling(Rules):
    """As `Rules`, which know nothing of referrals, with the deadlines of this deployment."""

    timing: Timing = field(default_factory=Timing)
