"""Two hubs that differ only in what other organisations have set aside show a data officer the same pages, whatever she names.

The second half shows that the comparison can fail. The last: what is hidden asks the database what nothing asks.
"""

import re
import uuid
from collections.abc import Callable, Iterator

import pytest

from hub.exchange import set_aside
from hub.store import MongoRegistry, MongoStore, aside
from tests.support.aside import bad, hand_over
from tests.support.commands import LISTENER
from tests.support.people import Browser, Town
from tests.support.uploading import uploads
from tests.support.worlds import Builder, World, pairs
from tests.support.written import CALLER

PAGE = "/console/set-aside"
OTHER = "amal"
DRAWN = re.compile(r'name="csrf_token" value="[^"]*"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
REASON = re.compile(rf'href="{PAGE}/\w+/([0-9a-f]+)"')
OF_TRANSPORT = frozenset({"Set-Cookie", "Date", "X-Request-Id"})
MANY = 12


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"aside_{run}_a", f"aside_{run}_b")) as opened:
        yield opened


def town(world: World) -> Town:
    registry = MongoRegistry(world.store)
    return Town(world.hub, registry, world.store, doors=uploads(CALLER, OTHER))


def officer(in_: Town, organization: str = CALLER) -> Browser:
    browser = in_.browser()
    person = in_.person(f"officer-{organization}", organization, roles=frozenset({"data-desk"}), scopes=frozenset())
    browser.sign_in(person)
    browser.get("/console/?lang=en")
    return browser


def towns(builder: Builder) -> tuple[list[Town], str]:
    """Of the same rows of her own; with, in the first, the same of another organisation, and the id of their reason."""
    made = [town(world) for world in builder.build(0)]
    now = made[0].clock.now()
    for one in made:
        one.clock.forward(now - one.clock.now())
        hand_over(one.people.hub, uploads(CALLER, OTHER), "register", *map(bad, range(MANY)))
    hand_over(made[0].people.hub, uploads(CALLER, OTHER), "theirs", *map(bad, range(5, MANY + 7)))
    shown = officer(made[0], OTHER).get(f"{PAGE}/theirs").text
    return made, found[1] if (found := REASON.search(shown)) else ""


def asked(in_: Town, theirs: str) -> list[str]:
    """All that she is answered, but for what is drawn anew each time."""
    browser, told = officer(in_), []
    ours = REASON.findall(browser.get(f"{PAGE}/register").text)
    addresses = [PAGE, *(f"{PAGE}/{name}" for name in ("register", "complete", "theirs", "pulled", "nothing"))]
    addresses += [f"{PAGE}/{name}/{id_}" for name in ("register", "theirs") for id_ in (*ours, theirs)]
    for _ in range(2):
        told += [_told(browser, "GET", address) for address in addresses]
        told += [_told(browser, "POST", address) for address in addresses[1:6]]
    return told


def _told(browser: Browser, method: str, address: str) -> str:
    if method == "POST":
        browser.get(f"{PAGE}/register")
    answer = browser.get(address) if method == "GET" else browser.post(address)
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in OF_TRANSPORT)
    return f"{method} {address} {answer.status} {DRAWN.sub('', f'{headers} {answer.text}')}"


def compared(builder: Builder) -> tuple[list[str], list[str]]:
    (full, other), theirs = towns(builder)
    assert theirs
    return asked(full, theirs), asked(other, theirs)


def test_what_others_have_set_aside_shows_on_no_page_and_in_no_answer(builder: Builder) -> None:
    full, other = compared(builder)
    assert full == other
    assert {one.split(" ")[2] for one in full} == {"200", "404"}
    assert any("Still set aside" in one for one in full), "else nothing was tried"


def everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_aside, "_is_own", lambda *_: True)


def every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the database were asked for all that waits."""
    told = aside.reasons
    monkeypatch.setattr(
        MongoStore,
        "reasons",
        lambda store, _, limit: [
            one for connection in ("register", "theirs") for one in told(store.database, store._box, connection, limit)
        ],
    )


@pytest.mark.parametrize("disable", [everybody, every_connection], ids=lambda one: one.__name__)
def test_the_comparison_finds_a_leak(
    builder: Builder, disable: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    disable(monkeypatch)
    full, other = compared(builder)
    assert full != other


def test_a_connection_of_others_takes_the_work_of_none(builder: Builder) -> None:
    (full, _), theirs = towns(builder)
    browser = officer(full)

    def work(name: str, method: str = "GET") -> list[str]:
        with LISTENER.noted() as heard:
            _told(browser, method, f"{PAGE}/{name}")
        return list(heard)

    work("nothing")
    for of, none in (("theirs", "nothing"), (f"theirs/{theirs}", f"nothing/{theirs}")):
        assert work(of) == work(none)
    assert work("theirs", "POST") == work("nothing", "POST")
    assert len(work("register")) > len(work("theirs")) > 0
