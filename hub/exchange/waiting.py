"""Waiting: what about a referral waits for an answer, in numbers alone, as an organisation may see it at this moment.

It goes into the tool that the case came from beside the referral's status: that something waits, never what it says. Each number
is the total of a search of that organisation, so consent and the record of looks are those of any search.
"""

from collections.abc import Collection, Mapping
from typing import Final

from hub.exchange import Hub, disclose
from hub.fhir.query import Match, Query, Target, Token
from hub.fhir.references import split
from hub.fhir.tasks import CANCELLATION, INFORMATION
from hub.ports import Caller
from hub.referral.requests import PENDING

_PENDING: Final = Match("status", "token", tuple(Token(None, status) for status in sorted(PENDING)))
_UNREAD: Final = Match("status", "token", (Token(None, "in-progress"),))


def waiting(wanted: Collection[str], referral: str, caller: Caller, *, hub: Hub) -> dict[str, int]:
    """Of the names that a mapping may use (`hub.mapping.plan.BESIDE`), those that are wanted."""
    asked = _queries(referral, caller.organization)
    return {name: disclose.search(asked[name], caller, hub=hub).total or 0 for name in sorted(wanted)}


def _queries(referral: str, organization: str) -> Mapping[str, Query]:
    def asks(code: str, by: str) -> Query:
        return _total("Task", _about(by, referral), Match("code", "token", (Token(None, code),)), _PENDING)

    to = Match("recipient", "reference", (Target("Organization", organization),))
    return {
        "information-asked": asks(INFORMATION, "part-of"),
        "cancellation-asked": asks(CANCELLATION, "focus"),
        "messages-waiting": _total("Communication", _about("about", referral), to, _UNREAD),
    }


def _about(parameter: str, referral: str) -> Match:
    return Match(parameter, "reference", (Target(*split(referral)),))


def _total(type_: str, *matches: Match) -> Query:
    return Query(type_, matches, count=0, accurate=True)
