"""Signals as the kernel may give them: to a thread that is not the main one. https://man7.org/linux/man-pages/man7/signal.7.html"""

import ctypes
from pathlib import Path

_C = ctypes.CDLL(None, use_errno=True)


def give_to_another_thread(process: int, number: int) -> None:
    """Raises OSError, and IndexError where the process has the main thread alone."""
    others = sorted(int(one.name) for one in Path(f"/proc/{process}/task").iterdir() if int(one.name) != process)
    if _C.tgkill(process, others[-1], number):
        raise OSError(ctypes.get_errno(), "tgkill")
