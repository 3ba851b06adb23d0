"""Patient/$possible-duplicates over HTTP: the queue of pairs that could be one woman, each caller's own."""

import logging

import pytest

from hub.fhir import Resource
from tests.support.accompanied import NEVER, Parties, body
from tests.support.two_files import CLASSES, HER, POSSIBLE, Filed, asked, both, cin, file_of, filed, pairs, phone


@pytest.fixture
def two(party: Parties) -> tuple[Filed, Filed]:
    """One woman, spelled a little differently, whom a hospital got from two associations."""
    other = HER | {"name": [{"text": "Exemple Zinab"}]}
    return filed(party, "amal", file_of("amal", **HER)), filed(party, "nour", file_of("nour", **other))


def test_who_may_see_both_files_is_asked_whether_they_are_one_womans(two: tuple[Filed, Filed], party: Parties) -> None:
    (pair,) = pairs(party("chu"))
    assert pair["both"] == {one.patient for one in two}
    assert 0.8 <= pair["score"]["valueDecimal"] < 1
    assert pair["score"]["extension"][0]["valueCode"] == "probable"
    assert pair["decision"]["valueCode"] == "undecided"


def test_what_is_shown_of_each_is_the_callers_own_view(two: tuple[Filed, Filed], party: Parties) -> None:
    answer = body(party("chu").send("POST", POSSIBLE, asked()))
    shown = [part["resource"] for part in answer["parameter"][1]["part"] if part["name"] == "patient"]
    assert shown == [body(party("chu").get(f"/fhir/Patient/{one['id']}")) for one in shown]
    assert "A-1" not in str(shown)


def test_an_association_that_filed_one_of_the_two_is_answered_as_one_that_filed_nobody(
    two: tuple[Filed, Filed], party: Parties
) -> None:
    nobody = party("hopital").send("POST", POSSIBLE, asked())
    for name in ("amal", "nour"):
        answer = party(name).send("POST", POSSIBLE, asked())
        assert (answer.status_code, answer.data) == (nobody.status_code, nobody.data)
    assert nobody.json == {"resourceType": "Parameters", "parameter": [{"name": "total", "valueInteger": 0}]}


def test_with_one_consent_withdrawn_the_pair_is_gone_at_the_next_request(
    two: tuple[Filed, Filed], party: Parties
) -> None:
    nobody = party("hopital").send("POST", POSSIBLE, asked())
    assert len(both(party("chu"))) == 1
    two[1].withdraw()
    answer = party("chu").send("POST", POSSIBLE, asked())
    assert answer.data == nobody.data


def test_a_keeper_is_asked_about_its_own_file_and_one_that_it_was_sent(party: Parties) -> None:
    own = filed(party, "amal", file_of("amal", **HER))
    sent = filed(party, "nour", file_of("nour", **HER), recipient="amal")
    assert both(party("amal")) == [{own.patient, sent.patient}]
    assert both(party("nour")) == both(party("chu")) == []


def test_two_files_of_one_association_are_no_pair(party: Parties) -> None:
    filed(party, "amal", file_of("amal", **HER))
    filed(party, "amal", file_of("amal", "A-2", **HER))
    assert both(party("chu")) == both(party("amal")) == []


def test_a_phone_number_that_is_hidden_takes_no_part(party: Parties) -> None:
    """In two scripts the names say nothing: it is the number that makes the pair, for whom it is opened."""
    latin = file_of("amal", **HER | {"telecom": phone("+212612345678")})
    arabic = file_of("nour", **HER | {"name": [{"text": "زينب مثال"}], "telecom": phone("0612345678")})
    seen = (*CLASSES, "safe-contact")
    first = filed(party, "amal", latin, seen)
    hidden = filed(party, "nour", arabic, CLASSES)
    assert both(party("chu")) == []
    hidden.withdraw()
    opened = filed(party, "nour", arabic | {"identifier": file_of("nour", "A-2")["identifier"]}, seen)
    (pair,) = pairs(party("chu"))
    assert (pair["both"], pair["score"]["valueDecimal"]) == ({first.patient, opened.patient}, 0.8)


