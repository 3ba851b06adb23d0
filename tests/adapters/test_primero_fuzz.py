"""Whatever Primero answers, in whichever of its answers: never a crash, never half a record, never a name in what is said."""

import json
import random
from datetime import date

import pytest

from adapters.primero import adapter, forms
from adapters.replay import Answer, Asked, Served
from hub import mapping, texts
from hub.errors import AdapterError
from hub.mapping import Context
from hub.ports import Connection, FollowUp, SourceRecord, Watermark, Withdrawn
from tests.support.budget import examples
from tests.support.changed import changed
from tests.support.primero import Primero, case, dumped, incident

FORM = mapping.load("primero/gbvims-plus-instance")
MARKS = ("Zineb", "El Fassi", "waits at the gate", "stays with the association")
EXAMPLES = examples(60, 1500)
CONTEXT = Context("association", lambda _: None, date(2026, 11, 23))


class Spoilt(Primero):
    """A place in the answers of one address is changed, whenever it is asked."""

    def spoil(self, address: str, chance: random.Random) -> None:
        self.address, self.chance = address, chance

    def answer(self, asked: Asked):
        fault, right = super().answer(asked)
        if fault is right and asked.path.endswith(self.address) and isinstance(right.body, dict):
            spoilt = Answer(right.status, json.dumps(changed(right.body, self.chance)))
            return spoilt, spoilt
        return fault, right


READING = ("/cases", "/incidents", "/referrals", "/forms", "/lookups")


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    stand_in = Spoilt()
    for number in (1, 2):
        identity = stand_in.add(case(number), incidents=[incident(number)])
        stand_in.refer(identity, stand_in.cases[identity]["services_section"][0]["unique_id"])
    with Served(stand_in).running() as served:
        wanted = {"url": served.url, "user": "hub"}
        folder = tmp_path_factory.mktemp("fuzz")
        yield (
            stand_in,
            Connection("c", "association", "primero", FORM.id, wanted, folder, FORM.layout(), lambda _: "a-password"),
        )


def told(one: object) -> str:
    """All that people may see of a record and of what its mapping says, in each language."""
    if not isinstance(one, SourceRecord):
        assert isinstance(one, Watermark | Withdrawn)
        return repr(one)
    assert one.id and one.version
    json.dumps(dict(one.content), ensure_ascii=False).encode()
    issues = (*one.issues, *FORM.forward(one, CONTEXT).issues)
    said = [texts.say(issue.text, language, **issue.params) for issue in issues for language in texts.LANGUAGES]
    return f"{one!r} {one.place} {dict(one.handle)} {one.version} {said}"


@pytest.mark.parametrize("address", READING)
@pytest.mark.parametrize("seed", range(max(1, EXAMPLES // len(READING))))
def test_an_answer_with_a_place_changed_breaks_nothing_and_tells_nobodys_name(tool, address, seed):
    stand_in, connection = tool
    forms.forget()
    stand_in.spoil(address, random.Random(f"{address} {seed}"))
    try:
        said = " ".join(map(told, adapter.pull(connection, None)))
    except AdapterError as problem:
        said = f"{problem} {problem.text} {problem.params}"
    assert not [mark for mark in MARKS if mark in said]


@pytest.mark.parametrize("address", [*READING[1:], ""])
@pytest.mark.parametrize("seed", range(max(1, EXAMPLES // len(READING))))
def test_what_is_written_back_is_written_whole_or_not_whatever_is_answered(tool, address, seed):
    """`""`: all that is answered."""
    stand_in, connection = tool
    forms.forget()
    identity, *_ = stand_in.cases
    (row,) = stand_in.cases[identity]["services_section"]
    before = len(stand_in.cases), dumped(stand_in)
    handle = {"case": identity, f"referral:{row['unique_id']}": stand_in.referrals[identity][0]["id"]}
    values = {
        "services_section[1]/unique_id": row["unique_id"],
        "service_implemented": "implemented",
        "referral_status": "accepted",
    }
    stand_in.spoil(address, random.Random(f"{address} {seed}"))
    try:
        adapter.push(connection, [FollowUp("t", handle, values)])
    except AdapterError as problem:
        said = f"{problem} {problem.text} {problem.params}"
        assert not [mark for mark in MARKS if mark in said]
    assert len(stand_in.cases) == before[0] and len(stand_in.cases[identity]["services_section"]) == 1, before[1]
