"""Two files side by side in a real browser: on a phone in Arabic, at a desk in French; and what axe finds.

https://www.w3.org/TR/WCAG22/. It is skipped where the system has no Chromium: none is downloaded.
"""

from playwright.sync_api import Browser, ViewportSize

from hub.ports import Registry
from hub.store import MongoStore
from tests.support.at_a_browser import (
    Served,
    follow,
    in_arabic_on_a_phone_and_in_french_at_a_desk,
    look,
    needs_chromium,
    opened,
    sign_in,
)
from tests.support.network import KEEPER
from tests.support.offices import EVERYTHING, Office, office
from tests.support.two_files import CLASSES, HER, file_of, filed, phone

pytestmark = [needs_chromium]


def write(at: Office) -> str:
    """Two pairs; the id of a referral of the woman whose files are most alike."""
    seen = (*CLASSES, "safe-contact")
    filed(at.at.by, KEEPER, file_of(KEEPER, **HER, telecom=phone("+212612345678")), seen)
    filed(at.at.by, "tribunal", file_of("tribunal", **HER | {"name": [{"text": "Zinab Exemple"}]}), seen)
    for keeper, name in ((KEEPER, "زينب مثال"), ("tribunal", "مثال زينب")):
        last = filed(at.at.by, keeper, file_of(keeper, "B-1", name=[{"text": name}], birthDate="2001"), seen)
    return last.task.partition("/")[2]


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_a_case_worker_says_of_two_files_whether_they_are_one_womans(
    chromium: Browser, store: MongoStore, registry: Registry, language: str, size: ViewportSize
) -> None:
    server = Served()
    at = office(store, registry, base=f"{server.root}/fhir")
    name, root = f"duplicates-{language}", f"{server.root}/console"
    with server.running(at.town.app), opened(chromium, language, size) as page:
        task = write(at)
        sign_in(page, at.town.person("amina", "chu", scopes=EVERYTHING), at.town, language)
        follow(page, "header a[href='/console/referrals']")
        follow(page, "main a[href='/console/duplicates']")
        follow(page, "a[href='/console/duplicates?grade=possible']")
        assert page.locator("section.pair").count() == 2
        look(page, f"{name}-to-decide")
        follow(page, "section.pair:first-of-type button[value=same]")
        assert page.locator("section.pair").count() == 1
        page.goto(f"{root}/referrals/{task}")
        look(page, f"{name}-mark")
        follow(page, "main a[href='/console/duplicates?list=same']")
        look(page, f"{name}-decided")
        follow(page, "button[value=undecided]")
        look(page, f"{name}-none")
