"""What the parties to a referral say to each other on its page: messages, what is asked for and answered, who else could help."""

import re

import pytest

from hub import texts
from hub.ports import Registry
from hub.store import MongoStore
from tests.support.network import CLASSES, KEEPER
from tests.support.offices import Office, office, words
from tests.support.written import example

# --- messages -----------------------------------------------------------------------------------------------------------


def write(at: Office, who: str, task: str, said: str, **more: str) -> int:
    browser = at.desk(who)
    browser.get(f"/console/referrals/{task}")
    return browser.post(f"/console/referrals/{task}/messages", message=said, **more).status_code


@pytest.fixture
def writing(store: MongoStore, registry: Registry) -> Office:
    made = office(store, registry)
    made.at.agree("chu", classes=(*CLASSES, "messages"))
    return made


def test_a_message_is_written_read_and_marked_as_read(writing: Office) -> None:
    at, said = writing, "<b>Peut-elle venir jeudi ?</b>"
    task = at.refer("chu")
    at.do("chu", task, "accepted")
    assert write(at, "chu", task, said, category="appointment") == 303
    page = at.page(KEEPER, task)
    assert "&lt;b&gt;Peut-elle venir jeudi ?&lt;/b&gt;" in page and "non lu" in page and "Rendez-vous" in page
    (mark,) = re.findall(r'action="(/console/referrals/[^"]*/messages/[^"]*/completed)"', page)
    at.page("chu", task)
    assert at.desk("chu").post(mark).status_code == 403  # who wrote it does not say that it was read
    at.page(KEEPER, task)
    assert at.desk(KEEPER).post(mark).status_code == 303
    assert "lu par eux" in at.page("chu", task)


def test_what_was_typed_stays_where_a_message_cannot_be_sent(writing: Office) -> None:
    at = writing
    task = at.refer("chu")
    assert write(at, "chu", task, "x" * 4001) == 422
    assert "x" * 4001 in at.desk("chu").last.text
    assert write(at, "chu", task, "  ") == 422
    assert at.desk("chu").get(f"/console/referrals/{task}").text.count('class="theirs"') == 0


def test_what_the_other_side_could_not_see_is_not_sent(at: Office) -> None:
    task = at.refer("chu")  # her consent says nothing of messages
    assert write(at, KEEPER, task, "Elle arrive à dix heures.") == 422
    page = at.desk(KEEPER).last.text
    assert "Elle arrive à dix heures." in page and 'id="w-message"' in page


# --- requests, and elsewhere ------------------------------------------------------------------------------------------------


def test_a_cancellation_is_asked_for_and_agreed_to(at: Office) -> None:
    task = at.refer("chu")
    at.do("chu", task, "accepted")
    browser = at.desk(KEEPER)
    assert "ask-cancellation" in at.page(KEEPER, task) and "ask-cancellation" not in at.page("chu", task)
    browser.get(f"/console/referrals/{task}/ask-cancellation")
    assert browser.post(f"/console/referrals/{task}/ask-cancellation").status_code == 422
    assert browser.post(f"/console/referrals/{task}/ask-cancellation", reason="survivor-declined").status_code == 303
    assert "ask-cancellation" not in at.page(KEEPER, task)
    page = at.page("chu", task)
    (agree,) = re.findall(r'action="(/console/referrals/[^"]*/requests/[^"]*/accepted)"', page)
    (refuse,) = re.findall(r'href="(/console/referrals/[^"]*/requests/[^"]*/rejected)"', page)
    assert at.desk("chu").get(refuse).status_code == 200
    at.page("chu", task)
    assert at.desk("chu").post(agree, version="1").status_code == 303
    assert at.at.read(KEEPER, f"Task/{task}")["status"] == "cancelled"


def test_after_a_refusal_the_need_is_sent_on_where_she_agreed_and_prepared_elsewhere(at: Office) -> None:
    task = at.refer("chu")
    assert "/alternatives" not in at.page(KEEPER, task)
    at.do("chu", task, "rejected", reason="no-capacity", words="Complet.")
    assert "/alternatives" in at.page(KEEPER, task) and "/alternatives" not in at.page("chu", task)
    browser = at.desk(KEEPER)
    page = browser.get(f"/console/referrals/{task}/alternatives").text
    others = re.findall(r'name="to" value="([a-z]+)">\s*(<p|<button)', page)
    assert dict(others) == {"clinique": "<button", "dispensaire": "<p", "rabat": "<p"}
    refused = browser.post(f"/console/referrals/{task}/alternatives", to="dispensaire", act="send")
    assert refused.status_code == 422
    browser.get(f"/console/referrals/{task}/alternatives")
    sent = browser.post(f"/console/referrals/{task}/alternatives", to="clinique", act="send")
    assert sent.status_code == 303
    assert at.desk("clinique").get(sent.location).status_code == 200
    browser.get(f"/console/referrals/{task}/alternatives")
    prepared = browser.post(f"/console/referrals/{task}/alternatives", to="dispensaire", act="prepare")
    assert prepared.status_code == 303
    assert "brouillon" in browser.get(prepared.location).text
    assert at.desk("dispensaire").get(prepared.location).status_code == 404


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_to_whom_she_said_no_is_named_without_a_button_and_nobody_else_is_sent_anything(
    at: Office, language: str
) -> None:
    task = at.refer("chu")
    at.at.decline(need=at.at.read(KEEPER, f"Task/{task}")["focus"]["reference"].partition("/")[2])
    browser = at.desk(KEEPER)
    browser.get(f"/console/?lang={language}")
    page = browser.get(f"/console/referrals/{task}/alternatives").text.replace("&#39;", "'")
    others = re.findall(r'name="to" value="([a-z]+)">\s*(<p|<button)', page)
    assert dict(others) == {"clinique": "<p", "dispensaire": "<p", "rabat": "<p"}
    assert page.count(texts.say("referrals.she-refused", language)) == 1


