"""What is to be seen after a step of a story, by everybody who takes part, and what is on record when it has ended."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.fhir import Resource
from tests.support.patience import until
from tests.support.personas import code_of
from tests.support.story import NEVER, Coded, Party, Story, must, sought
from tests.support.story_records import WHERE
from tests.support.subscribing import told

STATUS: Final = "http://hl7.org/fhir/task-status"


@dataclass(frozen=True)
class Then:
    """What is to be seen."""

    story: Story

    def sees(self, **views: str) -> None:
        """What each of those who take part sees of her now: `everything`, `agreed`, `notice`, `own` (its own part), `nothing`."""
        assert views.keys() == self.story.parties.keys(), "nobody is left out"
        for role, view in views.items():
            self._check(self.story.parties[role], view)
        self.story.say("then", "sees", views={self.story.parties[role]: view for role, view in views.items()})

    def _check(self, party: Party, view: str) -> None:
        found = {type_: self._one(party, reference) for type_, reference in self._references().items()}
        seen = {type_ for type_, one in found.items() if one}
        expected = {type_ for type_ in SEEN[view] if self._references()[type_]}
        assert seen == expected, f"{party.persona.organization} sees {seen} of {self.story.task}, not {expected}"
        patient = found["Patient"]
        if patient and view in {"agreed", "own"} and any(one in str(patient) for one in self.story.secrets):
            raise AssertionError("who she is")
        if view == "nothing":
            self._hidden_as_absent(party)

    def _references(self) -> dict[str, str]:
        return {"Task": self.story.task, "Patient": self.story.her, "ServiceRequest": self.story.need}

    def _one(self, party: Party, reference: str) -> Resource | None:
        return next(iter(sought(party, reference)), None) if reference else None

    def _hidden_as_absent(self, party: Party) -> None:
        for type_, reference in self._references().items():
            if reference:
                hidden, never = party.persona.read(reference), party.persona.read(f"{type_}/{NEVER}")
                assert (hidden.status, hidden.response.content) == (404, never.response.content)

    def cannot_see(self, who: Party, reference: str, what: str) -> None:
        hidden, never = who.persona.read(reference), who.persona.read(f"{reference.partition('/')[0]}/{NEVER}")
        assert (hidden.status, hidden.response.content) == (404, never.response.content)
        self.story.say("then", f"cannot-see-{what}", who=who)

    def knows_no_name(self, who: Party) -> None:
        seen = must(who.persona.read(self.story.her))
        assert not {"name", "birthDate", "telecom", "photo"} & seen.keys()
        assert seen["address"] == [{"state": "MA-FES"}] or {"line", "city", "text"}.isdisjoint(seen["address"][0])
        self.story.say("then", "knows-no-name", who=who)

    def does_not_learn_where(self, who: Party, house: str) -> None:
        """It stands in the directory, with its province alone."""
        seen = must(who.persona.read(house))
        assert not [one for one in WHERE if one in str(seen)]
        assert seen["address"]["state"] == "MA-MAR"
        self.story.say("then", "does-not-learn-where", who=who)

    def is_to_be_reviewed(self, who: Party, minutes: int) -> str:
        """What was opened stands on record with the reason, for a while only, and waits for her association to look at it."""
        (review,) = self.story.keeper.persona.find("Task", patient=self.story.her, status="requested").resources
        assert review["requester"]["reference"] == who.persona.reference
        period = review["restriction"]["period"]
        start, end = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
        assert end - start <= timedelta(minutes=minutes)
        self.story.say("then", "is-to-be-reviewed", who=self.story.keeper, minutes=minutes)
        return f"Task/{review['id']}"

    def stands(self, status: str, business: str = "", *, task: str = "") -> None:
        """As her association sees the referral."""
        found = must(self.story.keeper.persona.read(task or self.story.task))
        assert (found["status"], code_of(found.get("businessStatus"))) == (status, business), found
        key = "stands-business" if business else "stands"
        said = {"business": Coded("referral-business-status", business)} if business else {}
        self.story.say("then", key, status=Coded(STATUS, status), **said)

    def answer_is_due_within(self, hours: float) -> None:
        task = must(self.story.keeper.persona.read(self.story.task))
        due = datetime.fromisoformat(task["restriction"]["period"]["end"])
        assert datetime.now(UTC) < due <= datetime.now(UTC) + timedelta(hours=hours), due
        self.story.say("then", "due", hours=round(hours))

    def knows_when_it_was(self, who: Party, within_hours: float) -> None:
        """The incident as it sees it: its date, and not a word of what she told."""
        (incident,) = who.persona.find("Observation", patient=self.story.her).resources
        assert "note" not in incident
        since = datetime.now(UTC) - datetime.fromisoformat(incident["effectiveDateTime"])
        assert since < timedelta(hours=within_hours)
        self.story.say("then", "when-it-was", who=who, hours=round(within_hours))

    def told(self, kind: str, *parties: Party, task: str = "") -> None:
        """These hear of it at once, by an id and no more; nobody else does, now or later in this story."""
        about = task or self.story.task
        for one in parties:
            until(lambda one=one: _heard(self.story, one, kind, about))
        self.story.expected.append((kind, about, frozenset(one.persona for one in parties)))
        self.story.say("then", "told", kind=Coded("audit-action", kind), parties=list(parties))

    def is_told_at_its_door(self, who: Party) -> None:
        """By the number of an event and of the referral, and nothing else of it."""
        until(lambda: self.story.task in self._focused())
        sent = b"".join(body for _, body in self.story.door.got).decode()
        assert not [secret for secret in (*self.story.secrets, self.story.her, self.story.need) if secret in sent]
        self.story.say("then", "is-told-at-its-door", who=who)

    def _focused(self) -> set[str]:
        """What it was told of; under an address of the hub or none."""
        named = (focus for one in told(self.story.door) for focus in one["events"].values() if focus)
        return {"/".join(focus.rsplit("/", 2)[-2:]) for focus in named}

    def ends(self, status: str, code: str) -> None:
        """In a final state, with an outcome or a reason; and what happened is all on record."""
        task = must(self.story.keeper.persona.read(self.story.task))
        assert task["status"] == status
        said = {code_of(one.get("valueCodeableConcept")) for one in task.get("output", ())} | {
            code_of(task.get("statusReason"))
        }
        assert code in said, said
        system = "referral-outcome" if status == "completed" else "referral-status-reason"
        self.story.say("then", "ends", status=Coded(STATUS, status), code=Coded(system, code))

    def timeline(self, *statuses: str, task: str = "") -> None:
        """Every step that the referral took, in order, as its timeline tells it, and its history too."""
        about = task or self.story.task
        history = must(self.story.keeper.persona.read(f"{about}/_history?_count=100"))
        steps = [entry["resource"]["status"] for entry in reversed(history["entry"])]
        told = [one["status"]["valueCode"] for one in self._events(about) if "status" in one]
        assert [one for n, one in enumerate(told) if n == 0 or one != told[n - 1]] == list(statuses), told
        taken = [one for n, one in enumerate(steps) if n == 0 or one != steps[n - 1]]
        assert taken == list(statuses), taken
        self.story.say(
            "then", "timeline-of-request" if task else "timeline", statuses=[Coded(STATUS, one) for one in statuses]
        )

    def course(self, *actions: str) -> None:
        """All that happened to it in one answer, what was told because of time included, and for how long each step was waited."""
        events = [one for one in self._events(self.story.task) if "action" in one]
        codes = [one["action"]["valueCoding"]["code"] for one in events]
        assert [one for n, one in enumerate(codes) if n == 0 or one != codes[n - 1]] == list(actions), codes
        assert all("took" in one for one in events[1:] if one["action"]["valueCoding"]["code"] not in REMINDED)
        self.story.say("then", "course", actions=[Coded("audit-action", one) for one in actions])

    def _events(self, about: str) -> list[Resource]:
        answer = must(self.story.keeper.persona.read(f"{about}/$timeline"))
        events = ({part["name"]: part for part in one["part"]} for one in answer["parameter"] if one["name"] == "event")
        return [one for one in events if one["about"]["valueReference"]["reference"] == about]

    def report(self, *lookers: Party) -> None:
        """The account that she may ask for: these saw something of hers, nobody else did, and the hub says who was refused."""
        account = self.story.account(self.story.her)
        saw = {one.organization for one in account.entries if one.kind in {"seen", "exception"}}
        assert saw == {one.persona.organization for one in lookers}, saw
        refused = {one.organization for one in account.of("refused")}
        tried = [one for one in self.story.others if one.persona.organization in refused]
        assert self.story.parties["stranger"] in tried
        self.story.say("then", "report", lookers=list(lookers), refused=tried)

    def is_told_to_stop(self, who: Party) -> None:
        notices = who.persona.find("Communication", recipient=who.persona.reference).resources
        (notice,) = [one for one in notices if one["about"][0]["reference"] == self.story.task]
        assert self.story.her not in str(notice)
        assert {"DELAU", "NORDSCLCD"} <= {one["code"] for one in notice["meta"]["security"]}
        self.story.say("then", "is-told-to-stop", who=who)

    def nobody_saw_more(self) -> None:
        """Of all answers that anybody was given in this story, none holds what she did not agree to; nobody heard what was not for it."""
        assert not self.story.leaks(), self.story.leaks()
        assert not self.story.overheard(self.story.parties["stranger"])
        assert all(
            one.data.keys() == ID_ONLY for party in self.story.parties.values() for one in self.story.heard_by(party)
        )
        for kind, about, persons in self.story.expected:
            heard = {one.persona for one in self.story.parties.values() if _heard(self.story, one, kind, about)}
            assert heard == persons, (kind, {one.organization for one in heard})
        self.story.say("then", "nobody-saw-more")


REMINDED: Final = {"referral.remind", "referral.overdue", "referral.escalate"}
ID_ONLY: Final = {"reference", "version", "at"}
SEEN: Final = {
    "everything": {"Task", "Patient", "ServiceRequest"},
    "agreed": {"Task", "Patient", "ServiceRequest"},
    "own": {"Task", "ServiceRequest"},
    "notice": {"Task"},
    "emergency": {"Patient"},
    "nothing": set(),
}


def _heard(story: Story, party: Party, kind: str, about: str) -> bool:
    return any((one.kind, one.data["reference"]) == (kind, about) for one in story.heard_by(party))
