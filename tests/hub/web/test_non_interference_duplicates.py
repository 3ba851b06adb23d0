"""Two worlds that differ only in what a caller may not see ask it about the same pairs, and take the same of what it says.

In both it sees three files of one woman; in the full one there is a fourth that is hidden, and a hidden number of two agrees.
The second half shows that the comparison can fail.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from hub.consent.keys import own
from hub.exchange import disclose, duplicates
from hub.fhir.labels import labelled
from hub.ports import Changes, Key, Save, Stored, Visible
from hub.search.pairing import seen
from tests.support.accompanied import to
from tests.support.asked import Ask
from tests.support.two_files import HER, JUDGE, POSSIBLE, asked, file_of, phone
from tests.support.walks import Walk
from tests.support.worlds import Builder, Pair, World, pairs
from tests.support.written import CALLER, ORGANIZATIONS

SEEN, OTHER, HIDDEN, TWIN = (f"5{n}000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
CLASSES = ("core", "identity")
NUMBER = "+212612345678"


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"files_{run}_a", f"files_{run}_b")) as opened:
        yield opened


def keep(world: World, id_: str, keeper: str, classes: tuple[str, ...], **said: Any) -> None:
    patient = labelled(file_of(keeper, f"T-{id_[:2]}", **said) | {"id": id_})
    keys = (Key(own(keeper)), *(Key(f"{CALLER}|COC|{name}") for name in classes))
    world.store.commit(Changes(saves=[Save(patient, id_, keeper, keys)], persons={id_: 0}))


def furnished(builder: Builder) -> Pair:
    pair = builder.build(0)
    arabic = HER | {"name": [{"text": "زينب مثال"}]}
    for world, number in zip(pair, (NUMBER, "+212699999999"), strict=True):
        keep(world, SEEN, "amal", CLASSES, **HER, telecom=phone(NUMBER))
        keep(world, OTHER, "hopital", CLASSES, **arabic, telecom=phone(number))
        keep(world, TWIN, "hopital", CLASSES, **HER | {"name": [{"text": "Exemple Zinab"}]})
    keep(pair.full, HIDDEN, "hopital", (), **HER)
    return pair


def requests() -> Iterator[Ask]:
    queues = [{}, {"grade": "possible"}, {"decision": "same"}, {"decision": "different"}]
    for said in ("same", "different", "undecided"):
        for one, other in ((SEEN, OTHER), (SEEN, HIDDEN), (HIDDEN, OTHER), (SEEN, TWIN)):
            yield Ask("POST", JUDGE, asked(patient=to(f"Patient/{one}"), other=to(f"Patient/{other}"), decision=said))
            yield from (Ask("POST", POSSIBLE, asked(**queue)) for queue in queues)
            yield Ask("GET", "/fhir/AuditEvent?_sort=date&_count=50")


def walked(builder: Builder) -> Walk:
    return Walk(furnished(builder)).go(requests(), 1000)


def test_a_hidden_file_and_a_hidden_number_show_in_no_pair_and_in_no_answer_to_what_is_said(builder: Builder) -> None:
    walk = walked(builder)
    assert walk.difference == ""
    assert walk.statuses.keys() == {"200 OK", "404 Not Found"}
    (shown, *_) = (one for one in requests() if one.path == POSSIBLE)
    pair = furnished(builder)
    assert [world.ask(shown.method, shown.path, shown.body).raw.count(TWIN) for world in pair] == [1, 1]


def test_the_comparison_finds_a_file_that_is_shown_to_whom_it_is_hidden_from(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = frozenset(own(organization) for organization in ORGANIZATIONS)
    monkeypatch.setattr(
        disclose, "_allowed", lambda *_: frozenset(CLASSES)
    )  # else nothing that was found would be left
    monkeypatch.setattr(disclose, "reach", lambda _type, _how, _caller, now, **_: Visible(everybody, now))
    assert walked(builder).difference


def test_and_a_pair_that_follows_from_a_hidden_number(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if records were compared instead of views."""

    def compared(asking: duplicates.Asking, stored: Stored) -> duplicates.Known | None:
        found = seen(stored.id, stored.custodian or "", stored.resource())
        view = disclose.view(stored, asking.caller, asking.now, hub=asking.hub)
        return duplicates.Known(stored, view, found) if found else None

    monkeypatch.setattr(duplicates.Asking, "_known", compared)
    assert walked(builder).difference
