"""Each recipient knows a survivor by a number of its own; what her keeper calls her never leaves."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import errors
from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import Hub, change, disclose
from hub.exchange.pseudonyms import ALPHABET, Pseudonyms, check
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.data_classes import shareable
from hub.fhir.numbered import SYSTEM
from hub.fhir.query import Match, Query, Token
from hub.fhir.serial import loads
from hub.ports import Caller, Key, Stored, Within
from tests.support.association import Scene, association, code, court, hospital

SAMIRA = "0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31"
NUMBERS = Pseudonyms(b"the secret of one deployment")
EXAMPLES = [
    json.loads(path.read_text("utf-8")) for path in sorted(Path(str(files("profiles"))).glob("examples/valid/*.json"))
]
PAPERS = frozenset(map(identifier_system, ("cin", "passport", "residence-permit")))
"""What the state calls her: data of the class identity, that she may let others have."""
OF_THE_EXCHANGE = frozenset(map(identifier_system, ("organization", "referral", "referral-at-recipient", "message")))


# --- the numbers -----------------------------------------------------------------------------------------------------


@given(st.uuids(version=4).map(str) | st.text(min_size=1, max_size=64), st.sampled_from(["chu", "court"]))
@settings(max_examples=200, deadline=None)
def test_a_number_is_stable_and_leads_back_for_its_own_organisation_alone(person: str, organization: str) -> None:
    number = NUMBERS.of(person, organization)
    assert number == Pseudonyms(b"the secret of one deployment").of(person, organization)
    assert NUMBERS.person(number, organization) == person
    assert NUMBERS.person(number, "another") is None
    assert Pseudonyms(b"the secret of another deployment").person(number, organization) is None


def test_numbers_of_two_recipients_have_nothing_in_common() -> None:
    one, other = NUMBERS.of(SAMIRA, "chu"), NUMBERS.of(SAMIRA, "court")
    alike = sum(a == b for a, b in zip(one.replace("-", ""), other.replace("-", ""), strict=True))
    assert alike < 12, "letters that agree by chance: one in thirty-two"


def test_a_number_is_read_however_it_was_written() -> None:
    number = NUMBERS.of(SAMIRA, "chu")
    for written in (number.lower(), number.replace("-", ""), number.replace("-", " "), number.replace("0", "O")):
        assert NUMBERS.person(written, "chu") == SAMIRA


def test_one_wrong_character_finds_nobody() -> None:
    number = NUMBERS.of(SAMIRA, "chu").replace("-", "")
    for place in range(0, len(number), 7):
        wrong = ALPHABET[(ALPHABET.index(number[place]) + 1) % 32]
        changed = number[:place] + wrong + number[place + 1 :]
        assert check(changed[:-1]) != changed[-1]
        assert NUMBERS.person(changed, "chu") is None


@pytest.mark.parametrize("text", ["", "0", "00", "S-7/2026", "رقم", "A" * 5000, SAMIRA, "ZZZZ-ZZZZ", "\0\0"])
def test_what_is_no_number_is_nobodys(text: str) -> None:
    assert NUMBERS.person(text, "chu") is None


# --- what a recipient sees -------------------------------------------------------------------------------------------


def identifiers(node: Any) -> Iterator[tuple[str, str]]:
    """System and value of every identifier, at any depth."""
    if isinstance(node, list):
        for item in node:
            yield from identifiers(item)
    elif isinstance(node, dict):
        for one in node.get("identifier", []) if isinstance(node.get("identifier"), list) else [node.get("identifier")]:
            if isinstance(one, dict) and "value" in one:
                kinds = one.get("type", {}).get("coding", [{}])  # a paper needs no system: its type says what it is
                yield one.get("system") or identifier_system(kinds[0].get("code", "")), one["value"]
        for value in node.values():
            yield from identifiers(value)


def stored(resource: Resource, keys: tuple[Key, ...]) -> Stored:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    return Stored(resource["resourceType"], resource["id"], 1, at, json.dumps(resource), SAMIRA, "zahra-ecoute", keys)


@pytest.mark.parametrize("resource", EXAMPLES, ids=lambda one: f"{one['resourceType']}-{one['id'][:8]}")
def test_with_every_class_permitted_no_identifier_of_her_keepers_leaves(at: Scene, resource: Resource) -> None:
    everything = tuple(Key(f"chu|COC|{name}") for name in (*shareable(), "notice"))
    document = stored(resource, everything)
    view = loads(disclose.view(document, Caller("x", "chu", "COC"), document.at, hub=at.hub).text)
    left = dict(identifiers(view))
    kept = {value for system, value in identifiers(resource) if system not in PAPERS | OF_THE_EXCHANGE}
    assert left.keys() <= PAPERS | OF_THE_EXCHANGE | {SYSTEM}
    assert not kept & set(left.values())
    assert (SYSTEM in left) == (resource["resourceType"] == "Patient")
    whole = replace(document, keys=(Key(own("zahra-ecoute")),))
    assert disclose.view(whole, Caller("x", "zahra-ecoute", "COC"), document.at, hub=at.hub).text == document.text


def number_of(at: Scene, by: Caller) -> str:
    (patient,) = (loads(view.text) for view in disclose.search(Query("Patient"), by, hub=at.hub).entries)
    return str(next(one["value"] for one in patient["identifier"] if one["system"] == SYSTEM))


def test_a_recipient_finds_her_by_its_own_number_and_by_no_other(at: Scene) -> None:
    at.accepted()
    number = number_of(at, hospital())
    patient = at.one("Patient")["id"]
    assert at.search("Patient", hospital(), identifier=code(number, SYSTEM)).entries[0].id == patient
    assert at.search("Patient", hospital(), identifier=code(number)).total == 1
    for other in (at.hub.pseudonyms.of(patient, "tribunal"), at.hub.pseudonyms.of("nobody", "chu-atlas"), "no number"):
        assert at.search("Patient", hospital(), identifier=code(other, SYSTEM)).total == 0
        assert at.search("Patient", hospital(), identifier=code(other)).total == 0
    alternatives = (Token(SYSTEM, "no number"), Token(SYSTEM, number))
    both = Query("Patient", (Match("identifier", "token", alternatives),))
    assert disclose.search(both, hospital(), hub=at.hub).total == 1
    without = Query("Patient", (Match("identifier", "token", (Token(SYSTEM, number),), "not"),))
    assert disclose.search(without, hospital(), hub=at.hub).total == 0


def test_a_number_opens_nothing_to_whom_she_is_hidden_from(at: Scene) -> None:
    at.accepted()
    for by in (court(), hospital("HRESCH")):
        number = at.hub.pseudonyms.of(at.one("Patient")["id"], by.organization)
        assert at.search("Patient", by, identifier=code(number, SYSTEM)).total == 0


def test_a_scope_may_be_narrowed_to_a_number(at: Scene) -> None:
    at.accepted()
    for number, reached in ((number_of(at, hospital()), 1), (at.hub.pseudonyms.of("nobody", "chu-atlas"), 0)):
        match = Match("identifier", "token", (Token(SYSTEM, number),))
        by = hospital()
        narrow = Caller(by.client, by.organization, by.purpose, within=(Within("Patient", "search", ((match,),)),))
        assert disclose.search(Query("Patient"), narrow, hub=at.hub).total == reached


# --- never the other way ---------------------------------------------------------------------------------------------


def claimed(hub: Hub) -> Iterator[Resource]:
    survivor = next(one for one in EXAMPLES if one["resourceType"] == "Patient")
    kept = {"reference": "Organization/chu-atlas"}
    number = {"system": SYSTEM, "value": hub.pseudonyms.of(SAMIRA, "chu-atlas")}
    kind = {"coding": [{"system": identifier_system("x").replace("NamingSystem/x", "CodeSystem/identifier-type"), "code": "pseudonym"}]}  # fmt: skip
    for one in ({"type": kind, **number}, number, {"type": kind, "system": "urn:other", "value": "1"}):
        yield {**survivor, "managingOrganization": kept, "identifier": [*survivor["identifier"], one]}


def test_a_number_is_not_taken_into_a_record(at: Scene) -> None:
    for resource in claimed(at.hub):
        with pytest.raises(HubError) as refused:
            change.create(resource, hospital(), hub=at.hub)
        assert refused.value.problem is errors.HUB_GIVEN
    assert at.search("Patient", association()).total == 0
