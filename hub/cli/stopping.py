"""Being told to stop, whichever thread of the process hears of it."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

WAKE: Final = signal.SIGURG
"""Says nothing; nobody else uses it, and who does not listen to it does not notice."""
AGAIN_S: Final = 0.1
"""How long a wake may go unheard: it does where it comes just before the main thread begins to wait."""
STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGINT})


def when_told_to_stop(act: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """Call `act` when this process receives a signal that ends it, whoever else handles it: before the server waits for streams
    that would never end. https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd

    Also wakes the main thread, in which Python runs what handles a signal. The kernel may give a signal to any thread, and a main
    thread that waits for a lock then sleeps on: the process would go on as if it had never been told.
    https://docs.python.org/3/library/signal.html#signals-and-threads

    From the main thread. What it returns takes it back."""
    heard, hears = socket.socketpair()
    hears.setblocking(False)
    awake = threading.Event()
    before = (
        signal.signal(WAKE, lambda *_: awake.set()),
        signal.set_wakeup_fd(hears.fileno(), warn_on_full_buffer=False),
    )

    def wake() -> None:
        while not awake.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, WAKE)
            awake.wait(AGAIN_S)

    def listen() -> None:
        told = False
        with heard, hears:  # both live as long as this
            while received := heard.recv(1):
                if received[0] in STOPPING and not told:
                    told = True
                    act()
                    wake()

    listener = threading.Thread(target=listen, name="stopping", daemon=True)
    listener.start()

    def take_back() -> None:
        signal.set_wakeup_fd(before[1])
        hears.close()
        listener.join()
        signal.signal(WAKE, before[0])

    return take_back


@contextmanager
def waking() -> Iterator[None]:
    """Within this, who waits in the main thread is woken to stop. Nothing in another thread, which no signal reaches."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    take_back = when_told_to_stop()
    try:
        yield
    finally:
        take_back()
