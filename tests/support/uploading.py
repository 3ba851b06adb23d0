"""Connections that registers are uploaded to, and registers to upload."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from adapters.spreadsheet import adapter
from hub import mapping
from hub.delivery.write_back import Door
from hub.fhir import Resource
from hub.ports import Connection
from tests.support.command_line import BAD, HEADERS
from tests.support.command_line import GOOD as AT_THE_COMMAND_LINE

FORM: Final = "spreadsheet/register-fr"
PATH: Final = "/fhir/$import-register"
CSV: Final = "text/csv"
GOOD: Final = AT_THE_COMMAND_LINE.replace("Hôpital Exemple", "chu")


@cache
def form() -> mapping.Mapping:
    return mapping.load(FORM)


def door(name: str, organization: str, **settings: Any) -> Door:
    layout = form().layout()
    connection = Connection(name, organization, "spreadsheet", FORM, settings, Path("nowhere"), layout, lambda _: "")
    return Door(connection, adapter, form())


def leaving_out(door_: Door, folder: Path, left_out: str) -> Door:
    """The same, of a form that leaves records out."""
    own = folder / "ours"
    own.mkdir(exist_ok=True)
    text = f"extends: {FORM}\nid: ours\nversion: '1'\nleft_out: {left_out}\n"
    (own / "mapping.yaml").write_text(text, "utf-8")
    return replace(door_, mapping=mapping.load("ours", search=[folder]))


def uploads(organization: str, other: str) -> dict[str, Door]:
    """One of this organisation, one of another, and one that is read from a file."""
    return {
        "register": door("register", organization, upload=True),
        "complete": door("complete", organization, upload=True, snapshot=True),
        "theirs": door("theirs", other, upload=True),
        "pulled": door("pulled", organization, path="register.csv"),
    }


def register(*rows: str) -> bytes:
    return "\n".join((HEADERS, *rows, "")).encode()


@dataclass(frozen=True)
class Guess:
    path: str
    body: bytes | Resource
    headers: tuple[tuple[str, str], ...]


def guessed(chance: Random) -> Guess:
    """A register, rightly or wrongly uploaded: its survivors may be there already, in whatever hands."""
    name = chance.choice(["register", "register", "complete", "theirs", "pulled", "nothing"])
    commit = chance.choice(["", "", "&commit=true", "&commit=false", "&commit=x"])
    body = chance.choice([register(GOOD, BAD), register(GOOD), b"nothing;of\nthe;kind\n", b""])
    media = chance.choice([CSV, CSV, CSV, "application/octet-stream", "application/xml"])
    return Guess(f"{PATH}?connection={name}{commit}", body, (("Content-Type", media),))
