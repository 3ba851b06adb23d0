"""Several sources say different things of one woman's consent: in whatever order they are read, the same may be sent."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.fhir import Resource
from hub.fhir.references import reference
from hub.mapping import load
from hub.ports import Place, SourceRecord
from tests.support.association import HOSPITAL, Scene

FIRST = date(2026, 5, 1)
QUIET = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@dataclasses.dataclass(frozen=True)
class Said:
    """What one source says: on which day she came and, if it is told, on which she was asked. `day`, `asked`: since the first."""

    source: int
    answer: str | None
    day: int
    asked: int | None

    def refuses_by(self) -> date:
        return FIRST + timedelta(days=max(self.day, self.asked if self.asked is not None else 0))


DAY = st.integers(0, 4)
SAID = st.one_of(st.tuples(st.just("oui"), DAY, DAY), st.tuples(st.sampled_from(["non", None]), DAY, DAY | st.none()))
WORDS = st.lists(SAID, min_size=2, max_size=3).map(
    lambda all_: tuple(Said(source, *one) for source, one in enumerate(all_))
)


def written(days: int | None) -> str | None:
    return None if days is None else f"{FIRST + timedelta(days=days):%d/%m/%Y}"


def read(at: Scene, one: Said, who: str) -> None:
    source = dataclasses.replace(at.connection, id=f"{who}-{one.source}")
    row = at.row(
        str(one.source), case_number=f"{who}-{one.source}", survivor_code=who, cin=None, consent=one.answer,
        visit_date=written(one.day), consent_date=written(one.asked),
    )  # fmt: skip
    receipt = receive([row], source, at.form, hub=at.hub)
    assert receipt.rejected == ()


def hers(at: Scene, type_: str, who: Resource) -> list[Resource]:
    named = {"Task": "for", "ServiceRequest": "subject"}[type_]
    return [one for one in at.all(type_) if one[named]["reference"] == reference(who)]


def agreed(words: Sequence[Said], need: Said) -> bool:
    """By the rule in words: she agreed to it to somebody, and not only before she refused it, nor on that day."""
    yes = [FIRST + timedelta(days=one.asked) for one in words if one.answer == "oui" and one.asked is not None]
    return any(need.answer != "non" or day > need.refuses_by() for day in yes)


def waiting(at: Scene, who: Resource) -> tuple[Counter[date], Counter[date]]:
    """Her referrals by the day of the need: those that were sent, and those that wait."""
    days = {reference(one): date.fromisoformat(one["authoredOn"]) for one in hers(at, "ServiceRequest", who)}
    found = [(task["status"], days[task["focus"]["reference"]]) for task in hers(at, "Task", who)]
    assert {status for status, _ in found} <= {"requested", "draft"}
    return Counter(day for status, day in found if status == "requested"), Counter(
        day for status, day in found if status == "draft"
    )


def keys(at: Scene, who: Resource) -> Counter[object]:
    """Of all that is kept of her, by what it is."""
    kept = at.store.compartments([who["id"]])[who["id"]].documents
    return Counter(
        (one.type, frozenset(dataclasses.replace(key, because=()) for key in one.keys))
        for one in kept
        if one.type not in {"AuditEvent", "Provenance"}
    )


def woman(at: Scene, code: str) -> Resource:
    return next(one for one in at.all("Patient") if code in str(one["identifier"]))


# --- answers by sector -----------------------------------------------------------------------------------------------

NAMED = "S-7"


def case(at: Scene, dated: str | None = "2026-05-03", **more: object) -> Receipt:
    """The same woman in a case file that asks for her consent sector by sector: no to health."""
    form = load("primero/gbvims-plus")
    service = {"unique_id": "a", "service_type": "health_medical_service", "agreed": "no", "referred_to": HOSPITAL}
    content: dict[str, object] = {
        "created_at": "2026-03-12T08:00:00.000Z",
        "survivor_code_no": NAMED,
        "sex": "female",
        "services_section": [
            {f"services_section/{name}": value for name, value in service.items() if name not in more}
        ],
        **({"date_of_referral": dated} if dated else {}),
    }
    unsaid = ("consents", "services_section/agreed") if more else ()
    tool = dataclasses.replace(at.connection, id="tool", mapping=form.id, layout=form.layout())
    version = f"{dated}{sorted(more)}{at.clock.now()}"
    record = SourceRecord("case", "c", version, content, Place(record="c"), {"case": "c"}, silent=True, unsaid=unsaid)
    return receive([record], tool, form, hub=at.hub)


def statuses(at: Scene) -> list[str]:
    return sorted(one["status"] for one in at.all("Task"))


@pytest.mark.parametrize("first", ["case", "row"])
@pytest.mark.parametrize(("asked", "sent"), [("02/05/2026", False), ("03/05/2026", False), ("04/05/2026", True)])
def test_a_no_for_one_sector_stands_against_a_general_yes_of_another_source(
    at: Scene, first: str, asked: str, *, sent: bool
) -> None:
    acts = [lambda: case(at), lambda: at.receive(at.row(survivor_code=NAMED, consent_date=asked))]
    for act in acts if first == "case" else reversed(acts):
        assert act().rejected == ()
    assert statuses(at) == (["requested", "requested"] if sent else ["draft", "requested"])


def test_a_no_without_a_day_was_said_before_it_was_read_and_that_day_stays(at: Scene) -> None:
    at.receive(at.row(survivor_code=NAMED, consent_date="31/05/2026"))
    case(at, dated=None)
    assert statuses(at) == ["draft", "requested"]
    at.clock.forward(timedelta(days=5))
    at.receive(at.row("2", case_number="2", survivor_code=NAMED, request="avocat", consent_date="02/06/2026"))
    assert statuses(at).count("draft") == 0
    at.clock.forward(timedelta(days=5))
    case(at, dated=None)
    assert statuses(at).count("draft") == statuses(at).count("cancelled") == 0, "nothing new was said"


def test_a_role_that_may_not_read_the_answers_any_more_takes_no_no_back(at: Scene) -> None:
    at.receive(at.row(survivor_code=NAMED))
    case(at)
    at.clock.forward(timedelta(days=1))
    case(at, agreed="")
    assert statuses(at) == ["draft", "requested"]


# --- any order -------------------------------------------------------------------------------------------------------


@QUIET
@given(WORDS)
def test_the_order_in_which_sources_are_read_changes_nothing(at: Scene, words: tuple[Said, ...]) -> None:
    run, found = at.hub.ids.new()[:8].upper(), []
    for number, order in enumerate(permutations(words)):
        code = f"S-{run}-{number}"
        for n, one in enumerate(order, start=1):
            read(at, one, code)
            sent, drafts = waiting(at, woman(at, code))
            may = Counter(FIRST + timedelta(days=word.day) for word in order[:n] if agreed(order[:n], word))
            assert sent == may, "nothing that what is known by then forbids, and all that it allows"
            assert sent.total() + drafts.total() == n
        found.append(keys(at, woman(at, code)))
    assert all(one == found[0] for one in found)
