"""The review Task of an exceptional disclosure: as it is opened, and as it is after the review.

It says all from which the disclosure follows, so that no later change of a policy changes what was open.
Profile: `profiles/structure-definitions/override-review-task.json`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.consent.overrides import CODE
from hub.consent.policies import Override
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import instant, span

NOT_JUSTIFIED = "not-justified"
SHORTEST_REASON = 15
LONGEST_REASON = 500
"""Characters. A word is no reason; a story does not belong here."""


@dataclass(frozen=True, repr=False)
class Asked:
    """An exceptional disclosure as it is asked for. `reason`: a code of `override-reason`, with `words` beside it.

    `informed`: a code of `survivor-informed`, of a disclosure by a duty; `practitioner`: the person who asks, where known.
    """

    override: Override
    requester: str
    recipient: str
    purposes: frozenset[str]
    reason: str
    words: str
    practitioner: str = ""
    informed: str = ""


def review_of(
    asked: Asked, *, id_: str, person: str, custodian: str, classes: Iterable[str], now: datetime
) -> Resource:
    """The Task that opens these classes of what `custodian` keeps of `person`, and waits for its review."""
    until = now + timedelta(minutes=asked.override.minutes)
    return {
        "resourceType": "Task",
        "id": id_,
        "meta": {"profile": [profile("override-review-task")]},
        "instantiatesUri": asked.override.basis,
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": code_system("task-code"), "code": CODE}]},
        "for": {"reference": f"Patient/{person}"},
        "authoredOn": instant(now),
        "lastModified": instant(now),
        "requester": {"reference": f"Organization/{asked.requester}"},
        "owner": {"reference": f"Organization/{custodian}"},
        "reasonCode": {
            "coding": [{"system": code_system("override-reason"), "code": asked.reason}],
            "text": asked.words,
        },
        "restriction": {"period": {"start": instant(now), "end": instant(until)}},
        "input": [
            _part("task-input", "override-kind", valueCode=asked.override.kind),
            _part("task-input", "recipient", valueReference={"reference": f"Organization/{asked.recipient}"}),
            *(_part("task-input", "purpose", valueCode=purpose) for purpose in sorted(asked.purposes)),
            *(_part("task-input", "data-class", valueCode=name) for name in sorted(classes)),
            _part("task-input", "despite-refusal", valueBoolean=asked.override.despite_refusal),
            *_known("survivor-informed", "valueCode", asked.informed),
            *_known("opened-by", "valueReference", asked.practitioner and {"reference": asked.practitioner}),
        ],
    }


def reviewed(task: Resource, outcome: str, note: str, now: datetime) -> Resource:
    """The Task after its review. `outcome`: a code of `override-review`; what was not justified ends now, if not before."""
    output = [_part("task-output", "review", valueCode=outcome)]
    output += [_part("task-output", "review-note", valueString=note)] if note else []
    period = task["restriction"]["period"]
    if outcome == NOT_JUSTIFIED and now < span(period["end"])[0]:
        period = {**period, "end": instant(now)}
    done = {"status": "completed", "lastModified": instant(now), "restriction": {"period": period}, "output": output}
    return {**task, **done}


def _known(name: str, element: str, value: Any) -> Iterable[Resource]:
    return (_part("task-input", name, **{element: value}),) if value else ()


def _part(system: str, name: str, **value: Any) -> Resource:
    return {"type": {"coding": [{"system": code_system(system), "code": name}]}, **value}
