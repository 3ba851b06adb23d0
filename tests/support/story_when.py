"""What one party of a story does: it is done over HTTP with its own token, and the sentence that says so is written down."""

from dataclasses import dataclass
from typing import Any

from hub.fhir import Resource
from tests.support import story_records as records
from tests.support.personas import concept, outcome, reason
from tests.support.story import Coded, Party, Story, found, must


@dataclass(frozen=True)
class When:
    """What one party does."""

    story: Story
    number: int

    def refers(self, to: Party, service: str, priority: str = "urgent", **need: Any) -> None:
        """Her association sends a need of hers to somebody."""
        self._needs(service, priority, **need)
        self.story.say(
            "when",
            "refers",
            who=self.story.keeper,
            to=to,
            service=Coded("service-type", service),
            priority=_urgency(priority),
        )
        self._sent(to.persona.reference)

    def refers_in_haste(self, to: Party, service: str, within_s: float) -> None:
        """So that what else takes days can be lived through."""
        self._needs(service, "stat")
        said = {"service": Coded("service-type", service), "seconds": round(within_s)}
        self.story.say("when", "refers-in-haste", who=self.story.keeper, to=to, **said)
        self._sent(to.persona.reference, within_s)

    def refers_again(self, to: Party) -> None:
        self.story.say("when", "refers-again", who=self.story.keeper, to=to)
        self._sent(to.persona.reference)

    def opens_to_claim(self, service: str, priority: str = "urgent") -> None:
        self._needs(service, priority)
        self.story.say("when", "opens-to-claim", who=self.story.keeper, service=Coded("service-type", service))
        self._sent("")

    def cannot_refer(self, to: Party, service: str) -> None:
        """Without a consent that counts nothing is sent."""
        self._needs(service, "urgent")
        self.cannot_refer_again(to)

    def cannot_refer_again(self, to: Party) -> None:
        sent = self.story.keeper.persona.create(records.referral(self.story.need, to.persona.reference))
        assert sent.status == 422, sent.response.text
        self.story.say("when", "cannot-refer", who=self.story.keeper, to=to)

    def _needs(self, service: str, priority: str, **more: Any) -> None:
        keeper = self.story.keeper.persona
        made = must(keeper.create(records.need(self.story.her, keeper.reference, service, priority, **more)))
        self.story.need = f"ServiceRequest/{made['id']}"

    def _sent(self, owner: str, within_s: float = 0) -> None:
        made = must(self.story.keeper.persona.create(records.referral(self.story.need, owner, within_s)))
        assert made["status"] == "requested"
        self.story.refers(f"Task/{made['id']}")

    def looks(self, who: Party) -> None:
        """Somebody there opens the referral and says that it has arrived."""
        self.moves(who, "received")
        self.story.say("when", "looks", who=who)

    def moves(self, who: Party, status: str, *, task: str = "", **more: Any) -> Resource:
        moved = must(who.persona.change(task or self.story.task, status=status, **more))
        assert moved["status"] == status
        return moved

    def accepts(self, who: Party) -> None:
        self.moves(who, "accepted")
        self.story.say("when", "accepts", who=who)

    def begins(self, who: Party) -> None:
        self.moves(who, "in-progress")
        self.story.say("when", "begins", who=who)

    def says(self, who: Party, business: str) -> None:
        """An appointment, and what became of it."""
        status = must(who.persona.read(self.story.task))["status"]
        self.moves(who, status, businessStatus=concept("referral-business-status", business))
        self.story.say("when", "says", who=who, business=Coded("referral-business-status", business))

    def completes(self, who: Party, came_of_it: str = "service-provided") -> None:
        self.moves(who, "completed", output=outcome(came_of_it))
        self.story.say("when", "completes", who=who, outcome=Coded("referral-outcome", came_of_it))

    def ends(self, who: Party, status: str, why: str) -> None:
        """Rejects, cancels, or fails, and says why."""
        self.moves(who, status, statusReason=reason(why))
        self.story.say("when", status, who=who, why=Coded("referral-status-reason", why))

    def cannot(self, who: Party, status: str, key: str, *codes: int, **more: Any) -> None:
        """Refused, and nothing has changed."""
        before = must(self.story.keeper.persona.read(self.story.task))
        etag = f'W/"{before["meta"]["versionId"]}"'
        refused = who.persona.change(self.story.task, etag, status=status, **more)
        assert refused.status in (codes or (403, 422)), refused.response.text
        assert must(self.story.keeper.persona.read(self.story.task)) == before
        self.story.say("when", key, who=who)

    def says_there_is_room_later(self, who: Party) -> None:
        """Accepted, and on the waiting list."""
        self.moves(who, "accepted", businessStatus=concept("referral-business-status", "waitlisted"))
        self.story.say("when", "room-later", who=who)

    def turns_to(self, part: str, who: Party) -> None:
        """What follows is about the part that was passed on to somebody."""
        self.story.need = str(must(self.story.keeper.persona.read(part))["focus"]["reference"])
        self.story.refers(part)
        self.story.say("when", "turns-to", who=who)

    def turns_back_to(self, whole: str, need: str, who: Party) -> None:
        self.story.need = need
        self.story.refers(whole)
        self.story.say("when", "turns-back", who=who)

    def claims(self, who: Party) -> None:
        owner = records.to(who.persona.reference)
        seen = found(who, self.story.task)
        must(who.persona.change(self.story.task, _etag(seen), status="accepted", owner=owner))
        self.story.say("when", "claims", who=who)

    def hesitates(self, who: Party) -> Resource:
        """The notice as it was seen."""
        self.story.say("when", "hesitates", who=who)
        return found(who, self.story.task)

    def claims_too_late(self, who: Party, seen: Resource) -> None:
        late = who.persona.change(
            self.story.task, _etag(seen), status="accepted", owner=records.to(who.persona.reference)
        )
        assert late.status == 412, late.response.text
        self.story.say("when", "claims-too-late", who=who)

    def withdraws(self) -> None:
        """She takes back what she agreed to; her association records it."""
        keeper = self.story.keeper
        for one in self.story.consents:
            must(keeper.persona.ask("POST", f"{one}/$withdraw", {"resourceType": "Parameters"}))
        self.story.say("when", "withdraws", keeper=keeper)

    def closes_unseen(self, who: Party, came_of_it: str) -> None:
        said = [{"name": "status", "valueCode": "completed"}, {"name": "code", "valueCode": came_of_it}]
        must(who.persona.ask("POST", f"{self.story.task}/$close", {"resourceType": "Parameters", "parameter": said}))
        self.story.say("when", "closes-unseen", who=who, outcome=Coded("referral-outcome", came_of_it))

    def asks_to_cancel(self, why: str) -> str:
        made = must(self.story.keeper.persona.create(records.cancellation(self.story.task, why)))
        self.story.say("when", "asks-to-cancel", who=self.story.keeper, why=Coded("referral-status-reason", why))
        return f"Task/{made['id']}"

    def agrees_to_cancel(self, who: Party, request: str) -> None:
        self.moves(who, "accepted", task=request)
        self.story.say("when", "agrees-to-cancel", who=who)

    def refuses_to_cancel(self, who: Party, request: str, why: str) -> None:
        self.moves(who, "rejected", task=request, statusReason=concept("referral-status-reason", why))
        self.story.say("when", "refuses-to-cancel", who=who, why=Coded("referral-status-reason", why))

    def asks_for_information(self, who: Party) -> str:
        made = must(who.persona.create(records.question(self.story.task)))
        self.story.say("when", "asks-for-information", who=who)
        return f"Task/{made['id']}"

    def informs(self, request: str) -> str:
        keeper = self.story.keeper
        form = f"QuestionnaireResponse/{must(keeper.persona.create(records.answers(self.story.her, keeper.persona.reference)))['id']}"
        self.moves(keeper, "completed", task=request, output=records.given_answers(form))
        self.story.say("when", "informs", who=keeper)
        return form

    def passes_on(self, who: Party, to: Party, service: str) -> str:
        """The part that comes of it; her association sees it too."""
        references = self.story.her, who.persona.reference, to.persona.reference, self.story.need
        mine = must(who.persona.create(records.passed_on(*references, service)))
        (part,) = who.persona.find("Task", focus=f"ServiceRequest/{mine['id']}").resources
        self.story.say("when", "passes-on", who=who, to=to)
        return f"Task/{part['id']}"

    def reviews(self, review: str) -> None:
        """Her association, at the hub: it had to be."""
        self.story.command("override", "review", review, "--outcome", "justified")
        assert must(self.story.keeper.persona.read(review))["status"] == "completed"
        self.story.say("when", "reviews", who=self.story.keeper)

    def breaks_the_glass(self, who: Party, why: str) -> Resource:
        """What is open now, and until when."""
        answer = must(who.persona.ask("POST", "Patient/$break-glass", records.emergency(self.number, why)))
        self.story.trusted.add(who.persona)
        self.story.say("when", "breaks-the-glass", who=who, why=Coded("override-reason", why))
        return {part["name"]: part for part in answer["parameter"][0]["part"]}


def _etag(resource: Resource) -> str:
    return f'W/"{resource["meta"]["versionId"]}"'


def _urgency(priority: str) -> Coded:
    return Coded("http://hl7.org/fhir/request-priority", priority)
