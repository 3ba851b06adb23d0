"""A copy of the whole database shows nothing of anybody: no name, telephone, CIN, address, caregiver or narrative, however spelled."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.exchange.change import update
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.parts import part
from hub.fhir.serial import dumps, loads
from hub.ports import Caller, Changes, Due, Key, Save, Visible, Watermark
from hub.search import parse
from hub.store import MongoRegistry, MongoStore
from hub.web.app import create_app
from tests.support.association import ASSOCIATION, BEGINNING, ROW, Scene, association
from tests.support.dumps import dump, found_in
from tests.support.parties import Addresses, register

EXAMPLES = Path(__file__).parents[3] / "profiles" / "examples" / "valid"
REGISTER = tuple(ROW[name] for name in ("full_name", "cin", "phone", "address", "remarks"))
BIRTH = "1990-03-02"
_CODED = frozenset(
    {"system", "code", "url", "reference", "resourceType", "id", "use", "status", "profile", "type", "div"}
)
_MARK = re.compile(r"Marq[0-9]+uée Rue[0-9]+Secr")


def test_what_a_register_and_the_interface_brought_is_in_no_copy_of_the_database(at: Scene, store: MongoStore) -> None:
    at.receive(at.row(), watermark=Watermark(f"{ROW['full_name']}.xlsx"))
    at.receive(at.row("2", visit_date="hier", cin="QX998877", phone="0698765432", full_name="Ghizlane Tazi"))
    at.receive(at.row(address="7, passage Berdaï", remarks="Elle habite chez sa tante Keltoum."))
    patient = at.one("Patient")
    renamed = {**patient, "name": [{"family": "Ouazzani", "given": ["Zineb", "Chaïmae"]}]}
    update("Patient", patient["id"], renamed, association(), expected=None, hub=at.hub)
    for name in ("Ouazzani", "chaim"):
        query, _ = parse("Patient", [("name", name)], strict=True)
        assert store.search(query, seen_by(association())).total == 1
    store.commit(Changes(outbox=[Due("note.send", "register", "Task/x", payload={"to": "Ghizlane Tazi"})]))
    marks = (
        *REGISTER, "QX998877", "0698765432", "Ghizlane Tazi", "7, passage Berdaï", "Elle habite chez sa tante Keltoum.",
        "Ouazzani", "Chaïmae",
    )  # fmt: skip
    assert found_in(store.database, marks) == set()
    assert found_in(store.database, (BIRTH,)) == set()
    assert {"history", "quarantine", "ledger", "outbox", "AuditEvent", "persons", "keyvault", "identities"} <= {
        name for name in store.database.list_collection_names() if store.database[name].find_one()
    }


def test_what_was_hidden_is_still_there_for_those_who_keep_it(at: Scene) -> None:
    at.receive(at.row())
    text = at.read(f"Patient/{at.one('Patient')['id']}", association()).text
    assert all(value in text for value in ("Alaoui", "AB123456", "Orangers", BIRTH))


def seen_by(caller: Caller) -> Visible:
    return Visible(frozenset({f"{caller.organization}|*|*"}), BEGINNING)


def test_no_search_leaves_a_name_in_the_audit_trail(at: Scene, store: MongoStore) -> None:
    at.receive(at.row())
    at.clock.at = datetime.now(UTC).replace(microsecond=0)
    party = register(create_app(at.hub, MongoRegistry(store), Addresses()), MongoRegistry(store), ASSOCIATION)
    for asked in (
        "Patient?name=alaoui",
        "Patient?name:exact=Zineb%20Alaoui",
        "Patient?identifier=AB123456",
        f"Patient?birthdate={BIRTH}",
    ):
        assert party.get(f"/fhir/{asked}").json["total"] == 1, asked
    assert found_in(store.database, REGISTER) == set()


def test_nothing_encrypted_of_any_example_is_in_a_copy(store: MongoStore) -> None:
    """Each text of each valid example is marked; what its profile has encrypted must not be found."""
    secret: list[str] = []
    for number, path in enumerate(sorted(EXAMPLES.glob("*.json"))):
        resource = marked({**loads(path.read_bytes()), "id": f"e{number}"}, number * 1000)
        hidden = "".join(part(resource, load().profile_of(resource)).parts.values())
        secret += _MARK.findall(hidden)
        person = f"p{number}"
        save = Save(resource, person, ASSOCIATION, (Key(f"{ASSOCIATION}|*|*"),))
        store.commit(Changes(saves=[save], persons={person: 0}))
        stored = store.read(resource["resourceType"], f"e{number}", None)
        assert stored is not None
        assert unstamped(stored.text) == unstamped(dumps(resource))
    assert len(secret) > 15
    raw = b"".join(one for _, one in dump(store.database)).decode("utf-8", "replace")
    assert len(_MARK.findall(raw)) > 10, "what is not encrypted is found: the search works"
    assert {mark for mark in secret if mark in raw or b64encode(mark.encode()).decode().rstrip("=") in raw} == set()


def marked(node: Any, number: int) -> Any:
    """The same with a mark in place of every text that is no code."""
    counter = iter(range(number, number + 1000))

    def walk(node: Any, name: str) -> Any:
        if isinstance(node, dict):
            return {key: walk(value, key) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(item, name) for item in node]
        if isinstance(node, str) and " " in node and name not in _CODED:
            one = next(counter)
            return f"Marq{one}uée Rue{one}Secr"
        return node

    return walk(node, "")


def unstamped(text: str) -> str:
    resource: Resource = json.loads(text)
    return json.dumps({**resource, "meta": resource.get("meta", {}).get("profile")}, sort_keys=True)
