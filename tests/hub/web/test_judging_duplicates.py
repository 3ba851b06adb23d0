"""Patient/$judge-duplicate over HTTP: what an organisation says of a pair, which is its own and moves nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.exchange import Hub
from hub.exchange.erase import erase
from hub.store import MongoStore
from tests.support.accompanied import NEVER, Parties, body
from tests.support.two_files import HER, JUDGE, POSSIBLE, Filed, asked, both, file_of, filed, judge, pairs

Two = tuple[Filed, Filed]


@pytest.fixture
def two(party: Parties) -> Two:
    return filed(party, "amal", file_of("amal", **HER)), filed(party, "nour", file_of("nour", **HER))


def said(party: Parties, two: Two, decision: str, by: str = "chu") -> int:
    return int(judge(party(by), two[0].patient, two[1].patient, decision).status_code)


def acts(party: Parties, by: str = "chu") -> list[str]:
    """What its audit trail says of pairs, in order."""
    events = body(party(by).get("/fhir/AuditEvent?_count=500&_sort=date")).get("entry", ())
    codes = [code["code"] for event in events for code in event["resource"]["subtype"]]
    return [code for code in codes if code.startswith("duplicate.")]


def rows(hub: Hub) -> int:
    assert isinstance(hub.store, MongoStore)
    return hub.store.database.judgements.count_documents({})


@pytest.mark.parametrize("decision", ["same", "different"])
def test_what_is_decided_leaves_the_queue_and_comes_back_when_that_is_taken_back(
    two: Two, party: Parties, decision: str
) -> None:
    chu, pair = party("chu"), {one.patient for one in two}
    answer = judge(chu, two[1].patient, two[0].patient, decision)
    assert body(answer)["parameter"] == [{"name": "decision", "valueCode": decision}]
    assert both(chu) == []
    assert both(chu, decision=decision) == [pair]
    assert both(chu, decision="same" if decision == "different" else "different") == []
    assert said(party, two, "undecided") == 200
    assert both(chu, decision=decision) == []
    assert both(chu) == [pair]


def test_a_decision_can_become_the_other(two: Two, party: Parties) -> None:
    said(party, two, "same")
    said(party, two, "different")
    assert (len(both(party("chu"), decision="different")), both(party("chu"), decision="same")) == (1, [])
    assert acts(party) == ["duplicate.confirm", "duplicate.refuse"]


def test_the_same_decision_again_changes_nothing_and_is_told_once(two: Two, party: Parties, hub: Hub) -> None:
    answers = [judge(party("chu"), one.patient, other.patient, "same") for one, other in (two, two[::-1], two)]
    assert {(one.status_code, one.data) for one in answers} == {(200, answers[0].data)}
    assert (acts(party), rows(hub)) == (["duplicate.confirm"], 1)
    for _ in range(2):
        assert said(party, two, "undecided") == 200
    assert (acts(party), rows(hub)) == (["duplicate.confirm", "duplicate.reopen"], 0)


def test_what_another_organisation_says_changes_nothing_for_this_one(party: Parties) -> None:
    first = filed(party, "amal", file_of("amal", **HER))
    second = filed(party, "nour", file_of("nour", **HER), recipient="amal")
    assert said(party, (first, second), "different", by="amal") == 200
    assert both(party("amal")) == []
    third = filed(party, "nour", file_of("nour", "A-2", **HER))
    before = party("chu").send("POST", POSSIBLE, asked()).data
    assert both(party("chu")) == [{first.patient, third.patient}]
    assert said(party, (first, third), "same") == 200
    assert said(party, (first, third), "undecided") == 200
    assert party("chu").send("POST", POSSIBLE, asked()).data == before


def test_the_keepers_of_the_two_files_see_nothing_of_it(two: Two, party: Parties) -> None:
    kept = [body(one.keeper.get(f"/fhir/{one.patient}")) for one in two]
    seen = [body(one.keeper.get(f"/fhir/{one.patient}/_history")) for one in two]
    said(party, two, "same")
    assert [body(one.keeper.get(f"/fhir/{one.patient}")) for one in two] == kept
    assert [body(one.keeper.get(f"/fhir/{one.patient}/_history")) for one in two] == seen
    assert acts(party, "amal") == acts(party, "nour") == []
    assert acts(party) == ["duplicate.confirm"]


def test_with_one_consent_withdrawn_what_was_said_is_gone_at_the_next_request(two: Two, party: Parties) -> None:
    said(party, two, "same")
    two[0].withdraw()
    nobody = party("hopital").send("POST", POSSIBLE, asked(decision="same")).data
    assert party("chu").send("POST", POSSIBLE, asked(decision="same")).data == nobody


@pytest.mark.parametrize("decision", ["same", "different", "undecided"])
def test_of_who_is_hidden_nothing_can_be_said_as_of_who_never_was(two: Two, party: Parties, decision: str) -> None:
    """Whichever of the two it is, and whatever was said before."""
    said(party, two, "same")
    two[1].withdraw()
    chu, never = party("chu"), f"Patient/{NEVER}"
    absent = judge(chu, two[0].patient, never, decision)
    assert absent.status_code == 404
    for one, other in ((two[0].patient, two[1].patient), (two[1].patient, two[0].patient), (never, two[0].patient)):
        answer = judge(chu, one, other, decision)
        assert (answer.status_code, answer.data) == (absent.status_code, absent.data)
    for name in ("amal", "nour", "hopital"):
        answer = judge(party(name), two[0].patient, two[1].patient, decision)
        assert (answer.status_code, answer.data) == (absent.status_code, absent.data)


def test_two_files_of_one_keeper_or_one_file_twice_or_of_nobody_by_name_are_no_pair(party: Parties) -> None:
    first = filed(party, "amal", file_of("amal", **HER))
    second = filed(party, "amal", file_of("amal", "A-2", **HER))
    unnamed = filed(party, "nour", file_of("nour", name=[{"use": "anonymous", "text": "Zineb Exemple"}]))
    for one, other in ((first, second), (first, first), (first, unnamed)):
        assert judge(party("chu"), one.patient, other.patient, "same").status_code == 404


@pytest.mark.parametrize(
    ("changed", "is_asked_again"),
    [
        ({"name": [{"text": "Exemple ZINEB"}]}, False),
        ({"name": [{"text": "Zineb Exemples"}]}, True),
        ({"birthDate": "1990-03"}, True),
        ({"address": [{"state": "MA-CAS", "city": "Casablanca"}]}, False),
    ],
)
@pytest.mark.parametrize("decision", ["same", "different"])
def test_a_pair_is_asked_about_again_once_what_was_compared_says_something_else(
    two: Two, party: Parties, changed: dict[str, Any], is_asked_again: bool, decision: str
) -> None:
    said(party, two, decision)
    two[0].change(**changed)
    found = pairs(party("chu"))
    assert len(found) == is_asked_again
    assert len(both(party("chu"), decision=decision)) == (not is_asked_again)
    assert [(one["decision"]["valueCode"], one["before"]["valueCode"]) for one in found] == (
        [("undecided", decision)] if is_asked_again else []
    )
    if is_asked_again:
        assert said(party, two, decision) == 200
        assert both(party("chu")) == []


@pytest.mark.parametrize("where", ["hub.store.mongo.commit", "hub.store.judgements.MongoJudgements._write"])
def test_a_decision_that_fails_leaves_nothing_half(
    two: Two, party: Parties, hub: Hub, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Once all is written and not yet committed, or when the audit event is written and the decision is not."""
    chu = party("chu")

    def stop(*_: Any) -> bool:
        raise RuntimeError("the machine stops here")

    with monkeypatch.context() as broken:
        broken.setattr(where, stop)
        assert judge(chu, two[0].patient, two[1].patient, "same").status_code == 500
    assert (acts(party), rows(hub), len(both(chu))) == ([], 0, 1)
    assert said(party, two, "same") == 200
    assert (acts(party), rows(hub), both(chu)) == (["duplicate.confirm"], 1, [])


