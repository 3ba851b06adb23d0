"""How things stand when a story begins: her record, what was done to her, what she agreed to."""

from dataclasses import dataclass
from typing import Final

from tests.support import story_records as records
from tests.support.patience import until
from tests.support.story import Coded, Party, Story, must
from tests.support.subscribing import subscription

CORE: Final = ("core", "needs-and-services")


@dataclass(frozen=True)
class Given:
    """How things stand when the story begins."""

    story: Story
    number: int

    def record(self, kind: str = "named", province: str = "MA-CAS") -> None:
        """The association keeps a record of her: `named`, `anonymous`, or of a `minor`."""
        keeper = self.story.keeper
        made = keeper.persona.create(records.survivor(keeper.persona.reference, self.number, kind, province))
        self.story.her = f"Patient/{must(made)['id']}"
        hers = records.secrets(self.number)
        self.story.secrets = tuple(hers.values()) if kind != "anonymous" else (hers["words"],)
        self.story.say("given", f"record-{kind}", keeper=keeper)

    def caregiver(self, *, suspected: bool) -> str:
        name = "caregiver--suspected" if suspected else "caregiver"
        keeper = self.story.keeper
        whole = records.new(name, patient=records.to(self.story.her))
        whole["extension"][0] = {**whole["extension"][0], "valueReference": records.to(keeper.persona.reference)}
        made = must(keeper.persona.create(whole))
        self.story.say("given", "caregiver-suspected" if suspected else "caregiver-trusted")
        return f"RelatedPerson/{made['id']}"

    def incident(self, hours: float) -> None:
        """What was done to her, so many hours ago, with her own words about it."""
        made = records.incident(self.story.her, self.story.keeper.persona.reference, self.number, hours)
        must(self.story.keeper.persona.create(made))
        self.story.say("given", "incident", hours=round(hours))

    def agrees(
        self, *to: Party, classes: tuple[str, ...] = CORE, given_by: tuple[str, ...] = (), told: str = "agrees"
    ) -> None:
        keeper = self.story.keeper
        by = [one.persona.reference.removeprefix("Organization/") for one in to]
        made = records.consent(self.story.her, keeper.persona.reference, by, list(classes), list(given_by) or None)
        self.story.consents.append(f"Consent/{must(keeper.persona.create(made))['id']}")
        self.story.say("given", told, to=list(to), classes=[Coded("data-class", one) for one in classes])

    def subscribes(self, who: Party) -> None:
        """Its system wants to be told of referrals, at an address of its own: it is asked whether it is there, and answers."""
        made = must(who.persona.create(subscription(self.story.door.url, f"Task?owner={who.persona.reference}")))
        until(lambda: must(who.persona.read(f"Subscription/{made['id']}"))["status"] == "active")
        self.story.say("given", "subscribes", who=who)

    def house(self, of: Party) -> str:
        """A shelter of theirs: of where it is nobody else is ever told."""
        whole = records.new("shelter-location", managingOrganization=records.to(of.persona.reference))
        made = must(of.persona.create(whole))
        self.story.secrets += tuple(records.WHERE)
        self.story.hosts.add(of.persona)
        self.story.say("given", "house", of=of)
        return f"Location/{made['id']}"
