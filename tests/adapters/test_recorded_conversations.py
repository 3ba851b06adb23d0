"""Conversations as the tools document them, with all that a tool says beside what a door reads, and fictional people.

What they hold was written down from the sources and manuals of the tools, not by a stand-in: who plays and who is played do not
share a mistake.
"""

import json
import random
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from adapters.replay import Answer, Asked, Recorded, Served
from hub import mapping
from hub.errors import AdapterError, Fatal
from hub.mapping import Context
from hub.ports import Connection, SourceRecord, Withdrawn
from tests.support.budget import examples
from tests.support.changed import changed

CONTEXT = Context("association", lambda text: text, date(2026, 11, 23))
NEVER = (
    "attend", "raconte", "signature.jpg", "collect:AbCdEf", "33.57", "34.02", "Cachée", "Intervenante", "*******",
)  # fmt: skip
"""What no record of these may hold: notes, narratives, files, workers and their telephones, points on a map, where a shelter is."""
EXAMPLES = examples(15, 500)
FOUND = (270, 415)  # a list where a word belongs, a number where a list does: these once raised


@dataclass(frozen=True)
class Talk:
    form: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    said: str  # how the door signs in
    records: int
    blocked: int = 0
    withdrawn: int = 0
    session: str = ""  # where it signs in, if it does so by asking


TALKS = {
    "kobo": Talk("kobo/intake", {"asset": "aZahraIntake"}, {"token": "a-token"}, "Token a-token", 2),
    "commcare": Talk(
        "commcare/casework", {"domain": "anwar", "user": "hub@anwar.example"}, {"key": "a-key"}, "ApiKey hub@anwar.example:a-key", 2
    ),
    "odk": Talk(
        "odk/intake", {"project": 7, "form": "accueil_écoute"}, {"email": "hub@anwar.example", "password": "a-password"},
        "Bearer lSpAIeksRu1CNZs7!qjAot2T17dPzkrw9B4iTtpj7OoIJBmXvnHM8z8Ka4QPEjR7", 2, 1, 1, "/v1/sessions",
    ),
    "primero": Talk("primero/gbvims-plus", {"user": "hub"}, {"password": "a-password"}, "Basic aHViOmEtcGFzc3dvcmQ=", 1),
    "hsds": Talk("hsds/directory", {"page_size": 1}, {}, "", 2),
    "fhir": Talk("fhir/referral", {"deletions": False}, {"credential": "a-token"}, "Bearer a-token", 2),
}  # fmt: skip


class Played(Recorded):
    """Plays a conversation to whoever signs in; `unasked`: what was asked and never recorded."""

    def __init__(self, name: str) -> None:
        super().__init__(Path(str(import_module(f"adapters.{name}").__file__)).parent / "recorded")
        self.talk = TALKS[name]
        self.unasked: list[str] = []
        self.chance: random.Random | None = None

    def refuse(self, asked: Asked) -> Answer | None:
        if asked.path == self.talk.session:
            known = set(asked.json().values()) == set(self.talk.secrets.values())
        else:
            known = self.talk.said in {"", asked.headers.get("authorization")}
        return None if known else Answer(401, {"detail": "Nadia Fictive"})

    def unknown(self, asked: Asked) -> Answer:
        found = super().unknown(asked)
        if found.status == 404:
            self.unasked.append(f"{asked.method} {asked.path} {dict(asked.query)}")
        if self.chance is None or self.chance.random() < 0.4:
            return found
        return Answer(found.status, json.dumps(changed(found.body, self.chance)))


@pytest.fixture(params=TALKS)
def tool(request, tmp_path):
    if request.param == "primero":
        import_module("adapters.primero.forms").forget()
    played = Played(request.param)
    talk = played.talk
    with Served(played).running() as served:
        url = f"{served.url}/{request.param}" if request.param in {"hsds", "fhir"} else served.url
        form = mapping.load(talk.form)
        settings = {"url": url, **talk.settings}
        at = Connection(
            "c",
            "association",
            request.param,
            form.id,
            settings,
            tmp_path,
            form.layout(),
            lambda name: talk.secrets[name],
        )
        yield played, import_module(f"adapters.{request.param}").adapter, at, form


def test_a_recorded_conversation_is_read_whole_and_conforms(tool):
    played, adapter, connection, form = tool
    pulled = list(adapter.pull(connection, None))
    records = [one for one in pulled if isinstance(one, SourceRecord)]
    assert not played.unasked, "the door asks nothing that the tool was not heard to answer"
    assert len(records) == played.talk.records
    assert sum(isinstance(one, Withdrawn) for one in pulled) == played.talk.withdrawn
    blocked = [one for one in records if any(i.blocks for i in (*one.issues, *form.forward(one, CONTEXT).issues))]
    assert len(blocked) == played.talk.blocked
    held = json.dumps([dict(one.content) for one in records], ensure_ascii=False)
    assert not [one for one in NEVER if one in held]
    used = {one.path for one in played.asked}
    assert used == {one.path for one in played.exchanges}


def test_who_does_not_sign_in_as_was_recorded_is_refused(tool):
    played, adapter, connection, _ = tool
    if not played.talk.said:
        return
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(replace(connection, secret=lambda _: "another"), None))
    assert "Nadia" not in f"{refused.value!r}{refused.value.params}"


@pytest.mark.parametrize("seed", sorted({*range(EXAMPLES), *FOUND}))
def test_a_recorded_conversation_with_places_changed_is_read_or_refused(tool, seed):
    played, adapter, connection, form = tool
    played.chance = random.Random(seed)
    try:
        for one in adapter.pull(connection, None):
            if isinstance(one, SourceRecord):
                assert one.id and one.version
                json.dumps(dict(one.content), ensure_ascii=False).encode()
                said = [f"{issue.text} {issue.params}" for issue in (*one.issues, *form.forward(one, CONTEXT).issues)]
                assert "Nadia" not in f"{one!r} {one.place} {dict(one.handle)} {one.version} {said}"
    except AdapterError as problem:
        assert "Nadia" not in f"{problem!r} {problem.text} {problem.params}"
