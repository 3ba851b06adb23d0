"""The survivor's account of disclosures as a page: one file of static HTML, without scripts, to be read or printed.

Plain words in the reader's language, right to left in Arabic (https://www.w3.org/International/questions/qa-html-dir). No name
and no content of a record stands on it: whoever finds the paper learns of nobody.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Final

import jinja2

from hub import texts
from hub.consent.overrides import Opened
from hub.exchange.disclosures import Account, Entry, in_order
from hub.exchange.recall import Seen
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO
from hub.fhir.words import of_profile
from hub.ports import Directory

RIGHT_TO_LEFT: Final = frozenset({"ar"})
BY_ITS_CLASS: Final = {"referral-task": "notice", "audit-event": "audit"}
"""Records that are better called by their data class than by their profile."""


@dataclass(frozen=True)
class Row:
    """What was done in the same way during one day."""

    times: str
    action: str
    purpose: str
    records: str
    classes: str
    consents: str
    reason: str


@dataclass(frozen=True)
class Exceptional:
    """One exceptional disclosure, in words to her. `told` is empty where nothing is said of it."""

    organization: str
    day: str
    times: str
    kind: str
    reason: str
    classes: str
    told: str
    review: str


@dataclass(frozen=True)
class Day:
    day: str
    rows: tuple[Row, ...]


def page(found: Account, language: str, directory: Directory) -> str:
    words = InWords(found, language, directory)
    return _template().render(
        language=language,
        direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
        style=_text("page.css"),
        say=words.say,
        custodian=directory.name(found.custodian, language),
        file=found.survivor,
        today=words.day(found.at),
        exceptions=words.exceptions(found.exceptions),
        seen=words.by_organization(found.of("seen")),
        refused=words.by_organization(found.of("refused")),
        own=words.counted(found.of("own")),
        told=words.told(found),
    )


class InWords:
    """What an account says, in one language."""

    def __init__(self, account: Account, language: str, directory: Directory) -> None:
        self.dates, self.language, self.directory = account.dates, language, directory
        self.opened = {one.task: one for one in account.exceptions}

    def say(self, key: str, **blanks: object) -> str:
        return texts.say(f"disclosures.{key}", self.language, **blanks)

    def _said(self, key: str) -> str:
        """The sentence, if there is one."""
        return self.say(key) if key in texts.catalogue("disclosures") else ""

    def by_organization(self, entries: Iterable[Entry]) -> list[tuple[str, list[Day]]]:
        """Each organisation by name, with its days, the newest first."""
        named = sorted(
            ((self.directory.name(e.organization, self.language), e) for e in entries), key=lambda one: one[0]
        )
        groups = groupby(named, key=lambda one: one[0])
        return [(name, self._days(entry for _, entry in group)) for name, group in groups]

    def _days(self, entries: Iterable[Entry]) -> list[Day]:
        newest = sorted(entries, key=lambda one: one.at, reverse=True)
        return [Day(day, self._rows(group)) for day, group in groupby(newest, key=lambda one: self.day(one.at))]

    def _rows(self, entries: Iterable[Entry]) -> tuple[Row, ...]:
        times: dict[tuple[str, ...], dict[str, None]] = {}
        for one in sorted(entries, key=lambda one: one.at):
            said = (self.action(one), self.purpose(one.purpose), self.records(one), self.classes(one),
                    self.consents(one), self.reason(one))  # fmt: skip
            times.setdefault(said, {})[one.at.astimezone(MOROCCO).strftime("%H:%M")] = None
        return tuple(Row(self._list(at), *said) for said, at in times.items())

    def counted(self, entries: Iterable[Entry]) -> list[tuple[str, int]]:
        """What the association and the hub did themselves, without times."""
        return Counter(map(self.action, entries)).most_common()

    def action(self, entry: Entry) -> str:
        said = self._said(f"action-{entry.action.replace('.', '-')}")
        return said or load().display("audit-action", entry.action, self.language) or entry.action

    def purpose(self, code: str) -> str:
        return load().display(f"{TERMINOLOGY}/v3-ActReason", code, self.language) or code

    def records(self, entry: Entry) -> str:
        return self._list(dict.fromkeys(map(self._record, entry.profiles)))

    def _record(self, profile: str) -> str:
        if profile in BY_ITS_CLASS:
            return self._class(BY_ITS_CLASS[profile])
        found = load().profile(profile)
        return self._said(f"record-{found.type}") or of_profile(found, self.language).title

    def classes(self, entry: Entry) -> str:
        return self._list(map(self._class, entry.classes))

    def named(self, classes: Iterable[str]) -> str:
        return self._list(map(self._class, classes))

    def name(self, organization: str) -> str:
        return self.directory.name(organization, self.language)

    def told(self, found: Account) -> list[tuple[str, str]]:
        """Each organisation that was told of a withdrawal, and in one sentence when, and what it had seen by then."""
        return [(self.name(seen.recipient), self._told(at, seen)) for at, seen in found.told]

    def _told(self, at: datetime, seen: Seen) -> str:
        if seen.last is None:
            return self.say("told-nothing-seen", day=self.day(at))
        return self.say("told-seen", day=self.day(at), classes=self.named(seen.classes), last=self.day(seen.last))

    def _class(self, code: str) -> str:
        return load().display("data-class", code, self.language) or code

    def consents(self, entry: Entry) -> str:
        """By the day on which she gave them; where none is found that covers it, that is said."""
        if entry.kind != "seen":
            return ""
        if entry.exceptions:
            return self._list(dict.fromkeys(self._opened(one) for one in entry.exceptions))
        days = (self._given(one) for one in entry.consents)
        return self._list(dict.fromkeys(days)) or self.say("consent-unknown")

    def exceptions(self, opened: Iterable[Opened]) -> list[Exceptional]:
        """What was opened without a consent of hers, the newest first."""
        return [self._exception(one) for one in opened]

    def _exception(self, one: Opened) -> Exceptional:
        since, until = (moment.astimezone(MOROCCO).strftime("%H:%M") for moment in (one.since, one.until))
        same_day = self.day(one.since) == self.day(one.until)
        return Exceptional(
            organization=self.directory.name(one.recipient, self.language),
            day=self.day(one.since),
            times=self.say("span", since=since, until=until if same_day else f"{self.day(one.until)} {until}"),
            kind=self.say(f"exception-{one.kind}"),
            reason=load().display("override-reason", one.reason, self.language) or one.reason,
            classes=self._list(map(self._class, in_order(one.classes))),
            told=self.say(f"told-{one.informed}") if one.informed else "",
            review=self.say(f"review-{one.review or 'waits'}"),
        )

    def _opened(self, task: str) -> str:
        known = self.opened.get(task)
        return self.say(f"under-{known.kind}", day=self.day(known.since)) if known else self.say("consent-unknown")

    def _given(self, reference: str) -> str:
        written = self.dates.get(reference, "")
        if len(written) != len("2026-01-31"):
            return self.say("consent-without-date")
        return self.say("consent-of", day=self._date(*map(int, written.split("-"))))

    def reason(self, entry: Entry) -> str:
        """Said to her; a reason for which there are no words is not shown."""
        return self._said(f"reason-{entry.reason.partition('.')[2]}")

    def day(self, moment: datetime) -> str:
        here = moment.astimezone(MOROCCO)
        return self._date(here.year, here.month, here.day)

    def _date(self, year: int, month: int, day: int) -> str:
        return self.say("day", day=day, month=self.say("months").split()[month - 1], year=year)

    def _list(self, items: Iterable[str]) -> str:
        return self.say("separator").join(items)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_text("page.html"))


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
