"""Bulk Data: the work on an export, whoever does it and whoever dies of it."""

from pathlib import Path

import pytest

from hub.exchange import export
from hub.oauth import scopes
from hub.ports import Caller
from hub.store import MongoStore
from tests.support.association import HOSPITAL
from tests.support.exporting import WOMEN, House, limited, three_women
from tests.support.parties import BASE


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> House:
    return three_women(store, tmp_path)


def test_a_step_that_was_begun_and_left_is_done_by_another_after_a_minute(at: House) -> None:
    at = limited(at, lines=2)
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    store, clock = at.scene.store, at.scene.clock
    dead = store.exports.lease(clock.now(), clock.now() + export.LEASE)
    assert dead is not None
    assert export.advance(scopes.narrowings, hub=at.scene.hub) is None, "in other hands"
    assert me.poll(begun).status_code == 202
    clock.forward(export.LEASE)
    assert export.advance(scopes.narrowings, hub=at.scene.hub) == 2
    late, lines = export._step(dead, dead.caller, at.scene.hub)
    assert not store.exports.save(late, lines, clock.now()), "whoever comes back from the dead changes nothing"
    manifest = me.finish(begun)
    assert len(me.resources(manifest)["Patient"]) == WOMEN
    assert store.database.exported.count_documents({}) == len(manifest["output"])


def test_one_whose_work_never_ends_well_has_failed(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin()
    for _ in range(6):
        at.scene.store.exports.lease(at.scene.clock.now(), at.scene.clock.now() + export.LEASE)
        at.scene.clock.forward(export.LEASE)
    answer = me.poll(begun)
    assert answer.status_code == 500
    assert "new one" in (answer.json or {})["issue"][0]["diagnostics"]


def test_an_export_comes_back_as_it_was_kept(at: House) -> None:
    caller = Caller(
        "a", HOSPITAL, "COC", frozenset({"user/*.rs"}), practitioner="Practitioner/amal", roles=frozenset({"nurse"})
    )
    asked = export.Wanted(
        "https://x", BASE, ("Task",), at.scene.clock.now(), {"Task": ("status=accepted",)}, True, frozenset({"x"})
    )
    begun = export.begin(asked, caller, hub=at.scene.hub)
    assert export.find(begun.id, caller, hub=at.scene.hub) == begun
