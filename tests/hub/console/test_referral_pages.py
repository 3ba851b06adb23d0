"""What a person reads about referrals: the list, one referral before and after its acceptance; and what she does not read."""

import re
from datetime import timedelta

import pytest

from hub import texts
from hub.exchange.expire import sweep
from tests.support.network import KEEPER, reason
from tests.support.offices import NAME, Office, named, words

PATCH = {"Content_Type": "application/json-patch+json"}
HEADER = ("/console/referrals", "/console/")


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
    lacking = browser.post(link, how="completed")
    assert (lacking.status_code, lacking.text.count("Choisissez le résultat.")) == (
        422,
        2,
    )  # above, and at the question
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


def test_the_page_where_she_is_is_marked_in_the_header(at: Office) -> None:
    browser = at.desk("chu")
    marked = {path: re.findall(r'<a href="([^"]+)" aria-current="page">', browser.get(path).text) for path in HEADER}
    assert [ours in found for ours, found in marked.items()] == [True, True]
    assert marked["/console/"] == ["/console/"]


def test_an_english_page_says_how_pressing_it_is_in_plain_words(at: Office) -> None:
    at.refer("chu", priority="stat")
    listed = words(at.desk("chu").get("/console/referrals?lang=en").text)
    assert "very urgent (24 hours)" in listed and "STAT" not in listed


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
