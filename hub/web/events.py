"""Events: what happens, told at once to who may know it, as Server-Sent Events. An id and a verb; the reader then asks for it.

https://html.spec.whatwg.org/multipage/server-sent-events.html. The id of an event is its place in the feed, sealed: it says
nothing of what others do, and is as long as any other. What goes out at a fixed time does so whether or not there was
something that the caller may not see.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import orjson
from flask import Flask, Request, Response, request

from hub.errors import SCOPE_LACKING, HubError
from hub.exchange.listen import Listeners
from hub.exchange.listener import Listener
from hub.exchange.tell import Listening, Told
from hub.fhir.instants import instant
from hub.oauth import scopes
from hub.ports import Caller, Forgotten
from hub.search.parameters import PARAMETERS
from hub.web.asker import asker
from hub.web.service import Service

PATH: Final = "/events"
MEDIA: Final = "text/event-stream"
BEAT_S: Final = 15.0  # a dead peer is noticed when something is sent to it
RETRY_MS: Final = 2000
WATCHED: Final = "Task"
PLACE: Final = 200  # letters, as many for each place
_OF: Final = "events"


def register(app: Flask, service: Service, listeners: Listeners) -> None:
    def view() -> Response:
        return stream(request, service, listeners)

    app.add_url_rule(PATH, "events", view, methods=["GET"])


def stream(request: Request, service: Service, listeners: Listeners) -> Response:
    caller = asker(request, service)
    types = frozenset(type_ for type_ in PARAMETERS if scopes.permits(caller.scopes, type_, "search"))
    if WATCHED not in types:
        raise HubError(SCOPE_LACKING, expected=f"{'user' if caller.practitioner else 'system'}/{WATCHED}.rs")
    if request.method == "HEAD":
        return _answer(())
    joined = listeners.join(Listening(caller, types))
    answer = _answer(_lines(joined, request.headers.get("Last-Event-ID", ""), _Sealing(service, caller), listeners))
    answer.call_on_close(lambda: listeners.leave(joined))
    return answer


def _answer(lines: Iterator[bytes] | Sequence[bytes]) -> Response:
    answer = Response(lines, content_type=f"{MEDIA}; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy that waits for more would make it late
    return answer


class _Sealing:
    """Places as a client holds them: good for itself alone."""

    def __init__(self, service: Service, caller: Caller) -> None:
        self._pages, self._client = service.pages, caller.client

    def seal(self, place: str) -> str:
        return self._pages.seal([], place.ljust(PLACE), type_=_OF, client=self._client)

    def open(self, sealed: str) -> str:
        """Raises Forgotten."""
        try:
            opened = dict(self._pages.open(sealed, type_=_OF, client=self._client))
        except HubError:
            opened = {}
        if not opened:
            raise Forgotten
        return opened["_page"].strip()


def _lines(listener: Listener, after: str, sealing: _Sealing, listeners: Listeners) -> Iterator[bytes]:
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        if after:
            yield from _missed(listener, after, sealing, listeners)
        yield _here(listener.joined, sealing)
        yield from _told(listener, sealing, listeners)
    except HubError:
        return  # the database is away: who comes back goes on from where it was


def _missed(listener: Listener, after: str, sealing: _Sealing, listeners: Listeners) -> Iterator[bytes]:
    try:
        for told in listeners.missed(listener, sealing.open(after)):
            yield from (_event(one, sealing.seal) for one in told)
    except Forgotten:
        yield b"event: reset\ndata: {}\n\n"


def _told(listener: Listener, sealing: _Sealing, listeners: Listeners) -> Iterator[bytes]:
    while (told := listener.take(BEAT_S)) is not None:
        yield from (_event(one, sealing.seal) for one in listeners.fresh(told, listener))
        if not told:
            if not listeners.is_alive(listener):
                return
            yield _here(listener.place, sealing)


def _here(place: str, sealing: _Sealing) -> bytes:
    """A comment, and up to where the caller has been told: no event, but where it goes on if it comes back."""
    return f":\nid: {sealing.seal(place)}\n\n".encode()


def _event(told: Told, seal: Callable[[str], str]) -> bytes:
    data = orjson.dumps({"reference": told.row.reference, "version": told.version, "at": instant(told.at)}).decode()
    return f"id: {seal(told.row.place)}\nevent: {told.row.kind}\ndata: {data}\n\n".encode()
