"""What DHIS2 is documented to say to a report, from its codes to its completion, and what it says where it refuses.

`adapters/dhis2/recorded`: a conversation in which all is taken; in `refused`, what is said in place of one answer of it.
"""

import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from adapters import dhis2
from adapters.replay import Answer, Recorded, Served, read
from hub import texts
from hub.errors import AdapterError, Fatal, Retriable
from hub.ports import Connection, Figure, Layout, Reported, Return, Row, Rows
from tests.support.budget import examples
from tests.support.changed import changed

FOLDER = Path(str(dhis2.__file__)).parent / "recorded"
TOKEN = "d2pat_a-token"
CELLS = (
    Figure("IHALA_SENT", "", 40),
    Figure("IHALA_SENT_SERVICE", "SERVICE_LEGAL", 12),
    Figure("IHALA_SENT_SERVICE", "SERVICE_MEDICAL", None),
)
ROWS = Rows((Row({"SERVICE": "LEGAL", "AGE": "ADULT"}, 2), Row({"SERVICE": "MEDICAL", "AGE": "ADULT"}, 1)))
FIGURES = Return(date(2026, 3, 1), date(2026, 3, 31), CELLS, rows=ROWS)
EXAMPLES = examples(15, 500)
FOUND = (269, 421)  # a list where a status belongs: these once raised


class Played(Recorded):
    """`instead`: what is answered in place of what was recorded."""

    def __init__(self):
        super().__init__(FOLDER)
        self.unasked = []
        self.instead = ()
        self.chance = None

    def refuse(self, asked):
        known = asked.headers.get("authorization") == f"ApiToken {TOKEN}"
        return None if known else Answer(401, {"httpStatus": "Unauthorized", "message": "Nadia Fictive"})

    def unknown(self, asked):
        for one in self.instead:
            if one.answers(asked):
                return one.answer
        found = super().unknown(asked)
        if found.status == 404:
            self.unasked.append(f"{asked.method} {asked.path} {dict(asked.query)}")
        if self.chance is None or self.chance.random() < 0.5:
            return found
        return Answer(found.status, json.dumps(changed(found.body, self.chance)))

    def heard(self):
        return {one.name for asked in self.asked for one in self.exchanges if one.answers(asked)}

    def written(self):
        modes = [one.query.get("dryRun", one.query.get("importMode")) for one in self.asked if one.method == "POST"]
        return [mode for mode in modes if mode not in {"true", "VALIDATE"}]


@pytest.fixture
def played():
    return Played()


@pytest.fixture
def connection(played, tmp_path):
    with Served(played).running() as served:
        said = {"url": served.url, "data_set": "IHALA_MONTHLY", "org_unit": "MA-CAS", "complete": True}
        said |= {"program": "IHALA_EVENTS", "program_stage": "IHALA_EVENT"}
        yield Connection("c", "association", "dhis2", "m", said, tmp_path, Layout({}), lambda _: TOKEN)


def said_of(issues):
    return [texts.say(one.text, language, **one.params) for one in issues for language in texts.LANGUAGES]


def test_a_recorded_report_is_sent_whole_and_all_that_was_recorded_is_asked(played, connection):
    assert list(dhis2.adapter.check(connection)) == []
    made = dhis2.adapter.report(connection, FIGURES)
    assert made == Reported(imported=1, updated=1, deleted=1, begun=2, ended=1)
    assert not played.unasked, "the door asks nothing that the tool was not heard to answer"
    assert played.heard() == {one.name for one in played.exchanges}


def test_the_events_of_others_and_those_that_stay_are_left_as_they_are(played, connection):
    dhis2.adapter.report(connection, FIGURES)
    told = [one.json()["events"] for one in played.asked if one.path == "/api/tracker"]
    recorded = [
        one["event"] for one in json.loads((FOLDER / "07-events.json").read_text())["response"]["body"]["events"]
    ]
    theirs, deleted, stays, ended = recorded
    sent = {one["event"] for events in told for one in events}
    assert ended in sent and not sent & {theirs, deleted, stays}
    assert len(sent) == 3


def test_a_dry_run_of_a_recorded_report_writes_nothing(played, connection):
    made = dhis2.adapter.report(connection, FIGURES, dry_run=True)
    assert (made.imported, made.updated, made.deleted, made.begun, made.ended) == (1, 1, 1, 2, 1)
    assert played.written() == []


REFUSED = {
    "values-of-a-closed-period": ("dhis2.conflict", {"code": "E7646", "cells": "IHALA_SENT"}),
    "values-as-older-servers-say": ("dhis2.conflict", {"code": "-", "cells": "IHALA_SENT_SERVICE SERVICE_LEGAL"}),
    "events-of-who-may-not-write": ("dhis2.event-refused", {"code": "E1000", "count": "2"}),
    "events-that-are-gone": ("dhis2.event-refused", {"code": "E1082", "count": "1"}),
    "completed-by-who-may-not": ("dhis2.not-completed", {"code": "E7800"}),
    "token-that-has-expired": (Fatal, {}),
    "who-may-not-read": (Fatal, {}),
    "a-programme-that-is-gone": (Fatal, {}),
    "a-server-that-restarts": (Retriable, {}),
}  # fmt: skip


def test_every_refusal_that_was_recorded_is_played():
    assert {one.name for one in read(FOLDER / "refused")} == REFUSED.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_what_dhis2_refuses_is_told_by_its_code_and_nothing_is_written(played, connection, name):
    (refusal,) = [one for one in read(FOLDER / "refused") if one.name == name]
    played.instead = (refusal,)
    expected, params = REFUSED[name]
    if isinstance(expected, str):
        (issue,) = dhis2.adapter.report(connection, FIGURES).issues
        assert (issue.text, dict(issue.params), issue.blocks) == (expected, params, True)
        told = said_of([issue])
    else:
        with pytest.raises(expected) as refused:
            dhis2.adapter.report(connection, FIGURES)
        told = [f"{refused.value!r} {refused.value.text} {refused.value.params}"]
    assert played.written() == []
    assert not [one for one in told if "Nadia" in one]


def test_who_does_not_sign_in_as_was_recorded_is_refused(played, connection):
    with pytest.raises(Fatal) as refused:
        dhis2.adapter.report(replace(connection, secret=lambda _: "another"), FIGURES)
    assert "Nadia" not in f"{refused.value!r}{refused.value.params}"


@pytest.mark.parametrize("seed", sorted({*range(EXAMPLES), *FOUND}))
def test_a_recorded_report_with_places_changed_is_taken_or_refused(played, connection, seed):
    played.chance = random.Random(seed)
    try:
        made = dhis2.adapter.report(connection, FIGURES)
    except AdapterError as problem:
        assert "Nadia" not in f"{problem!r} {problem.text} {problem.params}"
    else:
        assert not [one for one in said_of(made.issues) if "Nadia" in one]
