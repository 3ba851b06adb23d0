"""Who asks: the caller that a request's token says, with the id of the request for the audit."""

from flask import Request, g

from hub.oauth import tokens
from hub.ports import Caller
from hub.web import access
from hub.web.service import Service


def asker(request: Request, service: Service) -> Caller:
    """Raises HubError(LOGIN). Its client is in the access log from here on."""
    header, now = request.headers.get("Authorization"), service.hub.clock.now()
    caller = tokens.authenticate(header, now, service.registry, access.audited_id())
    g.client, g.caller = caller.client, caller
    return caller
