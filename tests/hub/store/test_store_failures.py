"""What goes wrong in the database leaves this room in the hub's words, and never with a person's."""

import logging
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from hub import texts
from hub.errors import INVALID, MISCONFIGURED, TOO_LARGE, UNAVAILABLE, Conflict, HubError
from hub.fhir.query import Match, Query, Sort, Word
from hub.ports import Changes, Save
from hub.store import MongoStore, embedded
from tests.support.acts import opened, replacing, saving, sees, stored, survivor

MARK = "Ibtissam-Marquée-0612345678"


def chain(problem: BaseException) -> list[BaseException]:
    """The problem with everything that clings to it."""
    found: list[BaseException] = []
    following: BaseException | None = problem
    while following is not None:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


def marked(id_: str = "p", **elements: object) -> dict[str, object]:
    return survivor(id_, name=[{"text": MARK}], identifier=[{"system": "urn:c", "value": MARK}], **elements)


def test_nothing_of_a_document_is_in_a_log_or_in_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, database: str
) -> None:
    caplog.set_level(logging.DEBUG)
    problems: list[BaseException] = []
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri, MongoStore.open(uri, database) as store:
        act = saving(marked())
        store.commit(act)
        first, compartment = stored(store, "Patient", "p"), store.compartments(["p"])["p"]
        store.commit(replacing(first, marked(gender="female"), compartment))
        failing = [
            act,
            replacing(first, marked(), compartment),
            saving(marked(), revision=2),
            Changes(saves=[Save(marked("q", extension=[{"valueString": "\ud800"}]), "q", "k", ())], persons={"q": 0}),
            Changes(saves=[Save(marked("q", implicitRules=MARK * 200_000), "q", "k", ())], persons={"q": 0}),
            Changes(saves=[Save(marked("q"), "q", "k", opened(MARK * 700_000))], persons={"q": 0}),
            Changes(identities={MARK: "Patient/p"}),
            Changes(identities={MARK: "Patient/q"}),
        ]
        for changes in failing:
            try:
                store.commit(changes)
            except HubError as problem:
                problems.append(problem)
        query = Query("Organization", (Match("name", "string", (Word(MARK),)),), (Sort("name"),))
        assert store.search(query, sees("a")).total == 0
        with pytest.raises(HubError) as refused:
            store.search(replace(query, after=MARK), sees("a"))
        problems.append(refused.value)
        assert MARK not in repr(store)
    assert len(problems) == 8
    assert {problem.problem for problem in problems if isinstance(problem, HubError)} >= {INVALID, TOO_LARGE}
    for problem in problems:
        for link in chain(problem):
            assert MARK not in str(link)
            assert MARK not in repr(link)
            assert type(link).__module__.split(".")[0] not in {"pymongo", "bson"}
    assert MARK not in caplog.text
    assert MARK not in (tmp_path / "data" / "mongod.log").read_text()


def test_a_database_that_went_away_is_unavailable_and_the_act_can_be_repeated(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        impatient = f"{uri}&serverSelectionTimeoutMS=300"
        with MongoStore.open(impatient, "ihala", patience=1.0) as store:
            store.commit(saving(survivor("p")))
            os.kill(int((tmp_path / "data" / "db" / "mongod.lock").read_text()), 9)
            with pytest.raises(HubError) as refused:
                store.commit(saving(survivor("q"), person="q"))
            assert refused.value.problem is UNAVAILABLE
            with embedded.mongod(tmp_path, cache_gb=0.25):  # whoever comes next starts it again
                store.commit(saving(survivor("q"), person="q"))
                assert stored(store, "Patient", "p")
                with pytest.raises(Conflict):
                    store.commit(saving(survivor("q"), person="q"))


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200", "store.unreachable"),
        ("http://host/?serverSelectionTimeoutMS=200", "store.unreachable"),
        ("mongodb://user:p@ss:word@host", "store.unreachable"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_address(uri: str, text: str) -> None:
    with pytest.raises(HubError) as refused, MongoStore.open(uri, "ihala"):
        pass
    assert (refused.value.problem, refused.value.text) == (MISCONFIGURED, text)
    for link in chain(refused.value):
        assert "p@ss" not in str(link)
    for language in texts.LANGUAGES:
        assert texts.say(text, language)


def test_a_wrong_password_is_told_as_such(mongodb_uri: str) -> None:
    wrong = re.sub("//(.*@)?", "//nobody:wrong@", mongodb_uri, count=1)
    with pytest.raises(HubError) as refused, MongoStore.open(wrong, "ihala"):
        pass
    assert refused.value.text == "store.refused"


def test_every_sentence_is_there_in_three_languages() -> None:
    for name, entry in texts.catalogue("store").items():
        assert set(entry) == set(texts.LANGUAGES), name
        blanks = {
            language: sorted(part.partition("}")[0] for part in text.split("{")[1:]) for language, text in entry.items()
        }
        assert len({tuple(found) for found in blanks.values()}) == 1, name
