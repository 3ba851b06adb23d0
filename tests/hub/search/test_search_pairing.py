"""Which of many persons could be one woman: what counts, and that nobody is lost where not everybody is set beside everybody."""

from random import Random
from typing import Any

import pytest

from hub.fhir import Resource
from hub.search.pairing import RANKED, SHARED_BY, Seen, alike, pairs, seen
from tests.support.two_files import HER, cin, file_of, phone


def her(keeper: str = "amal", id_: str = "", **said: Any) -> Seen:
    numbers = said.pop("numbers", ())
    found = seen(id_ or keeper, keeper, file_of(keeper, numbers=numbers, **said))
    assert found is not None
    return found


def other(**said: Any) -> Seen:
    return her("nour", **said)


NAME = {"name": [{"text": "Zineb Exemple"}]}
ARABIC = {"name": [{"text": "زينب مثال"}]}
ONE_WORD = {"name": [{"text": "Zineb"}]}
NUMBER = {"telecom": phone("0612345678")}


@pytest.mark.parametrize(
    ("one", "two", "grade"),
    [
        (HER, HER, "probable"),
        (NAME, NAME, "possible"),
        (ONE_WORD, ONE_WORD, "certainly-not"),
        (ONE_WORD | {"birthDate": "1990"}, ONE_WORD | {"birthDate": "1990"}, "probable"),
        (ONE_WORD | NUMBER, ONE_WORD | NUMBER, "probable"),
        (HER, HER | {"birthDate": "1991"}, "certainly-not"),
        (HER, HER | {"gender": "male"}, "certainly-not"),
        (HER, HER | ARABIC, "certainly-not"),
        (HER | NUMBER, HER | ARABIC | {"telecom": phone("+212 6 12 34 56 78")}, "probable"),
        (HER | NUMBER, HER | ARABIC | {"telecom": phone("0699999999")}, "certainly-not"),
        (NAME | {"numbers": [cin("ZZ 42")]}, ARABIC | {"numbers": [cin("zz42")]}, "certain"),
        (HER | {"numbers": [cin("ZZ42")]}, HER | {"numbers": [cin("ZZ43")]}, "certainly-not"),
    ],
)
def test_two_files_are_alike_by_what_they_say(one: Resource, two: Resource, grade: str) -> None:
    assert alike(her(**one), other(**two)).grade == grade
    assert alike(other(**two), her(**one)) == alike(her(**one), other(**two))


def test_the_code_of_an_association_says_nothing_elsewhere() -> None:
    assert file_of("amal")["identifier"][0]["value"] == file_of("nour")["identifier"][0]["value"]
    assert alike(her(name=[{"text": "Zineb Un"}]), other(name=[{"text": "Khadija Deux"}])).grade == "certainly-not"


@pytest.mark.parametrize("name", [(), [{"use": "anonymous", "text": "Zineb"}], [{"use": "official"}]])
def test_who_goes_by_no_name_is_compared_with_nobody(name: Any) -> None:
    assert seen("a", "amal", file_of("amal", **HER | {"name": name})) is None


def test_a_number_that_many_have_is_nobodys() -> None:
    """In two scripts, so that nothing but the number could make these pairs."""
    crowd = [her("amal", f"a{n}", **HER | NUMBER) for n in range(SHARED_BY)]
    last = other(**HER | ARABIC | NUMBER)
    assert len(list(pairs([*crowd[1:], last], "probable"))) == SHARED_BY - 1
    assert list(pairs([*crowd, last], "probable")) == []


@pytest.mark.parametrize("least", RANKED)
def test_nobody_is_lost_who_shares_the_beginning_of_a_name_a_number_or_a_phone(least: Any) -> None:
    """Beside everybody set beside everybody."""
    chance = Random(7)
    persons = [_anybody(chance, n) for n in range(250)]
    wanted = {
        frozenset((one.id, two.id))
        for place, one in enumerate(persons)
        for two in persons[place + 1 :]
        if one.keeper != two.keeper and _share(one, two)
        if alike(one, two).grade in RANKED[RANKED.index(least) :]
    }
    found = [frozenset((one.id, two.id)) for one, two, _ in pairs(persons, least)]
    assert wanted
    assert (set(found), len(found)) == (wanted, len(wanted))


def _anybody(chance: Random, number: int) -> Seen:
    given, family = chance.choice(["Zineb", "Zinab", "Khadija", "Amal"]), chance.choice(["Alaoui", "Allaoui", "Tazi"])
    said: dict[str, Any] = {"name": [{"text": f"{given} {family}"}]}
    if chance.random() < 0.6:
        said["birthDate"] = chance.choice(["1990", "1990-03", "1990-03-02", "1985"])
    if chance.random() < 0.3:
        said["telecom"] = phone(f"06{number // 3:08}")
    if chance.random() < 0.2:
        said["numbers"] = [cin(f"ZZ{number // 4}")]
    return her(chance.choice(["amal", "nour"]), f"p{number}", **said)


def _share(one: Seen, two: Seen) -> bool:
    begun = [{word[:3] for word in each.words} for each in (one, two)]
    return bool(begun[0] & begun[1] or one.phones & two.phones or one.numbers.items() & two.numbers.items())
