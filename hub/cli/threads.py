"""The threads of a server process: some answer requests, each of the others may hold a stream.

A stream keeps its thread for minutes. So there are as many more threads as there may be streams, and requests that are
answered at once take turns at their own number: however many streams there are, as many requests are worked on at a time.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from hub.web.events import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

WAKE: Final = signal.SIGURG
"""Says nothing; nobody else uses it, and who does not listen to it does not notice."""


class Turns:
    """A WSGI application of which so many requests are answered at a time, beside its streams."""

    def __init__(self, app: "WSGIApplication", at_once: int) -> None:
        self._app = app
        self._turn = threading.Semaphore(at_once)

    def __call__(self, environ: dict[str, Any], start: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            return self._app(environ, start)
        with self._turn:
            return self._app(environ, start)


def when_told_to_stop(act: Callable[[], None] = lambda: None) -> None:
    """Call `act` when this process receives a signal that ends it, whoever else handles it: before the server waits for streams
    that would never end. https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd

    Also wakes the main thread, in which Python runs what handles a signal. The kernel may give a signal to any thread, and a main
    thread that waits for a lock then sleeps on: the process would go on as if it had never been told.
    https://docs.python.org/3/library/signal.html#signals-and-threads"""
    heard, hears = socket.socketpair()
    hears.setblocking(False)
    signal.signal(WAKE, lambda *_: None)
    signal.set_wakeup_fd(hears.fileno(), warn_on_full_buffer=False)

    def listen() -> None:
        told = False
        while received := heard.recv(1):
            if received[0] in {signal.SIGTERM, signal.SIGINT} and not told:
                told = True
                act()
                signal.pthread_kill(threading.main_thread().ident or 0, WAKE)
        hears.close()

    threading.Thread(target=listen, name="stopping", daemon=True).start()
