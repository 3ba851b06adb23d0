"""Any other address below the pages: a page that says so in the reader's language, and nothing of what was asked for.

https://datatracker.ietf.org/doc/html/rfc9110#section-15.5.5. A wrong method, too, is a wrong address here.
"""

from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound
from werkzeug.routing import PathConverter

from hub.console import pages
from hub.console.desk import Desk

ANYTHING: Final = "anything"


class Anything(PathConverter):
    """Whatever is typed: slashes at its beginning, breaks of lines."""

    regex = r"[\s\S]*?"
    part_isolating = False


def register(room: Blueprint, _: Desk) -> None:
    @room.route(f"/console/<{ANYTHING}:_>", methods=pages.METHODS)
    def no_such_page(_: str) -> Response:
        raise NotFound
