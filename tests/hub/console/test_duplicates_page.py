"""What a person reads about two files that could be one woman's, and what she can say of them."""

import re

import pytest

from hub.exchange.same_or_not import judge
from tests.support.network import KEEPER, by
from tests.support.offices import EVERYTHING, Office, words
from tests.support.two_files import CLASSES, HER, Filed, file_of, filed, phone

PAGE = "/console/duplicates"
SHELTER = "tribunal"
_IDS = re.compile(r'name="(one|other)" value="([^"]*)"')


@pytest.fixture
def two(at: Office) -> tuple[Filed, Filed]:
    """One woman at an association and at a court's unit, both of which referred her to a hospital."""
    seen = (*CLASSES, "safe-contact")
    born = HER | {"birthDate": "1990-03"}
    return (
        filed(at.at.by, KEEPER, file_of(KEEPER, **HER, telecom=phone("+212612345678")), seen, "chu"),
        filed(at.at.by, SHELTER, file_of(SHELTER, **born), seen, "chu"),
    )


def page(at: Office, of: str = "chu", list_: str = "undecided", **how: object) -> str:
    answer = at.desk(of, **how).get(f"{PAGE}?list={list_}&grade=possible")
    assert answer.status_code == 200, answer.text
    return answer.text


def press(at: Office, decision: str, list_: str = "undecided") -> None:
    form = dict(_IDS.findall(page(at, list_=list_)))
    answer = at.desk("chu").post(PAGE, **form, decision=decision, list=list_, grade="possible")
    assert answer.status_code == 303, answer.text
    assert not any(id_ in answer.headers["Location"] for id_ in form.values())


def test_a_pair_stands_side_by_side_with_what_is_the_same_and_what_is_not(two: tuple[Filed, Filed], at: Office) -> None:
    shown = words(page(at))
    assert "Yasmine" in shown and "Tribunal" in shown
    rows = re.findall(r"(?s)<tr class=\"(\w+)\"><th scope=\"row\">([^<]*)<", page(at))
    how = {label: kind for kind, label in rows}
    assert sorted(how.values()).count("other") == 1, how
    assert "one" in how.values() and "same" in how.values(), how
    assert "612345678" in shown and "non indiqué" in shown


def test_in_arabic_the_sign_of_a_telephone_number_stands_before_it(two: tuple[Filed, Filed], at: Office) -> None:
    at.desk("chu").get("/console/?lang=ar")
    assert "\u2068+212612345678\u2069 · " in page(at)


def test_the_same_woman_leaves_the_queue_is_marked_on_both_referrals_and_comes_back(
    two: tuple[Filed, Filed], at: Office
) -> None:
    press(at, "same")
    assert "Aucune ressemblance" in page(at)
    assert "Zineb Exemple" in page(at, list_="same")
    for one, other in zip(two, ("Tribunal", "Yasmine"), strict=True):
        shown = words(at.page("chu", one.task.partition("/")[2]))
        assert re.search(rf"Vue aussi sous le nom de\s+Zineb Exemple\s+\(dossier de\s+{other}", shown)
    press(at, "undecided", "same")
    assert "Zineb Exemple" in page(at)
    assert "Vue aussi" not in at.page("chu", two[0].task.partition("/")[2])


def test_a_mark_is_gone_with_the_consent_for_the_other_file(two: tuple[Filed, Filed], at: Office) -> None:
    press(at, "same")
    two[1].withdraw()
    assert "Vue aussi" not in at.page("chu", two[0].task.partition("/")[2])
    assert "Zineb Exemple" not in page(at, list_="same")


def test_the_keepers_see_no_pair_and_no_mark(two: tuple[Filed, Filed], at: Office) -> None:
    press(at, "same")
    for keeper in (KEEPER, SHELTER):
        assert "Aucune ressemblance" in page(at, keeper)
        assert "Zineb" not in page(at, keeper, "same")
    assert "Vue aussi" not in at.page(KEEPER, two[0].task.partition("/")[2])


def test_what_was_compared_and_has_changed_is_asked_again_with_what_was_said(
    two: tuple[Filed, Filed], at: Office
) -> None:
    press(at, "different")
    two[0].change(name=[{"text": "Zineb Exemples"}])
    assert "que ce sont deux femmes. Ce qui est comparé a changé" in words(page(at))


def test_a_pair_that_is_gone_when_she_answers_is_said_to_be_gone(two: tuple[Filed, Filed], at: Office) -> None:
    form = dict(_IDS.findall(page(at)))
    two[1].withdraw()
    answer = at.desk("chu").post(PAGE, **form, decision="same")
    assert answer.status_code == 303
    shown = words(at.desk("chu").get(answer.headers["Location"]).text)
    assert "plus là" in shown and "Zineb" not in shown


def test_who_may_not_answer_referrals_reads_and_does_not_decide(two: tuple[Filed, Filed], at: Office) -> None:
    reads = EVERYTHING - {"user/Task.crus"} | {"user/Task.rs"}
    shown = page(at, scopes=reads)
    assert "Zineb Exemple" in shown and 'value="same"' not in shown
    browser = next(browser for name, browser in at.browsers.items() if name != "chu")
    form = {"one": two[0].patient.partition("/")[2], "other": two[1].patient.partition("/")[2], "decision": "same"}
    assert browser.post(PAGE, **form).status_code == 403
    blind = at.desk("chu", scopes=EVERYTHING - {"user/Patient.rs"})
    assert blind.get(PAGE).status_code == 403
    assert PAGE not in blind.get("/console/referrals").text


def test_what_nobody_offered_is_read_as_the_first_choice_and_cannot_be_said(
    two: tuple[Filed, Filed], at: Office
) -> None:
    assert "Zineb Exemple" in at.desk("chu").get(f"{PAGE}?list=all&grade=certain").text
    form = dict(_IDS.findall(page(at)))
    assert at.desk("chu").post(PAGE, **form, decision="merge").status_code == 404


def test_what_a_system_of_the_organisation_says_counts_on_the_page(two: tuple[Filed, Filed], at: Office) -> None:
    one, other = (one.patient.partition("/")[2] for one in two)
    judge(one, other, "same", by("chu"), hub=at.town.people.hub)
    assert "Zineb Exemple" in page(at, list_="same")
