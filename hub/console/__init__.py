"""Pages for people: signing in, the referrals of one's organisation, what applications may do in one's name, and its systems.

HTML in Arabic, French and English, without scripts. What is shown of a survivor came through `hub.exchange.disclose`.
"""

from hub.console.mounting import mount
from hub.console.welcome import ADDRESS as WELCOME

__all__ = ["WELCOME", "mount"]
