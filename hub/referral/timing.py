"""Timing: the deadlines of a deployment together with whose hours they are counted in, as every act is given them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hub.fhir import Resource
from hub.fhir.references import split
from hub.ports import FOREVER
from hub.referral.calendars import Calendar
from hub.referral.deadline_file import packaged
from hub.referral.deadlines import Deadlines
from hub.referral.rungs import Moment, steps
from hub.referral.stages import Window, earliest, run, service, stage, timed, window

CalendarOf = Callable[[str, str], Calendar]
"""An organisation and a service type → when it is open for that."""


@dataclass(frozen=True)
class Timing:
    """`opening` None: everybody works as the deployment does."""

    deadlines: Deadlines = field(default_factory=packaged)
    opening: CalendarOf | None = None

    def calendar(self, task: Resource) -> Calendar:
        """Of whoever has to answer."""
        owner = split(task.get("owner", {}).get("reference", ""))[1]
        if self.opening is None or not owner:
            return self.deadlines.calendar
        return self.opening(owner, service(task))

    def timed(self, before: Resource | None, after: Resource, now: datetime) -> Resource:
        """A referral as it is to be stored: with its deadline where it is sent now, or its priority has changed."""
        if stage(after) != "acceptance" or (before is not None and run(before) == run(after)):
            return after
        count = self.deadlines.stages["acceptance"].of(str(after.get("priority", "routine"))).count
        calendar = self.deadlines.calendar if count == "clock" else self.calendar(after)
        return timed(before, after, now, self.deadlines, calendar)

    def next_look(
        self, tasks: Iterable[tuple[Resource | None, Resource]], known: datetime | None, now: datetime
    ) -> datetime:
        """Before this moment no step of these Tasks, each as it was and as it is, is due. `known`: the same of them as they were;
        None: unknown."""
        goes_on, looks = False, [FOREVER]
        for before, after in tasks:
            if (goes_on and before is after) or not stage(after):
                continue
            if before is after or (before is not None and run(before) == run(after)):
                goes_on = True
            else:
                looks.append(earliest(after, now, self.deadlines))
        return min(*looks, known or now) if goes_on else min(looks)

    def window(self, task: Resource, start: datetime) -> Window:
        return window(task, start, self.deadlines, self.calendar(task))

    def steps(self, task: Resource, of: Window, now: datetime) -> tuple[Moment, ...]:
        return tuple(steps(of, self.deadlines, self.calendar(task), now))
