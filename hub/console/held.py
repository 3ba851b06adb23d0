"""Files that are sent with a form are held in memory and nowhere else.

https://werkzeug.palletsprojects.com/en/stable/wrappers/: a longer one would be written into a temporary file, in clear.
"""

from io import BytesIO
from typing import IO, Final

from flask import Request

ROOM: Final = 64 * 1024 * 1024
_PIECE: Final = 64 * 1024


class InMemory(Request):
    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def hear_out(request: Request) -> None:
    """Read on to the end and keep nothing: a browser that is answered while it speaks shows no answer."""
    left, stream = min(request.content_length or 0, ROOM), request.environ["wsgi.input"]
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        left -= len(piece)