def test_of_decisions_at_one_moment_each_is_whole_and_one_stands(two: Two, party: Parties, hub: Hub) -> None:
    chu, verbs = party("chu"), {"same": "duplicate.confirm", "different": "duplicate.refuse"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: judge(chu, two[0].patient, two[1].patient, one), [*verbs, *verbs]))
    assert {one.status_code for one in answers} == {200}
    standing = [one for one in verbs if both(chu, decision=one)]
    assert (len(standing), rows(hub)) == (1, 1)
    told = [acts(party).count(verb) for verb in verbs.values()]
    assert abs(told[0] - told[1]) <= 1, "the same again is told once: they take turns"


def test_who_is_erased_leaves_no_decision_behind(two: Two, party: Parties, hub: Hub) -> None:
    said(party, two, "same")
    erase(two[0].patient.partition("/")[2], "asked", hub=hub)
    assert rows(hub) == 0
    assert said(party, two, "same") == 404
    assert both(party("chu"), decision="same") == []


def test_who_answers_referrals_decides(two: Two, party: Parties, hub: Hub) -> None:
    for scopes in ("system/Patient.rs system/Task.rs", "system/Patient.r system/Task.u"):
        assert judge(party("chu", scopes), two[0].patient, two[1].patient, "same").status_code == 403
    assert rows(hub) == 0
    assert (
        judge(party("chu", "system/Patient.s system/Task.u"), *(one.patient for one in two), "same").status_code == 200
    )


def test_a_token_that_reaches_one_of_the_two_sees_no_pair(two: Two, party: Parties) -> None:
    narrow = party("chu", f"system/Patient.s?_id={two[0].patient.partition('/')[2]} system/Task.u")
    assert both(narrow) == []
    assert judge(narrow, two[0].patient, two[1].patient, "same").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"decision": "merge"},
        {"decision": "same"},
        {"decision": "same", "patient": {"reference": f"Patient/{NEVER}"}},
    ],
)
def test_what_is_said_wrongly_is_refused(party: Parties, wrong: dict[str, Any]) -> None:
    assert party("chu").send("POST", JUDGE, asked(**wrong)).status_code == 400
