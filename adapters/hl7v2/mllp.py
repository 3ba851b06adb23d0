"""Frames on a connection: `<VT>` message `<FS><CR>`. https://www.hl7.org/documentcenter/public/wg/inm/mllp_transport_specification.PDF

A frame may come in any number of pieces, and one piece may hold several frames. What stands outside frames is no message and is
passed over; a frame that grows past the limit closes the connection, because where the next begins is not known then.
"""

from collections.abc import Iterator
from typing import Final

START: Final = b"\x0b"
END: Final = b"\x1c\x0d"
LARGEST: Final = 1 << 20


class TooLarge(Exception):  # noqa: N818 — the sender's mistake
    """A frame, or what was sent outside one, is longer than is taken."""


class Frames:
    """What has arrived of a connection and is not a whole frame yet."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._held = bytearray()
        self._inside = False
        self._looked = 0

    @property
    def empty(self) -> bool:
        """Whether no frame has begun."""
        return not self._inside

    def add(self, piece: bytes) -> Iterator[bytes]:
        """The messages that this piece completes. Raises TooLarge."""
        self._held += piece
        while True:
            if not self._inside and not self._begin():
                return
            end = self._held.find(END, self._looked)
            if end < 0:
                self._looked = max(0, len(self._held) - 1)
                if len(self._held) > self._largest + 1:
                    raise TooLarge
                return
            if end > self._largest:
                raise TooLarge
            message = bytes(self._held[:end]).rpartition(START)[2]  # of two beginnings the first was given up
            del self._held[: end + len(END)]
            self._inside, self._looked = False, 0
            yield message

    def _begin(self) -> bool:
        start = self._held.find(START)
        if start < 0:
            self._held.clear()
            return False
        del self._held[: start + 1]
        self._inside, self._looked = True, 0
        return True


def framed(message: bytes) -> bytes:
    return START + message + END
