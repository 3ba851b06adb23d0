"""All that can become of a referral, explored: every event by everybody in every state, under every consent, against the table of
`tests/support/exploring.py`, which is written apart from the hub's.

Who sees a referral is asked of `hub.consent.keys`. That each door keeps to it is `tests/hub/exchange/test_exchange_referral_doors.py`.
"""

from typing import Final

import pytest

from hub.consent.keys import Held, granted, keys, own
from hub.exchange.person import classes
from hub.fhir import Resource
from hub.fhir.references import reference
from hub.fhir.tasks import kind, party
from tests.support.consents import as_packaged
from tests.support.exploring import (
    CONSENTS,
    KEEPER,
    MAY,
    NOW,
    ORGANIZATIONS,
    OVER,
    OWNER,
    STRANGER,
    TABLE,
    State,
    about,
    eligible,
    explored,
    letter,
)
from tests.support.network import (
    CONSENT,
    PERSON,
    need,
)


@pytest.fixture(params=[2, pytest.param(3, marks=pytest.mark.deep)])
def most(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


def test_everybody_can_do_what_the_table_says_and_nothing_else(most: int) -> None:
    states, _, wrong = explored(most)
    assert len(states) > 500
    assert sorted(set(wrong)) == []


def test_every_state_of_the_table_is_reached(most: int) -> None:
    states, _, _ = explored(most)
    reached = {(kind(task), task["status"]) for state in states.values() for task in state.tasks}
    expected = {(code, status) for code, rows in TABLE.items() for status in (*rows, "entered-in-error")}
    unreachable = {("abort", "completed"), ("provide-information", "accepted")}
    assert expected - reached == unreachable, "of these the value sets know, and no party's step leads there"


def test_from_wherever_a_referral_has_come_it_can_end(most: int) -> None:
    states, leads, _ = explored(most)
    back: dict[tuple[object, ...], set[tuple[object, ...]]] = {}
    for start, ends in leads.items():
        for end in ends:
            back.setdefault(end, set()).add(start)
    ended = [s for s, one in states.items() if all(task["status"] in OVER[kind(task)] for task in one.tasks)]
    found, pending = set(ended), list(ended)
    while pending:
        for start in back.get(pending.pop(), set()) - found:
            found.add(start)
            pending.append(start)
    assert states.keys() - found == set()


def test_nothing_that_is_open_is_left_without_somebody_who_sees_it_and_can_end_it(most: int) -> None:
    states, _, _ = explored(most)
    for state in states.values():
        visible = seen_by(state, state.consent)
        for task in state.tasks:
            if task["status"] in OVER[kind(task)]:
                continue
            able = [one for one in ORGANIZATIONS if one in visible[reference(task)] and can_end(state, task, one)]
            assert able, state.signature


def can_end(state: State, task: Resource, organization: str) -> bool:
    """By a step of its own, by asking for the end, or by revoking the need."""
    mine = TABLE[kind(task)].get(task["status"], {})
    if any(to in OVER[kind(task)] and letter(task, organization) in who for to, who in mine.items()):
        return True
    return any(reference(one) == about(task) and party(one, "requester").endswith(organization) for one in state.needs)


def seen_by(state: State, consent: str) -> dict[str, set[str]]:
    """Who sees each Task under this consent, by the keys that it is stored with; worked out once for all states in which the
    same Tasks have come as far."""
    places = {reference(task): n for n, task in enumerate(state.tasks)}
    said = [(kind(t), t["status"], party(t, "owner"), party(t, "requester"), places.get(about(t))) for t in state.tasks]
    alike = (consent, *said)
    if alike not in _SEEN:
        _SEEN[alike] = list(_seen_by(state, consent).values())
    return dict(zip(places, _SEEN[alike], strict=True))


_SEEN: Final[dict[tuple[object, ...], list[set[str]]]] = {}


def _seen_by(state: State, consent: str) -> dict[str, set[str]]:
    kept = [*state.needs, *state.tasks, *CONSENTS[consent]]
    held = [Held(one, KEEPER, NOW) for one in kept]
    found = keys(held, granted(held, as_packaged()), classes, eligible)
    return {
        reference(task): {
            one.grant.partition("|")[0]
            for one in found[reference(task)]
            if one.grant == own(KEEPER) or (one.since <= NOW < one.until and "|COC|" in one.grant)
        }
        for task in state.tasks
    }


def test_who_sees_a_referral_has_sent_it_carries_it_or_could_and_consent_lets_it(most: int) -> None:
    states = list(explored(most)[0].values())
    for state, consent in ((one, name) for one in states[:: max(1, len(states) // 300)] for name in CONSENTS):
        if MAY[consent] != MAY[state.consent]:
            continue
        visible = seen_by(state, consent)
        for task in state.tasks:
            others = visible[reference(task)] - {KEEPER}
            assert others <= set(MAY[state.consent]), state.signature
            assert STRANGER not in others
            if kind(task) == "fulfill" and task["status"] in {"draft", "entered-in-error"}:
                assert others <= {party(task, "requester").partition("/")[2]}, state.signature


@pytest.mark.parametrize("name", CONSENTS)
def test_what_the_table_calls_a_consent_state_is_one(name: str) -> None:
    held = [Held(one, KEEPER, NOW) for one in (need(OWNER), *CONSENTS[name])]
    notice = granted(held, as_packaged())[KEEPER].notice
    assert {one.recipient for one in notice if one.since <= NOW < one.until} == set(MAY[name])
    assert all(one["id"] == CONSENT and one["patient"]["reference"] == f"Patient/{PERSON}" for one in CONSENTS[name])
