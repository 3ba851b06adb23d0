"""A survivor closes one record, and no whole class of data, to somebody who could see it: by a Consent with `provision.data`."""

import pytest

from hub.exchange.recall import VERB
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.ports import Registry
from hub.store import MongoStore
from tests.support.accompanied import consent_of
from tests.support.consents import provision
from tests.support.network import CLASSES, KEEPER
from tests.support.referring import Referring, referring


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Referring:
    """The hospital and the clinic have a referral each, and have accepted it."""
    found = referring(store, registry)
    found.agree("chu", "clinique", classes=(*CLASSES, "identity", "safe-contact"))
    for who in ("chu", "clinique"):
        found.need = found.ask(who)
        (task,) = found.referrals(who)
        found.move(who, task["id"], "accepted")
    return found


def closes(at: Referring, *references: str, to: str = "chu", **more: object) -> Resource:
    """Her no, as the association records it."""
    data = [{"meaning": "instance", "reference": {"reference": one}} for one in references]
    root = provision(exceptions=[provision("deny", to=[to]) | {"data": data} | more])
    said = consent_of(f"Patient/{at.person}") | {"meta": {"profile": [profile("consent")]}, "provision": root}
    return at.create(KEEPER, said | {"organization": [{"reference": f"Organization/{KEEPER}"}]})


def notices(at: Referring, who: str) -> list[Resource]:
    found = at.by(who).get("/fhir/Communication?_count=50").json or {}
    changed = code_system("message-category"), "consent-change"
    return [
        one["resource"]
        for one in found.get("entry", ())
        if changed
        in {(code["system"], code["code"]) for each in one["resource"]["category"] for code in each["coding"]}
    ]


def need_of(at: Referring, who: str) -> str:
    (task,) = at.referrals(who)
    return str(task["focus"]["reference"])


def test_it_is_closed_at_once_and_everything_else_is_as_it_was(at: Referring) -> None:
    need = need_of(at, "chu")
    assert at.status("chu", need) == 200
    closes(at, need)
    assert at.status("chu", need) == 404
    assert at.status("chu", f"Patient/{at.person}") == 200
    assert at.status("clinique", f"Patient/{at.person}") == at.status("clinique", need_of(at, "clinique")) == 200


def test_whom_it_is_closed_to_is_told_once_and_nobody_else(at: Referring) -> None:
    closes(at, f"Patient/{at.person}")
    assert [one["about"][0]["reference"] for one in notices(at, "chu")] == [f"Task/{at.referrals('chu')[0]['id']}"]
    assert notices(at, "clinique") == []
    assert isinstance(at.hub.store, MongoStore)
    due = at.hub.store.database.outbox.find({"kind": VERB})
    assert [one["recipient"] for one in due] == ["chu"], "its tool, too (ADR 69)"
    at.ask("chu")
    closes(at, f"Patient/{at.person}")
    assert len(notices(at, "chu")) == 1, "what was closed before is not closed again"


def test_of_what_it_could_not_see_it_is_not_told(at: Referring) -> None:
    closes(at, need_of(at, "clinique"))
    assert notices(at, "chu") == notices(at, "clinique") == []
