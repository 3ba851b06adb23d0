"""Pages for people: signing in, what applications may do in one's name, and the systems of one's organisation.

HTML in Arabic, French and English, without scripts. No resource of FHIR is shown here.
"""

from hub.console.mounting import mount
from hub.console.welcome import ADDRESS as WELCOME

__all__ = ["WELCOME", "mount"]
