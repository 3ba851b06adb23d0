"""Who asks: the caller that a request's token says, with the id of the request for the audit."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Request, g

from hub.errors import HubError
from hub.oauth import tokens
from hub.ports import Caller
from hub.web import access
from hub.web.service import Service


def asker(request: Request, service: Service, *, supposing: bool = False) -> Caller:
    """Raises HubError(LOGIN). Its client is in the access log from here on. `supposing`: see `supposed_asker`."""
    header, now = request.headers.get("Authorization"), service.hub.clock.now()
    caller = tokens.authenticate(header, now, service.registry, access.audited_id(), supposing=supposing)
    g.client, g.caller = caller.client, caller
    return caller


@contextmanager
def supposed_asker(request: Request, service: Service) -> Iterator[Caller]:
    """The same for who is about to change something: that a token which was good a moment ago still is, the commit says, or it is
    asked here, whatever came of it. So nobody is answered, or refused for another reason, by a token that has ended."""
    caller = asker(request, service, supposing=True)
    try:
        yield caller
    except Exception:
        _require_good(caller, service)
        raise
    _require_good(caller, service)


def _require_good(caller: Caller, service: Service) -> None:
    try:
        tokens.require_good(caller, service.hub.clock.now(), service.registry)
    except HubError:
        g.client, g.caller = "", None
        raise
