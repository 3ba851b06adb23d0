"""`hub mapping scaffold --ask`, about the referrals of a register: who its recipients are, and when she agreed.

How this register writes an organisation goes into the mapping (`words`); one that nobody has named yet goes to the end of
`organizations.yaml`, where it can be changed. An empty answer leaves a question open, and it stays in the mapping.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
import yaml

from hub import settings
from hub.cli.answers import TRIES, Listed, agrees, chosen
from hub.cli.session import Session
from hub.directory.organizations import Entry, Names
from hub.errors import HubError
from hub.fhir.definitions import load
from hub.fhir.folding import fold
from hub.mapping.scaffold.recipients import Referring, Stranger, spellings
from hub.mapping.transforms.organizations import NOBODY

DIRECTORY: Final = "organizations.yaml"
NEW: Final = "+"
NEWLINE: Final = "\n"
SHELTER: Final = "shelter"  # of whoever gives it the address is kept from everybody
_ID: Final = re.compile(r"[^a-z0-9]+")
_TOWN: Final = re.compile(r"\s*[-–]\s*")
_ARABIC: Final = re.compile(r"[\u0621-\u064a]")


class Recipients:
    """The directory of a deployment, as it is while somebody answers. Without a deployment it knows nobody, and takes nobody."""

    def __init__(self, home: Path, session: Session) -> None:
        self._home, self._file, self._session = home, home / DIRECTORY, session
        self.entries: tuple[Entry, ...] = _entries(home)
        self._names = Names(self.entries)

    def find(self, text: str) -> str | None:
        return self._names.find(text)

    def choices(self) -> list[Listed]:
        language = self._session.language
        return [Listed("", one.id, f"{one.id} ({self._names.name(one.id, language)})") for one in self.entries]

    @property
    def province(self) -> str:
        """Of the last: of those that are added one after the other, most are in one."""
        return self.entries[-1].province if self.entries else ""

    def add(self, entry: Entry) -> bool:
        """At the end of the file, whose lines stay as they are. False: it cannot be read with that, and stays as it was."""
        said: dict[str, Any] = {
            "id": entry.id,
            "type": entry.type,
            "name": dict(entry.name),
            "province": entry.province,
        }
        said["services"] = list(entry.services)
        said |= {"usual_service": entry.usual_service} if entry.usual_service else {}
        said |= {"shelter": True} if entry.shelter else {}
        before = self._file.read_text("utf-8")
        written = yaml.safe_dump([said], allow_unicode=True, sort_keys=False, default_flow_style=None)
        self._write(f"{before}{'' if before.endswith(NEWLINE) else NEWLINE}{written}")
        known = _entries(self._home)
        if [one.id for one in known] != [*(one.id for one in self.entries), entry.id]:
            self._write(before)
            return False
        self.entries, self._names = known, Names(known)
        return True

    def _write(self, text: str) -> None:
        """Whole or not at all."""
        beside = self._file.with_name(f".{DIRECTORY}.new")
        beside.write_text(text, "utf-8")
        beside.chmod(self._file.stat().st_mode)
        beside.replace(self._file)


def _entries(home: Path) -> tuple[Entry, ...]:
    """Nobody where there is no deployment, or where `hub check` has something to say of it."""
    try:
        return tuple(settings.read(home).organizations)
    except HubError:
        return ()


class AboutReferrals:
    """The questions, and the answers that were given before somebody stopped."""

    def __init__(self, session: Session, directory: Recipients) -> None:
        self._session, self._directory = session, directory
        self._found: list[tuple[str, str]] = []
        self._agreed = False

    def ask(self, open_: Referring) -> None:
        """Raises click.Abort at the end of the input."""
        say, directory = self._session.say, self._directory
        if open_.day and open_.instead:
            self._agreed = agrees(self._session, say("mapping-scaffold.agreed", column=open_.instead_called))
        if directory.entries and open_.strangers:
            self._session.err.print(say("mapping-scaffold.recipients"), markup=False, highlight=False, soft_wrap=True)
            for one in open_.strangers:
                self._found += [(one.text, id_) for id_ in _recipient(self._session, one, directory)]

    def told(self, open_: Referring) -> Referring:
        """What was open, with the answers."""
        known = {text for text, _ in self._found}
        left = tuple(one for one in open_.strangers if one.text not in known)
        return replace(open_, strangers=left, spelt=spellings(self._found), agreed=self._agreed)


def _recipient(session: Session, stranger: Stranger, directory: Recipients) -> Iterator[str]:
    """The id of the organisation; nothing where the answer is empty."""
    question = session.say("mapping-scaffold.recipient", name=stranger.shown, rows=stranger.rows)
    others = [
        Listed("0", NEW, session.say("mapping-scaffold.recipient-new")),
        Listed(NOBODY, NOBODY, session.say("mapping-scaffold.recipient-nobody")),
    ]
    found = chosen(session, question, [*directory.choices(), *others], find=directory.find)
    if found and found[0] == NEW:
        yield from _added(session, stranger, directory)
    else:
        yield from found


def _added(session: Session, stranger: Stranger, directory: Recipients) -> Iterator[str]:
    name = stranger.meaning or stranger.text
    kinds, services = _codes(session, "organization-type"), _codes(session, "service-type")
    kind = chosen(session, session.say("mapping-scaffold.recipient-type", name=name), kinds)
    if not kind:
        return
    asked = session.say("mapping-scaffold.recipient-services", name=name)
    offered = chosen(session, asked, services, several=True)
    usual = ""
    if len(offered) > 1:
        among = [one for one in services if one.code in offered]
        usual = next(iter(chosen(session, session.say("mapping-scaffold.recipient-usual"), among)), "")
    language = "ar" if _ARABIC.search(name) else "fr"  # as registers here are kept
    entry = Entry(
        id=_free_id(name, kind[0], directory),
        type=kind[0],
        name={language: name},
        province=_province(session, directory.province),
        services=tuple(offered),
        usual_service=usual,
        shelter=SHELTER in offered,
    )
    added = directory.add(entry)
    key = "recipient-added" if added else "recipient-not-added"
    told = session.say(f"mapping-scaffold.{key}", id=entry.id, file=DIRECTORY, province=entry.province)
    session.err.print(told, markup=False, highlight=False, soft_wrap=True)
    if added:
        yield entry.id


def _province(session: Session, usual: str) -> str:
    """By its code or its name; the usual one where the answer is empty, or is not understood three times."""
    provinces = _provinces()
    for _ in range(TRIES):
        said = click.prompt(
            session.say("mapping-scaffold.recipient-province", province=usual), default="", show_default=False, err=True
        ).strip()
        if not said or fold(said) in provinces:
            return provinces.get(fold(said), usual)
        session.err.print(session.say("mapping-scaffold.recipient-no-province"), markup=False, soft_wrap=True)
    return usual


def _provinces() -> dict[str, str]:
    """By code, by name in any language, and by the town that is the first of a name ("Oujda" of "Oujda-Angad")."""
    codes = load().code_system("province").codes
    names = {code: {one.display, *dict(one.designations).values()} for code, one in codes.items()}
    known = {fold(text): code for code, texts in names.items() for text in (code, *texts)}
    for code, texts in names.items():
        for town in {fold(_TOWN.split(text, maxsplit=1)[0]) for text in texts}:
            known.setdefault(town, code)
    return known


def _free_id(name: str, kind: str, directory: Recipients) -> str:
    """Short and stable, of the letters that an id may have: of an Arabic name its kind."""
    stem = _ID.sub("-", fold(name)).strip("-")[:40].strip("-") or kind
    taken = {one.id for one in directory.entries}
    return next(one for one in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))) if one not in taken)


def _codes(session: Session, system: str) -> list[Listed]:
    codes = load().code_system(system).codes.items()
    return [
        Listed("", code, {"en": one.display, **dict(one.designations)}.get(session.language, one.display))
        for code, one in codes
    ]
