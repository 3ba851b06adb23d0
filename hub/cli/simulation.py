"""How a simulation is told: tables in words for a consent officer, one JSON document for a program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from hub.cli.cards import Rows, fitted
from hub.cli.session import Session
from hub.consent.telling import part, tell
from hub.exchange.simulate import Answer, Course, Line, Simulation
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO, instant
from hub.fhir.words import of_profile, words
from hub.ports import FOREVER, LONG_AGO, Directory

TASK_STATUS: Final = "http://hl7.org/fhir/task-status"
ACCESS: Final[Mapping[str, str]] = {
    "open": "consent-simulate.open",
    "agreed": "consent-simulate.agreed",
    "closed": "consent-simulate.closed",
}
WIDE: Final = 120
"""Characters a line from which on sentences fit into columns."""
FEW: Final = 4
HAPPENS: Final[Mapping[str, str]] = {
    "referral.draft": "consent-simulate.referral-draft",
    "referral.send": "consent-simulate.referral-send",
    "referral.hold": "consent-simulate.referral-hold",
    "referral.cancel": "consent-simulate.referral-cancel",
    "": "consent-simulate.none",
}
"""What follows for a referral (`follow.Step.action`), in words."""


def as_json(session: Session, found: Simulation, withdrawn: Sequence[str]) -> dict[str, Any]:
    return {
        "survivor": f"Patient/{found.person}",
        "custodian": found.custodian,
        "at": instant(found.now.at),
        "signed": list(found.signed),
        "withdrawn": list(withdrawn),
        "lines": [
            {
                "recipient": one.recipient,
                "purpose": one.purpose,
                "data_class": one.data_class,
                "changes": one.changes,
                "now": _answer(session, one.now),
                "then": _answer(session, one.then),
            }
            for one in found.lines
        ],
        "referrals": [
            {"recipient": c.recipient, "need": _need(c), "now": c.now, "then": c.then, "action": c.action}
            for c in found.courses
        ],
    }


def _answer(session: Session, answer: Answer) -> dict[str, Any]:
    elements = (one.split("#") for one in sorted(answer.elements))
    return {
        "state": answer.state,
        "because": list(answer.because),
        "by": list(answer.by),
        "reason": answer.reason,
        "sentence": tell(answer.reason, answer.by, session.language),
        "since": instant(answer.since) if answer.since not in {None, LONG_AGO} else None,
        "until": instant(answer.until) if answer.until not in {None, FOREVER} else None,
        "elements": [{"profile": profile, "element": id_} for profile, id_ in elements],
    }


def _need(course: Course) -> str:
    return next((str(coding.get("code", "")) for coding in course.need.get("coding", ())), "")


def _once(rows: Rows) -> list[tuple[str, ...]]:
    """Without the first two cells where they are those of the row above."""
    shown, last = list[tuple[str, ...]](), ("", "")
    for first, second, *rest in rows:
        shown.append((*(("", "") if (first, second) == last else (first, second)), *rest))
        last = (first, second)
    return shown


# --- for people ------------------------------------------------------------------------------------------------------


def show(session: Session, found: Simulation, directory: Directory) -> None:
    """First what would change, then what is open and stays so, then what stays closed and why, then the referrals."""
    teller = _Teller(session, found, directory)
    changing = [one for one in found.lines if one.changes]
    if not changing:
        session.tell("consent-simulate.no-change")
    teller.lines("changes", changing)
    teller.lines("stays-open", [one for one in found.lines if not one.changes and one.then.state != "closed"])
    teller.closed([one for one in found.lines if not one.changes and one.then.state == "closed"])
    teller.courses()
    if any(one.now.is_open and not one.then.is_open for one in found.lines):
        session.tell("consent-simulate.not-recalled")


class _Teller:
    def __init__(self, session: Session, found: Simulation, directory: Directory) -> None:
        self.session, self.found, self.directory = session, found, directory

    def lines(self, title: str, lines: Sequence[Line]) -> None:
        columns = ("recipient", "purpose", "data-class", "now-then", "from", "until", "under", "what")
        rows = []
        for one in lines:
            shown = one.now if one.then.state == "closed" else one.then
            who = (self._name(one.recipient), self._purpose(one.purpose), self._class(one.data_class))
            rows.append((*who, self._turn(one), *self._period(shown), self._because(shown), self._what(one)))
        self._print(title, columns, rows)

    def closed(self, lines: Iterable[Line]) -> None:
        """One row for all that is closed to one recipient for one reason."""
        found: dict[tuple[str, str, str], list[str]] = {}
        for one in lines:
            label = self._class(one.data_class)
            found.setdefault((one.recipient, one.purpose, self._sentence(one.then)), []).append(label)
        separator = self.session.say("consent-simulate.separator")
        rows = [
            (self._name(recipient), self._purpose(purpose), separator.join(labels), sentence)
            for (recipient, purpose, sentence), labels in found.items()
        ]
        self._print("stays-closed", ("recipient", "purpose", "data-class", "why"), rows)

    def courses(self) -> None:
        if not self.found.courses:
            self.session.tell("consent-simulate.no-referral")
        rows = []
        for one in self.found.courses:
            statuses = dict.fromkeys(filter(None, (self._status(one.now), self._status(one.then))))
            happens = self.session.say(HAPPENS[one.action])
            rows.append((self._label(one), self._name(one.recipient), self._arrow(statuses), happens))
        self._print("referrals", ("need", "recipient", "now-then", "what-happens"), rows)

    def _print(self, title: str, columns: Sequence[str], rows: Rows) -> None:
        if not rows:
            return
        say, out = self.session.say, self.session.out
        headings = [
            say("heading.data-class" if name == "data-class" else f"consent-simulate.{name}") for name in columns
        ]
        wide = out.width >= WIDE  # who and for what is said once where the eye can look upwards
        shown = _once(rows) if wide and len(columns) > FEW else rows
        out.print(fitted(headings, shown, title=say(f"consent-simulate.{title}"), width=out.width, least=WIDE))

    def _turn(self, line: Line) -> str:
        states = (self.session.say(ACCESS[answer.state]) for answer in (line.now, line.then))
        return self._arrow(dict.fromkeys(states))

    def _arrow(self, states: Iterable[str]) -> str:
        return (" ← " if self.session.language == "ar" else " → ").join(states)

    def _period(self, answer: Answer) -> tuple[str, str]:
        """First and last day, in Morocco."""
        since, until = answer.since or LONG_AGO, answer.until or FOREVER
        last = until - timedelta(milliseconds=1)
        return ("" if since == LONG_AGO else _day(since), "" if until == FOREVER else _day(last))

    def _because(self, answer: Answer) -> str:
        """The consents, each with its part where that is known."""
        said = answer.by if answer.is_open else answer.because
        return "\n".join(part(one, self.session.language, self._called) for one in said)

    def _called(self, consent: str) -> str:
        return self.session.say("consent-simulate.new") if consent in self.found.signed else _short(consent)

    def _what(self, line: Line) -> str:
        """What is seen, or would be; why it is not open; for what is permitted with nothing recorded, that."""
        why = [self._sentence(line.then)] if line.then.reason else []
        if line.then.state == "closed":
            return "".join(why)
        seen = [*self._elements(line.then.elements)] or [self.session.say("consent-simulate.nothing-recorded")]
        return "\n".join((*why, *seen))

    def _elements(self, elements: Iterable[str]) -> Iterator[str]:
        """A line for each kind of resource, with its elements in words."""
        by_profile: dict[str, dict[str, None]] = {}
        for one in sorted(elements):
            name, _, id_ = one.partition("#")
            title = words(load().profile(name), id_, self.session.language).title
            by_profile.setdefault(name, {})[title] = None
        for name, titles in by_profile.items():
            label = of_profile(load().profile(name), self.session.language).title
            listed = self.session.say("consent-simulate.separator").join(titles)
            yield self.session.say("consent-simulate.elements", kind=label, listed=listed)

    def _sentence(self, answer: Answer) -> str:
        """Where a consent refuses, with the part that does; else what stands in the way is in none of them."""
        by = answer.by if answer.reason == "consent.refused" else ()
        return tell(answer.reason, by, self.session.language, self._called)

    def _name(self, organization: str) -> str:
        return self.directory.name(organization, self.session.language)

    def _purpose(self, code: str) -> str:
        return load().display(f"{TERMINOLOGY}/v3-ActReason", code, self.session.language) or code

    def _class(self, code: str) -> str:
        return load().display("data-class", code, self.session.language) or code

    def _status(self, code: str) -> str:
        return load().display(TASK_STATUS, code, self.session.language) or code

    def _label(self, course: Course) -> str:
        labels = (load().display(c.get("system", ""), c.get("code", ""), self.session.language)
                  for c in course.need.get("coding", ()))  # fmt: skip
        return next(filter(None, labels), _need(course))


def _short(reference: str) -> str:
    """Enough of it to be recognised in the list of consents."""
    return reference if len(reference) < 24 else f"{reference[:16]}…"


def _day(moment: datetime) -> str:
    return moment.astimezone(MOROCCO).strftime("%Y-%m-%d")