# --- information --------------------------------------------------------------------------------------------------------

FORM = "https://chu.example/fhir/Questionnaire/admission"


def form(at: Office, **more: object) -> None:
    written = {name: value for name, value in example("questionnaire").items() if name != "id"}
    at.at.create("chu", written | {"url": FORM, "title": "Admission"} | more)


def asked(at: Office) -> tuple[str, str]:
    """A referral about which the hospital has asked for information, and the address of the answer."""
    form(at)
    task, browser = at.refer("chu"), at.desk("chu")
    assert "ask-information" in at.page("chu", task) and "ask-information" not in at.page(KEEPER, task)
    page = browser.get(f"/console/referrals/{task}/ask-information").text
    assert "Admission" in page
    assert browser.post(f"/console/referrals/{task}/ask-information", form="https://made.up").status_code == 422
    assert browser.post(f"/console/referrals/{task}/ask-information", form=f"{FORM}|1").status_code == 303
    (answer,) = re.findall(r'href="(/console/referrals/[^"]*/requests/[^"]*/answer)"', at.page(KEEPER, task))
    return task, answer


def test_information_is_asked_with_a_form_and_given_in_one_act(at: Office) -> None:
    task, answer = asked(at)
    browser = at.desk(KEEPER)
    listed = browser.get("/console/referrals").text
    assert "informations demandées" in listed and task in listed
    page = browser.get(answer).text
    assert "Un certificat a-t-il été remis" in page and 'type="date"' in page
    missing = browser.post(answer, **{"q-2.2": "Incapacité de 25 jours."})
    assert missing.status_code == 422
    assert 'id="w-q-1"' in missing.text and "Incapacité de 25 jours." in missing.text
    sent = browser.post(answer, **{"q-1": "2026-03-12", "q-2.1": "0", "q-2.2": "Incapacité de 25 jours."})
    assert sent.status_code == 303, sent.text
    (made,) = [one["resource"] for one in (at.at.by(KEEPER).get("/fhir/QuestionnaireResponse").json or {})["entry"]]
    assert made["item"][0]["answer"] == [{"valueDate": "2026-03-12"}]
    assert made["item"][1]["item"][0]["answer"] == [{"valueCoding": {"code": "oui", "display": "Oui"}}]
    assert "répondue" in words(at.page("chu", task))
    assert "informations demandées" not in browser.get("/console/referrals").text
    browser.get("/console/")
    again = browser.post(answer, **{"q-1": "2026-03-12"})
    assert again.status_code == 422  # it was answered


@pytest.mark.parametrize("said", [{"q-1": "12/03/2026"}, {"q-1": "2026-03-12", "q-2.1": "7"}, {"q-1": ""}, {}])
def test_what_is_not_understood_is_not_sent(at: Office, said: dict[str, str]) -> None:
    _, answer = asked(at)
    browser = at.desk(KEEPER)
    browser.get(answer)
    assert browser.post(answer, **said).status_code == 422
    assert (at.at.by(KEEPER).get("/fhir/QuestionnaireResponse").json or {})["total"] == 0


def test_who_is_not_asked_does_not_answer(at: Office) -> None:
    _, answer = asked(at)
    at.desk("chu").get("/console/")
    assert at.desk("chu").post(answer, **{"q-1": "2026-03-12"}).status_code in {403, 422}
    assert at.desk("clinique").get(answer).status_code == 404


def test_what_waits_for_her_stands_above_every_list(writing: Office) -> None:
    at = writing
    task = at.refer("chu")
    at.do("chu", task, "accepted")
    write(at, "chu", task, "Peut-elle venir jeudi ?")
    for box in ("received", "sent", "open"):
        page = at.desk(KEEPER).get(f"/console/referrals?box={box}").text
        assert "message non lu" in page and task in page
    assert "message non lu" not in at.desk("chu").get("/console/referrals").text
    assert "message non lu" not in at.desk("clinique").get("/console/referrals").text