def test_a_score_is_the_same_whether_a_hidden_phone_number_is_the_same_or_not(party: Parties) -> None:
    other = HER | {"name": [{"text": "Zineb Exempel"}]}
    filed(party, "amal", file_of("amal", **HER, telecom=phone("+212612345678")))
    second = filed(party, "nour", file_of("nour", **other, telecom=phone("+212612345678")))
    (with_the_same,) = pairs(party("chu"))
    second.change(telecom=phone("+212699999999"))
    (with_another,) = pairs(party("chu"))
    assert with_the_same["score"] == with_another["score"]


def test_a_name_that_is_hidden_makes_no_pair(party: Parties) -> None:
    for keeper in ("amal", "nour"):
        filed(party, keeper, file_of(keeper, **HER, numbers=[cin("ZZ000042")]), ("core", "needs-and-services"))
    assert both(party("chu")) == []


def test_who_is_anonymous_is_never_one_of_a_pair(party: Parties) -> None:
    for keeper in ("amal", "nour"):
        unnamed = HER | {"name": [{"use": "anonymous", "text": "Zineb Exemple"}]}
        filed(party, keeper, file_of(keeper, **unnamed, telecom=phone("+212612345678")), (*CLASSES, "safe-contact"))
        nameless = {"birthDate": "1990-03-02", "telecom": phone("+212612345678")}
        filed(party, keeper, file_of(keeper, "A-2", **nameless), (*CLASSES, "safe-contact"))
    assert both(party("chu")) == []


def test_the_likeliest_come_first_and_no_more_than_are_asked_for(party: Parties) -> None:
    certain, probable = [HER | {"numbers": [cin("ZZ 000042")]}, HER | {"numbers": [cin("zz000042")]}], HER
    first = filed(party, "amal", file_of("amal", **certain[0]))
    second = filed(party, "nour", file_of("nour", **certain[1]))
    third = filed(party, "nour", file_of("nour", "A-2", **probable))
    assert both(party("chu")) == [{first.patient, second.patient}, {first.patient, third.patient}]
    assert both(party("chu"), grade="certain") == [{first.patient, second.patient}]
    answer = body(party("chu").send("POST", POSSIBLE, asked(count=1)))
    assert [one["name"] for one in answer["parameter"]] == ["total", "pair"]
    assert answer["parameter"][0]["valueInteger"] == 2


def test_only_who_is_shown_was_looked_at(two: tuple[Filed, Filed], party: Parties) -> None:
    other = filed(party, "amal", file_of("amal", "A-2", name=[{"text": "Khadija Autre"}], birthDate="1970"))
    before = {one.patient: _looks(one) for one in (*two, other)}
    assert len(both(party("chu"))) == 1
    assert {one.patient: _looks(one) for one in two} == {one.patient: before[one.patient] + 1 for one in two}
    assert _looks(other) == before[other.patient]


def _looks(one: Filed) -> int:
    """How often the hospital's searches were shown this file."""
    events = body(one.keeper.get(f"/fhir/AuditEvent?_count=500&subtype=search&entity={one.patient}")).get("entry", ())
    return sum(agent.get("altId") == "chu-system" for event in events for agent in event["resource"]["agent"])


@pytest.mark.parametrize(
    "sent", [asked(decision="perhaps"), asked(grade="certainly-not"), asked(colour="red"), {"resourceType": "Patient"}]
)
def test_what_is_asked_wrongly_is_refused(party: Parties, sent: Resource) -> None:
    assert party("chu").send("POST", POSSIBLE, sent).status_code == 400


def test_a_token_must_reach_searches_of_survivors(party: Parties) -> None:
    assert party("chu", "system/Patient.r system/Task.rus").send("POST", POSSIBLE, asked()).status_code == 403


def test_nothing_of_a_pair_stands_in_a_url_or_a_log(
    two: tuple[Filed, Filed], party: Parties, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert party("chu").get(POSSIBLE).status_code == 405
    assert len(both(party("chu"))) == 1
    assert "Zineb" not in caplog.text and NEVER not in caplog.text
