"""Refusals: who asked with a token that is none, or for what its token does not allow, told to the audit trail before the answer
leaves.

https://profiles.ihe.net/ITI/PCF/volume-1.html (access denied is to be monitored). How many of them are told is bounded
(`hub.oauth.witness`). What was asked for is told by the rule of its route: an address could hold a name. Who shows no token at
all has tried nothing; a refused emergency is told by who refuses it (`exchange.overrides`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from flask import Request, g

from hub.errors import LOGIN, NOT_YOURS, SCOPE_LACKING, SELF_AUTHORISED, HubError, Problem
from hub.oauth import tokens
from hub.oauth.witness import ENDED, LACKING, NO_TOKEN, NOT_ITS_OWN, OF_ITSELF, holder
from hub.web.service import Service

REASONS: Final[Mapping[Problem, str]] = {
    SCOPE_LACKING: LACKING,
    NOT_YOURS: NOT_ITS_OWN,
    SELF_AUTHORISED: OF_ITSELF,
}


def tell(problem: Exception, request: Request, service: Service) -> Exception:
    """The problem that is to be answered: the same, or that it could not be told."""
    try:
        _tell(problem, request, service)
    except HubError as second:
        return second
    return problem


def _tell(problem: Exception, request: Request, service: Service) -> None:
    if not isinstance(problem, HubError):
        return
    now, route = service.hub.clock.now(), f"{request.method} {request.url_rule}"
    if problem.problem is LOGIN:
        _tell_token(request.headers.get("Authorization"), route, service, now)
    elif problem.problem in REASONS and g.caller:
        lacking = problem.params.get("expected", "") if problem.problem is SCOPE_LACKING else ""
        who = service.witness.asking(g.caller)
        service.witness.turned_away(REASONS[problem.problem], who, route, now, lacking=lacking)


def _tell_token(header: str | None, route: str, service: Service, now: datetime) -> None:
    if not header:
        return
    known = tokens.kept(tokens.bearer(header), service.registry)
    who = holder(known) if known else None
    service.witness.turned_away(ENDED if known else NO_TOKEN, who, route, now)
