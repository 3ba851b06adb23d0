"""The main job, told as the parties live it: registers are read, referrals pulled, accepted, withdrawn, completed, and the
outcome comes back to where each case came from. Every step is an ordinary request; nothing reaches behind the API."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from demo.party import Party
from hub.fhir.canonicals import code_system
from hub.fhir.references import reference, split

Say = Callable[..., None]
Label = Callable[[str, str], str]
"""The word for a code: system and code."""
Task = dict[str, Any]

HOSPITAL, OTHER_HOSPITAL = "chu-atlas", "hopital-oriental"
SPREADSHEET, KOBO = "yasmine-psy", "zahra-ecoute"
PRIORITY = "http://hl7.org/fhir/request-priority"
OUTCOME = "referral_outcome"
NAMES_ROW = 3
"""Where a follow-up register has the technical names of its columns, hidden: below its title, and above its headers."""


class StoryBroken(Exception):  # noqa: N818
    """The hub did not behave as it must. The text says where, in the developers' language."""


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise StoryBroken(what)


class Story:
    """The acts, in order. Each looks first whether an earlier run has done it."""

    def __init__(self, cast: dict[str, Party], names: dict[str, str], say: Say, label: Label) -> None:
        self.cast, self.names, self.say, self.label = cast, names, say, label
        self.hospital, self.other = cast[HOSPITAL], cast[OTHER_HOSPITAL]
        self.acts = 0

    def tell(self) -> int:
        """How many acts were done now: none on a second run."""
        self._pull()
        self._outsider()
        self._withdraw()
        for association in (SPREADSHEET, KOBO):
            self._complete(association)
        return self.acts

    # the hospital pulls, and sees only the minimal notice
    def _pull(self) -> None:
        tasks = self._tasks()
        expect(bool(tasks), "the hospital has no referrals")
        self.say("pulled", count=len(tasks))
        waiting = [task for task in tasks if task["status"] == "requested"]
        if not waiting:
            return
        task = waiting[0]
        seen = self.hospital.get(reference(task))
        expect(seen.status == 200, "the hospital cannot read its own referral")
        person = self.hospital.get(task["for"]["reference"])
        expect(person.status == 404, "the survivor is visible before acceptance")
        self.say("notice", priority=self.label(PRIORITY, task["priority"]))

    # another hospital finds nothing at all
    def _outsider(self) -> None:
        task = self._tasks()[0]
        hidden = self.other.get(reference(task))
        never = self.other.get("Task/00000000-0000-0000-0000-000000000000")
        expect(hidden.status == 404 and hidden.body == never.body, "a hidden referral differs from one that never was")
        found = self.other.get("Task", owner=f"Organization/{HOSPITAL}")
        expect(found.total == 0, "another hospital counts referrals that are not its own")
        self.say("outsider")

    # accepted, opened, and closed again by the survivor
    def _withdraw(self) -> None:
        association = self.cast[SPREADSHEET]
        stopped = [
            task
            for task in self._tasks(association, SPREADSHEET)
            if _code(task.get("businessStatus")) == "consent-withdrawn"
        ]
        if stopped:
            expect(self.hospital.get(reference(stopped[0])).status == 404, "a withdrawn referral is visible")
            self.say("withdrawn-before")
            return
        task = self._waiting(SPREADSHEET)
        self._accept(task)
        payload = self.hospital.get(task["for"]["reference"])
        expect(payload.status == 200, "the payload stays closed after acceptance")
        expect("name" not in payload.body, "the name left without consent")
        self.say("opened")
        consents = association.all("Consent", patient=task["for"]["reference"], status="active")
        expect(bool(consents), "the association does not find the consent")
        for consent in consents:
            withdrawn = association.patch(reference(consent), {"op": "replace", "path": "/status", "value": "inactive"})
            expect(withdrawn.status == 200, f"withdrawal answered {withdrawn.status}")
        for path in (reference(task), task["for"]["reference"], task["focus"]["reference"]):
            after = self.hospital.get(path)
            expect(after.status == 404, "something is visible after withdrawal")
        found = self.hospital.get("Task", _id=task["id"])
        expect(found.total == 0, "a withdrawn referral is still counted")
        self.acts += 1
        self.say("withdrawn")

    # accepted and completed, with an outcome
    def _complete(self, association: str) -> None:
        done = [t for t in self._tasks() if t["status"] == "completed" and _from(t, association)]
        if done:
            self.say("completed-before", association=self.names[association])
            return
        task = self._waiting(association)
        self._accept(task)
        outcome = {
            "type": _concept("task-output", "outcome"),
            "valueCodeableConcept": _concept("referral-outcome", "service-provided"),
        }
        completed = self.hospital.patch(
            reference(task),
            {"op": "replace", "path": "/status", "value": "completed"},
            {"op": "add", "path": "/output", "value": [outcome]},
        )
        expect(completed.status == 200, f"completion answered {completed.status}")
        self.acts += 1
        self.say("completed", association=self.names[association])

    def _accept(self, task: Task) -> None:
        accepted = self.hospital.patch(reference(task), {"op": "replace", "path": "/status", "value": "accepted"})
        expect(accepted.status == 200, f"acceptance answered {accepted.status}")
        self.acts += 1
        self.say("accepted")

    def _tasks(self, party: Party | None = None, requester: str = "") -> list[Task]:
        if requester and party:
            return party.all("Task", requester=f"Organization/{requester}", _count=100)
        return self.hospital.all("Task", owner=f"Organization/{HOSPITAL}", _count=100)

    def _waiting(self, association: str) -> Task:
        """The only one of its survivor: of several, her association's tool shows the foremost, which is not the one that ends."""
        of_each = Counter(t["for"]["reference"] for t in self._tasks(self.cast[association], association))
        waiting = [t for t in self._tasks() if t["status"] in {"requested", "received"} and _from(t, association)]
        found = [t for t in waiting if of_each[t["for"]["reference"]] == 1]
        expect(bool(found), f"no referral of {association} waits for the hospital")
        return found[0]


