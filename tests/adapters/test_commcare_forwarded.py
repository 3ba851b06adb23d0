"""Cases that CommCare HQ forwards by itself: taken once they are on the disk, read with the next pull, once in effect."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.commcare import adapter
from adapters.http_listener import LARGEST
from adapters.replay import Served
from hub import mapping
from hub.errors import Fatal
from hub.mapping import Context
from hub.ports import Connection, SourceRecord, Watermark
from tests.support.commcare import KEY, USER, ProjectSpace, listening, populated

FORM = mapping.load("commcare/casework")
SECRETS = {"key": KEY, "forward": "a-forward-token", "spool": "a spool secret"}
BEARER = "Bearer a-forward-token"
Connect = Callable[..., Connection]


@pytest.fixture
def space() -> ProjectSpace:
    return populated(3)


@pytest.fixture
def connect(space: ProjectSpace, tmp_path: Path) -> Iterator[Connect]:
    with Served(space).running() as served:

        def make(**settings: Any) -> Connection:
            asked = {"url": served.url, "domain": "anwar", "user": USER, "listen": "127.0.0.1:0", **settings}
            secret = SECRETS.__getitem__
            return Connection("c", "association", "commcare", FORM.id, asked, tmp_path, FORM.layout(), secret)

        yield make


def forward(connection: Connection, *bodies: Any, authorization: str = BEARER) -> list[int]:
    with listening(connection) as url, httpx2.Client(trust_env=False, headers={"Authorization": authorization}) as http:
        return [
            http.post(url, content=body if isinstance(body, bytes) else json.dumps(body)).status_code for body in bodies
        ]


def pulled(connection: Connection, since: Watermark | None = None) -> tuple[dict[str, SourceRecord], Watermark | None]:
    records: dict[str, SourceRecord] = {}
    for one in adapter.pull(connection, since):
        if isinstance(one, SourceRecord):
            records[one.id] = one
        elif isinstance(one, Watermark):
            since = one
    return records, since


def form(*ids: str) -> dict[str, Any]:
    """Form JSON: the first case in a block of its own, the others in a repeat."""
    blocks = [
        {"case": {"@case_id": id_, "@date_modified": "2026-03-01T09:00:00.000000Z", "update": {"age": "24"}}}
        for id_ in ids
    ]
    inner = {"@xmlns": "http://openrosa.org/formdesigner/x", "@name": "Accueil", "#type": "data", **blocks[0]}
    inner |= {"orientations": {"item": blocks[1:]}, "meta": {"instanceID": "f-1", "userID": "a-worker"}}
    return {"id": "f-1", "form": inner, "metadata": {}, "received_on": "2026-03-01T09:00:01.000000Z", "archived": False}


def shapes(space: ProjectSpace, id_: str) -> list[dict[str, Any]]:
    stub = {"received_on": "2026-03-01T09:00:01.000000Z", "form_id": "f-1", "case_ids": [id_]}
    return [space.forwarded(id_), form(id_), stub]


@pytest.mark.parametrize("shape", range(3), ids=["case JSON", "form JSON", "form stub"])
def test_what_is_forwarded_gives_the_same_records_and_the_same_fhir_as_the_api(
    connect: Connect, space: ProjectSpace, shape: int
) -> None:
    asked, since = pulled(connect(listen=""))
    assert set(forward(connect(), *(shapes(space, id_)[shape] for id_ in ("referral-1", "survivor-1")))) == {200}
    found, _ = pulled(connect(), since)
    assert found == {id_: asked[id_] for id_ in ("referral-1", "survivor-1")}
    context = Context("association", lambda text: text, date(2026, 11, 23))
    for id_, record in found.items():
        assert FORM.forward(record, context).drafts == FORM.forward(asked[id_], context).drafts


def test_a_form_names_every_case_that_it_touches(connect: Connect, space: ProjectSpace) -> None:
    _, since = pulled(connect())
    forward(connect(), form("survivor-1", "referral-1", "referral-2", "gone"))
    assert set(pulled(connect(), since)[0]) == {"survivor-1", "referral-1", "referral-2"}


def test_what_is_forwarded_twice_is_one_record(connect: Connect, space: ProjectSpace) -> None:
    _, since = pulled(connect())
    forward(connect(), *[space.forwarded("survivor-1")] * 3)
    records = [one for one in adapter.pull(connect(), since) if isinstance(one, SourceRecord)]
    assert [one.id for one in records] == ["survivor-1"]


def test_what_was_read_is_not_read_again_and_leaves_the_disk(
    connect: Connect, space: ProjectSpace, tmp_path: Path
) -> None:
    _, since = pulled(connect())
    forward(connect(), *(space.forwarded(id_) for id_ in ("survivor-1", "survivor-2", "survivor-3")))
    found, reached = pulled(connect(), since)
    assert len(found) == 3
    assert len(list((tmp_path / "commcare" / "c").iterdir())) == 3  # until the hub says that it has stored them
    assert pulled(connect(), reached)[0] == {}
    assert len(list((tmp_path / "commcare" / "c").iterdir())) == 1


def test_nobody_reads_what_waits_on_the_disk(connect: Connect, space: ProjectSpace, tmp_path: Path) -> None:
    forward(connect(), space.forwarded("survivor-1"))
    (waiting,) = (tmp_path / "commcare" / "c").iterdir()
    assert b"survivor-1" not in waiting.read_bytes()
    assert waiting.stat().st_mode & 0o077 == 0


def test_an_older_copy_that_comes_late_has_a_lower_revision(connect: Connect, space: ProjectSpace) -> None:
    old = space.forwarded("survivor-1")
    space.save("survivor-1", {"age": "30"})
    asked, since = pulled(connect(listen=""))
    forward(connect(), old)
    late, _ = pulled(connect(), since)
    assert (late["survivor-1"].revision or 0) < (asked["survivor-1"].revision or 0)


@pytest.mark.parametrize("said", ["", "Bearer another", "Basic bm9ib2R5Om5vcGU=", "Basic !", "Bearer", "Bearer é"])
def test_without_the_token_nothing_is_taken(connect: Connect, space: ProjectSpace, tmp_path: Path, said: str) -> None:
    assert forward(connect(), space.forwarded("survivor-1"), authorization=said.encode("latin-1")) == [401]  # type: ignore[arg-type]
    assert list((tmp_path / "commcare" / "c").iterdir()) == []


def test_the_password_of_basic_authorization_is_the_token_too(connect: Connect, space: ProjectSpace) -> None:
    basic = base64.b64encode(b"commcare:a-forward-token").decode()
    assert forward(connect(), space.forwarded("survivor-1"), authorization=f"Basic {basic}") == [200]


def test_what_is_no_case_and_no_form_is_refused_and_cases_of_other_types_are_left(
    connect: Connect, space: ProjectSpace, tmp_path: Path
) -> None:
    household = {**space.forwarded("survivor-1"), "properties": {"case_type": "household"}}
    bodies = [
        b"<data/>",
        b"",
        b"[1]",
        {},
        {"case_id": 7},
        {"case_ids": ["\u0623"]},
        {"form": {"@case_id": None}},
        household,
    ]
    assert forward(connect(), *bodies) == [400] * 7 + [200]
    assert forward(connect(), b" " * (LARGEST + 1)) == [413]
    assert list((tmp_path / "commcare" / "c").iterdir()) == []


def test_a_spool_of_another_secret_is_not_lost_but_said(
    connect: Connect, space: ProjectSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward(connect(), space.forwarded("survivor-1"))
    monkeypatch.setitem(SECRETS, "spool", "another")
    with pytest.raises(Fatal) as refused:
        pulled(connect())
    assert refused.value.text == "adapters.commcare-spool-secret"
    assert [one.text for one in adapter.check(connect()) if one.blocks] == ["adapters.commcare-spool-secret"]


def test_only_this_machine_is_listened_to_without_tls(connect: Connect) -> None:
    for listen, text in (("0.0.0.0:0", "adapters.listen-insecure"), ("", "adapters.no-listen")):
        with pytest.raises(Fatal) as refused:
            adapter.listen(connect(listen=listen), lambda *_: None)
        assert refused.value.text == text


def test_a_survivor_whose_case_comes_with_her_referrals_is_not_asked_for(connect: Connect, space: ProjectSpace) -> None:
    _, since = pulled(connect())
    forward(connect(), space.forwarded("referral-1"), space.forwarded("survivor-1"))
    space.asked.clear()
    found, _ = pulled(connect(), since)
    assert found["referral-1"].content["survivor/survivor_code"] == "ANW-0001"
    assert not [one for one in space.asked if one.path.endswith("bulk-fetch/")]
