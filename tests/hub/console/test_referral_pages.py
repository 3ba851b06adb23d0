"""What a person reads about referrals: the list, one referral before and after its acceptance, its messages, who else could help; and
what she does not read."""

import re
from datetime import timedelta

import pytest

from hub import texts
from hub.exchange.expire import sweep
from hub.ports import Registry
from hub.store import MongoStore
from tests.support.network import CLASSES, KEEPER, reason
from tests.support.offices import NAME, Office, named, office, words
from tests.support.written import example

PATCH = {"Content_Type": "application/json-patch+json"}


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Office:
    made = office(store, registry)
    made.at.agree("chu", "clinique")
    return made


def withdraw(at: Office) -> None:
    """All that she agreed to."""
    for one in (at.at.by(KEEPER).get("/fhir/Consent?status=active").json or {})["entry"]:
        steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
        answer = at.at.by(KEEPER).send("PATCH", f"/fhir/Consent/{one['resource']['id']}", steps, **PATCH)
        assert answer.status_code == 200, answer.text


def alike(page: str, *ids: str) -> str:
    """Without what every page has of its own: the token of its forms, and by which address it was asked for."""
    page = re.sub(r'name="csrf_token" value="[^"]*"', "", page)
    for one in ids:
        page = page.replace(one, "-")
    return page


# --- the list -----------------------------------------------------------------------------------------------------------


def test_a_referral_is_listed_for_its_two_sides_and_for_nobody_else(at: Office) -> None:
    task = at.refer("chu")
    assert task in at.desk("chu").get("/console/referrals").text
    assert task in at.desk(KEEPER).get("/console/referrals?box=sent").text
    for who, box in [
        ("chu", "sent"),
        ("chu", "open"),
        (KEEPER, "received"),
        ("clinique", "received"),
        ("clinique", "open"),
    ]:
        assert task not in at.desk(who).get(f"/console/referrals?box={box}").text
    assert "Aucune orientation" in at.desk("clinique").get("/console/referrals").text


def test_the_list_is_chosen_by_state_and_shows_no_name(at: Office) -> None:
    waiting, begun, over = at.refer("chu"), at.refer("chu"), at.refer("chu")
    at.at.move("chu", begun, "accepted")
    at.at.move("chu", over, "rejected", **reason())
    shown = {"waiting": {waiting, begun}, "to-answer": {waiting}, "under-way": {begun}, "over": {over}}
    for state, tasks in shown.items():
        page = at.desk("chu").get(f"/console/referrals?state={state}").text
        assert {one for one in (waiting, begun, over) if one in page} == tasks, state
        assert "Alaoui" not in page and "CAS-0042" not in page


def test_what_nobody_offered_is_read_as_the_first_choice(at: Office) -> None:
    task = at.refer("chu")
    page = at.desk("chu").get("/console/referrals?box=%27&state=everything&page=made-up").text
    assert task in page


def test_what_is_late_stands_first_and_says_for_how_long(at: Office) -> None:
    late = at.refer("chu")
    at.town.clock.forward(timedelta(days=5))
    at.renew()
    on_time = at.refer("chu")
    while sweep(hub=at.town.people.hub):
        pass
    page = at.desk("chu", purposes=("COC",)).get("/console/referrals").text
    assert page.index('id="late"') < page.index(late) < page.index("Les autres") < page.index(on_time)
    assert re.search(r"en retard de .?\d+ (jours|heures)", page)


def test_a_long_list_is_read_page_by_page_and_a_page_link_is_good_for_one_person(at: Office) -> None:
    tasks = set()
    for _ in range(23):
        at.town.clock.forward(timedelta(seconds=1))
        tasks.add(at.refer("chu"))
    first = at.desk("chu").get("/console/referrals").text
    (link,) = re.findall(r'href="(/console/referrals\?[^"]*page=[^"]+)"', first)
    link = link.replace("&amp;", "&")
    assert not any(one in link for one in tasks)
    second = at.desk("chu").get(link).text
    seen = [{one for one in tasks if one in page} for page in (first, second)]
    assert (len(seen[0]), len(seen[1]), seen[0] | seen[1]) == (20, 3, tasks)
    other = at.desk("chu", purposes=("COC",)).get(link).text
    assert {one for one in tasks if one in other} == seen[0]


# --- one referral -------------------------------------------------------------------------------------------------------


def test_before_it_is_accepted_only_the_notice_is_read_and_after_it_what_she_agreed_to(at: Office) -> None:
    task = at.refer("chu")
    notice = words(at.page("chu", task))
    assert "Soins médicaux" in notice and "Casablanca" in notice and "26 à 40 ans" in notice
    assert "féminin" not in notice and NAME not in notice
    at.do("chu", task, "accepted")
    opened = words(at.page("chu", task))
    assert "féminin" in opened
    assert NAME not in opened and "CAS-0042" not in opened  # she agreed to no more
    assert NAME in words(at.page(KEEPER, task))
    at.do("chu", task, "rejected", reason="no-capacity", words="Complet.")
    assert "féminin" not in words(at.page("chu", task))