def referrals_by_state(cast: dict[str, Party]) -> dict[str, int]:
    """How many referrals of the story's two associations stand in each state, as they themselves see them."""
    states: dict[str, int] = {}
    for association in (SPREADSHEET, KOBO):
        for task in cast[association].all("Task", requester=f"Organization/{association}", _count=100):
            states[task["status"]] = states.get(task["status"], 0) + 1
    return states


def disclosures(cast: dict[str, Party]) -> tuple[int, dict[str, int]]:
    """From the audit that the two associations keep: how often others saw what is theirs, and why others did not."""
    permitted, denied = 0, Counter[str]()
    for association in (SPREADSHEET, KOBO):
        for event in cast[association].all("AuditEvent", subtype="disclosure.permit", _count=100):
            permitted += not _by(event, association)
        for event in cast[association].all("AuditEvent", subtype="disclosure.deny", _count=100):
            denied[event["outcomeDesc"]] += not _by(event, association)
    return permitted, dict(denied)


def _by(event: dict[str, Any], organization: str) -> bool:
    return any(split(agent["who"].get("reference", ""))[1] == organization for agent in event["agent"])


def wait_for_follow_up(folder: Path, kobo_answers: Callable[[], list[dict[str, Any]]], seconds: float = 60) -> bool:
    """Whether the outcome has reached the follow-up register and the Kobo project."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        in_kobo = any("suivi/resultat" in answer for answer in kobo_answers())
        if in_kobo and any(with_outcome(list(follow_up_rows(folder)))):
            return True
        time.sleep(0.2)
    return False


def follow_up_rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """What the spreadsheet association finds in its follow-up register, in visible columns: their technical names, their headers,
    and the rows."""
    for path in sorted((folder / "follow-up" / "yasmine").glob("*.xlsx")):
        sheet = load_workbook(path).worksheets[0]
        hidden = {letter for letter, column in sheet.column_dimensions.items() if column.hidden}
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [cell for cell in row if get_column_letter(cell.column or 0) not in hidden]
            if number >= NAMES_ROW and any(cell.value for cell in cells):
                yield tuple(str(cell.value or "") for cell in cells)


def with_outcome(follow_up: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The rows whose referral has come to its outcome. `follow_up`: all that `follow_up_rows` gives."""
    if not follow_up:
        return []
    names, _, *rows = follow_up
    return [row for row in rows if row[names.index(OUTCOME)]]


def _from(task: Task, association: str) -> bool:
    return split(task["requester"]["reference"])[1] == association


def _code(concept: dict[str, Any] | None) -> str:
    codings = (concept or {}).get("coding", [{}])
    return str(codings[0].get("code", ""))


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": code_system(system), "code": code}]}
