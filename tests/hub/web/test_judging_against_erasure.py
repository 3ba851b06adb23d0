"""Somebody judges whether two files are of one woman while one of them is erased: whichever is first, nothing about her is left."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from hub.exchange import Hub, same_or_not
from hub.exchange.erase import erase
from hub.fhir.references import split
from hub.store import MongoStore, judgements
from tests.support.accompanied import Parties
from tests.support.two_files import HER, Filed, file_of, filed, judge

ROUNDS = 16


@pytest.fixture
def amal(party: Parties) -> Filed:
    """The file that stays."""
    return filed(party, "amal", file_of("amal", **HER))


def another(party: Parties, n: int = 0) -> Filed:
    return filed(party, "nour", file_of("nour", f"N-{n}", **HER))


def mentions(hub: Hub, reference: str) -> set[str]:
    """The collections that say anything of her."""
    assert isinstance(hub.store, MongoStore)
    database, id_ = hub.store.database, split(reference)[1]
    return {name for name in database.list_collection_names() if any(id_ in str(row) for row in database[name].find())}


def left_by_erasure(party: Parties, hub: Hub) -> set[str]:
    """What says that she was there, of somebody about whom nobody judged anything."""
    nobody = another(party, 99)
    erase(split(nobody.patient)[1], "asked", hub=hub)
    return mentions(hub, nobody.patient)


def both_at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    start = Barrier(len(acts))

    def begin(act: Callable[[], Any]) -> Any:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))


def test_at_one_moment_many_times_in_both_orders(amal: Filed, party: Parties, hub: Hub) -> None:
    chu, left, statuses = party("chu"), left_by_erasure(party, hub), set()
    assert "judgements" not in left
    for n in range(ROUNDS):
        her = another(party, n)
        if n % 2:  # then the judgement that is written takes the place of another
            assert judge(chu, amal.patient, her.patient, "different").status_code == 200
        judged = lambda: judge(chu, amal.patient, her.patient, "same").status_code  # noqa: B023, E731
        erased = lambda: erase(split(her.patient)[1], "asked", hub=hub).person  # noqa: B023, E731
        found = both_at_once([judged, erased] if n % 4 < 2 else [erased, judged])
        statuses |= {one for one in found if isinstance(one, int)}
        assert mentions(hub, her.patient) <= left
        assert judged() == 404
    assert statuses <= {200, 404}


@pytest.mark.parametrize("known", [False, True])
def test_who_is_erased_while_a_judgement_is_being_written_is_judged_no_more(
    amal: Filed, party: Parties, hub: Hub, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    chu, her, left = party("chu"), another(party), left_by_erasure(party, hub)
    if known:
        judge(chu, amal.patient, her.patient, "different")
    write, erased = same_or_not._judgement, []

    def meanwhile(*said: Any) -> Any:
        erased.append(erase(split(her.patient)[1], "asked", hub=hub))
        return write(*said)

    monkeypatch.setattr(same_or_not, "_judgement", meanwhile)
    assert judge(chu, amal.patient, her.patient, "same").status_code == 404
    assert len(erased) == 1
    assert mentions(hub, her.patient) <= left


@pytest.mark.parametrize("known", [False, True])
def test_a_judgement_that_is_written_while_the_erasure_is_has_no_longer_life_than_she(
    amal: Filed, party: Parties, hub: Hub, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    chu, her, left = party("chu"), another(party), left_by_erasure(party, hub)
    if known:
        judge(chu, amal.patient, her.patient, "different")
    forget, answers = judgements.forget, list[Future[Any]]()

    with ThreadPoolExecutor(1) as pool:

        def meanwhile(*about: Any) -> None:
            forget(*about)
            if not answers:  # the erasure is not committed yet
                answers.append(pool.submit(judge, chu, amal.patient, her.patient, "same"))

        monkeypatch.setattr(judgements, "forget", meanwhile)
        erase(split(her.patient)[1], "asked", hub=hub)
    assert answers[0].result().status_code in {200, 404}
    assert mentions(hub, her.patient) <= left
