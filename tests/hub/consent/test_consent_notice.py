"""The notice of a referral where Consents speak of some documents only, or of the referral itself."""

from datetime import UTC, datetime

import pytest

from hub.consent.actors import alone
from hub.consent.compiled import Deny, Permit
from hub.consent.decide import decide_of
from hub.consent.grants import NOTICE
from hub.consent.keys import Held, granted, keys, opened
from hub.consent.policies import packaged
from hub.consent.provisions import PurposesUnder, Question
from hub.consent.rules import Rules
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from tests.support import pcf
from tests.support.consents import agreed, consent, permit, provision, referral

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNDER = PurposesUnder()
TASK = referral("t1", "chu", "requested") | {"authoredOn": "2026-05-01"}
OLD: Resource = {"resourceType": "Observation", "id": "o1", "effectiveDateTime": "2022-06"}
SECRET = {"meta": {"security": [{"system": f"{TERMINOLOGY}/v3-ActCode", "code": "HIV"}]}}
BY_TYPE = {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Task"}]}


def told(*consents: Resource, task: Resource = TASK, marks: tuple[str, ...] = ()) -> bool:
    """Whether somebody at CHU is told of the referral; key and decision agree."""
    documents = [Held(one, "yasmine", NOW) for one in (OLD, task, *consents)]
    permitted = granted(documents, Rules(packaged(), UNDER, alone))
    found = keys(documents, permitted, lambda _: frozenset({"core", NOTICE}))
    is_open = NOTICE in opened(found["Task/t1"], "chu", "COC", frozenset(marks), NOW)
    facts = permitted["yasmine"].documents.get("Task/t1")
    question = Question("chu", "COC", NOTICE, NOW, *marks, document=facts)
    answer = decide_of(question, permitted["yasmine"], [task])
    assert isinstance(answer, Permit) == is_open
    assert answer.by if is_open else isinstance(answer, Deny)
    return is_open


def test_data_of_another_year_open_the_notice_of_todays_referral() -> None:
    limited = consent(provision(exceptions=[permit("chu", ["core"]) | pcf.YEAR]))
    assert told(limited)
    assert not told(consent(provision(exceptions=[permit("chu", ["core"]) | {"dataPeriod": {"end": "2020"}}])))


@pytest.mark.parametrize(
    "limit",
    [BY_TYPE, pcf.data("instance", "Task/t1"), {"dataPeriod": {"start": "2026-05"}},
     {"code": [{"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}]}],
    ids=["type", "record", "period", "code"],
)  # fmt: skip
def test_a_refusal_that_speaks_of_the_referral_closes_its_notice_to_those_whom_it_names(limit: Resource) -> None:
    assert not told(agreed("chu"), consent({"type": "deny"} | limit, "c2"))
    assert told(agreed("chu"), consent({"type": "deny"} | pcf.to("Organization/police") | limit, "c2"))
    for_nadia = consent({"type": "deny"} | pcf.to("Practitioner/nadia") | limit, "c2")
    assert told(agreed("chu"), for_nadia)
    assert not told(agreed("chu"), for_nadia, marks=("Practitioner/nadia",))


def test_a_label_closes_a_notice_only_where_it_is_written_on_the_referral() -> None:
    refusal = consent({"type": "deny"} | pcf.labels("HIV"), "c2")
    assert told(agreed("chu"), refusal)
    assert not told(agreed("chu"), refusal, task=TASK | SECRET)
    by_class = consent(
        {"type": "deny", "securityLabel": [{"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": "V"}]}, "c2"
    )
    assert told(agreed("chu"), by_class)


def test_who_is_refused_everything_is_told_of_nothing_and_her_colleagues_are() -> None:
    refusal = consent({"type": "deny"} | pcf.to("Practitioner/nadia"), "c2")
    assert told(agreed("chu"), refusal)
    assert told(agreed("chu"), refusal, marks=("Practitioner/amal",))
    assert not told(agreed("chu"), refusal, marks=("Practitioner/nadia",))
