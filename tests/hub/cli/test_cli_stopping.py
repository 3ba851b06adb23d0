"""Commands stop when they are told to, whichever of their threads the system gave the signal to."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hub.cli.problems import INTERRUPTED
from hub.cli.stopping import WAKE, waking
from tests.support.command_line import GOOD, Command
from tests.support.patience import PATIENCE_S, until
from tests.support.signals import give_to_another_thread


@contextmanager
def heeding_ctrl_c() -> Iterator[None]:
    """Who was started in the background of a shell ignores it, and so do all that he starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_command_that_waits_ends_although_another_thread_got_the_signal(hub: Command) -> None:
    hub.register(GOOD)
    command = [sys.executable, "-m", "hub", "--home", str(hub.home), "--lang", "en"]
    with (
        heeding_ctrl_c(),
        subprocess.Popen(
            [*command, "pull", "register", "--watch", "3600"], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout
        said: list[str] = []
        reader = threading.Thread(target=said.extend, args=(process.stdout,))
        reader.start()
        try:
            until(lambda: any("register" in line and "1" in line for line in said[1:]))  # the table: it waits now
            give_to_another_thread(process.pid, signal.SIGINT)
            assert process.wait(PATIENCE_S) == INTERRUPTED
        finally:
            process.kill()
            reader.join()


def test_afterwards_signals_are_heard_as_before() -> None:
    before = signal.set_wakeup_fd(-1), signal.getsignal(signal.SIGURG), threading.active_count()
    with waking(), waking():
        assert threading.active_count() == before[2] + 2
    assert (signal.set_wakeup_fd(before[0]), signal.getsignal(signal.SIGURG), threading.active_count()) == (
        -1,
        *before[1:],
    )


def test_a_wake_that_nobody_heard_comes_again() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {WAKE})  # taken from the queue below, and heard by no handler
    try:
        with waking():
            os.kill(os.getpid(), signal.SIGTERM)
            heard = [signal.sigtimedwait({WAKE}, PATIENCE_S) for _ in range(3)]
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {WAKE})
        assert all(heard)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {WAKE})
        signal.signal(signal.SIGTERM, before)