def test_withdrawn_the_page_is_closed_and_how_it_ended_can_still_be_said(at: Office) -> None:
    task = at.refer("chu")
    at.do("chu", task, "accepted")
    withdraw(at)
    browser = at.desk("chu")
    assert browser.get(f"/console/referrals/{task}").status_code == 404
    listed = browser.get("/console/referrals").text
    (link,) = re.findall(r'href="(/console/referrals/[^"]*/close)"', listed)
    assert "Casablanca" not in listed
    assert "Consentement retiré" in words(at.page(KEEPER, task))
    assert "a été retiré" in browser.get(link).text
    assert browser.post(link, how="completed").status_code == 422
    assert browser.post(link, how="completed", outcome="partly-provided").status_code == 303
    assert at.at.read(KEEPER, f"Task/{task}")["status"] == "completed"
    browser.get(link)
    assert browser.post(link, how="failed", reason="survivor-unreachable").status_code == 422
    assert at.desk("clinique").get(link).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/do/accepted",
        "/do/rejected",
        "/alternatives",
        "/ask-cancellation",
        "/requests/1/accepted",
        "/requests/1/answer",
        "/close",
    ],
)
def test_what_is_hidden_is_the_same_page_as_what_is_not_there(at: Office, path: str) -> None:
    task, nothing = at.refer("chu"), "00000000-0000-4000-8000-000000000000"
    stranger = at.desk("clinique")
    pages = [stranger.get(f"/console/referrals/{one}{path}") for one in (task, nothing)]
    assert [one.status_code for one in pages] == [404, 404]
    assert alike(pages[0].text, task, nothing) == alike(pages[1].text, task, nothing)
    stranger.get("/console/referrals")
    sent = [
        (
            stranger.get("/console/"),
            stranger.post(f"/console/referrals/{one}{path}", version="1", reason="no-capacity"),
        )[1]
        for one in (task, nothing)
    ]
    assert sent[0].status_code == sent[1].status_code and sent[0].status_code in {404, 405}
    assert alike(sent[0].text, task, nothing) == alike(sent[1].text, task, nothing)


def test_what_happens_elsewhere_changes_no_byte_of_her_pages(at: Office) -> None:
    """The same survivor is referred to another hospital, which writes and refuses; so is another survivor."""
    task = at.refer("chu")
    at.do("chu", task, "accepted")
    paths = ["", "?box=sent", "?box=open", "?state=over", f"/{task}", f"/{task}/do/rejected"]
    before = [alike(at.desk("chu").get(f"/console/referrals{path}").text) for path in paths]
    other = at.refer("clinique")
    at.at.move("clinique", other, "rejected", **reason())
    at.refer("dispensaire")
    at.at.agree("clinique")
    first, at.at.person = at.at.person, str(at.at.create(KEEPER, named("CAS-0043"))["id"])
    at.at.agree("clinique")
    at.refer("clinique")
    at.refer()
    at.at.person = first
    after = [alike(at.desk("chu").get(f"/console/referrals{path}").text) for path in paths]
    assert before == after
    assert at.desk("clinique").get(f"/console/referrals/{other}").status_code == 200


@pytest.mark.parametrize("id_", ["x" * 65, "a,b", "%00", "_search", "Task"])
def test_what_is_no_id_is_not_there(at: Office, id_: str) -> None:
    assert at.desk("chu").get(f"/console/referrals/{id_}").status_code == 404


def test_a_page_is_kept_nowhere_and_tells_other_sites_nothing(at: Office) -> None:
    task = at.refer("chu")
    answer = at.desk("chu").get(f"/console/referrals/{task}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text and "style=" not in answer.text


def test_who_is_not_signed_in_signs_in_first(at: Office) -> None:
    task = at.refer("chu")
    for path in ("", f"/{task}", f"/{task}/do/accepted", f"/{task}/alternatives"):
        answer = at.town.browser().get(f"/console/referrals{path}")
        assert (answer.status_code, answer.location) == (303, "/console/sign-in")


def test_whoever_has_no_scope_for_referrals_is_not_led_there(at: Office) -> None:
    browser = at.desk("chu", scopes=frozenset({"user/Patient.rs"}))
    assert "/console/referrals" not in browser.get("/console/").text
    assert browser.get("/console/referrals").status_code == 403


def test_a_look_is_recorded_under_the_person_who_looked(at: Office) -> None:
    task = at.refer("chu")
    at.do("chu", task, "accepted")
    at.page("chu", task)
    trail = at.at.by(KEEPER).get("/fhir/AuditEvent?_count=200&action=R,E").text
    assert "Practitioner/chu-id" in trail


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_page_is_in_the_readers_language(at: Office, language: str) -> None:
    task = at.refer("chu")
    at.at.move("chu", task, "rejected", **reason())
    browser = at.desk(KEEPER)
    browser.get(f"/console/?lang={language}")
    for path, key in [
        ("", "title"), ("?box=open", "none-open"), (f"/{task}", "others-could"), (f"/{task}/do/entered-in-error", "do-referral.void"),
        (f"/{task}/alternatives", "alternatives-about"),
    ]:  # fmt: skip
        page = browser.get(f"/console/referrals{path}").text
        assert texts.say(f"referrals.{key}", language) in page.replace("&#39;", "'"), path
        assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in page


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
