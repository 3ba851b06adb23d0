"""Grants are exact: at every instant they say what the Consents say, by rules written a second time in the tests."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.grants import NOTICE, Grant, grants
from hub.consent.provisions import PurposesUnder, Question, evaluate, read
from hub.fhir import Resource
from hub.fhir.data_classes import shareable
from hub.ports import FOREVER, LONG_AGO
from tests.support.consent_rules import Asked, said
from tests.support.consents import agreed, consent, permit, provision

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = [START + DAY * n for n in range(6)]
RECIPIENTS, PURPOSES = ["chu", "tribunal", "police"], ["COC", "TREAT", "HRESCH"]
CLASSES = ["core", "identity", "health", "custodian"]
UNDER = PurposesUnder({"TREAT": frozenset({"TREAT", "COC"})})
NARROWER = {"TREAT": {"COC"}}


def subset(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2)


def provisions(types: Sequence[str | None], depth: int) -> st.SearchStrategy[Resource]:
    below = st.just([]) if depth == 0 else st.lists(provisions(["permit", "deny"], depth - 1), max_size=2)
    return st.builds(
        provision,
        st.sampled_from(types),
        to=subset(RECIPIENTS),
        purposes=subset(PURPOSES),
        classes=subset(CLASSES),
        since=st.none() | st.sampled_from(INSTANTS),
        until=st.none() | st.sampled_from(INSTANTS),
        exceptions=below,
    )


def numbered(roots: list[Resource], statuses: list[str]) -> list[Resource]:
    return [consent(root, f"c{n}", status) for n, (root, status) in enumerate(zip(roots, statuses, strict=True))]


CONSENTS = st.integers(0, 3).flatmap(
    lambda size: st.builds(
        numbered,
        st.lists(provisions([None, None, "permit", "deny"], 2), min_size=size, max_size=size),
        st.lists(st.sampled_from(["active", "active", "active", "inactive"]), min_size=size, max_size=size),
    )
)


def ask(question: Question) -> Asked:
    return Asked(question.recipient, question.purpose, question.data_class, question.at, narrower=NARROWER)


def permitted_by(consents: list[Resource], question: Question) -> tuple[str, ...]:
    """The Consents that permit it; none when one of them denies it."""
    answers = {f"Consent/{c['id']}": said(c["provision"], ask(question)) for c in consents if c["status"] == "active"}
    if "deny" in answers.values() or question.data_class not in shareable():
        return ()
    return tuple(reference for reference, answer in answers.items() if answer == "permit")


def questions() -> Iterator[Question]:
    tick = timedelta(milliseconds=1)
    moments = [at + shift for at in INSTANTS for shift in (-tick, timedelta(0), tick)]
    for at in [LONG_AGO + tick, *moments, FOREVER - tick]:
        for recipient in [*RECIPIENTS, "stranger"]:
            for purpose in [*PURPOSES, "PUBHLTH"]:
                for data_class in [*CLASSES, "legal"]:
                    yield Question(recipient, purpose, data_class, at)


def at(found: Sequence[Grant], question: Question) -> list[Grant]:
    return [
        grant
        for grant in found
        if (grant.recipient, grant.purpose, grant.data_class)
        == (question.recipient, question.purpose, question.data_class)
        and grant.since <= question.at < grant.until
    ]


@settings(deadline=None)
@given(CONSENTS)
def test_grants_say_at_every_instant_what_the_consents_say(consents: list[Resource]) -> None:
    found = grants(consents, UNDER)
    for question in questions():
        because = permitted_by(consents, question)
        open_now = at(found, question)
        assert [grant.because for grant in open_now] == ([because] if because else []), question


@settings(deadline=None)
@given(CONSENTS)
def test_one_consent_asked_alone_answers_by_the_same_rule(consents: list[Resource]) -> None:
    for one in consents:
        rule = read(one["provision"], UNDER)
        for question in questions():
            assert evaluate(rule, question) == said(one["provision"], ask(question))


@settings(deadline=None)
@given(CONSENTS)
def test_the_notice_is_open_exactly_while_anything_is(consents: list[Resource]) -> None:
    found = grants(consents, UNDER)
    for question in questions():
        anything = [
            grant
            for grant in found
            if (grant.recipient, grant.purpose) == (question.recipient, question.purpose)
            and grant.data_class != NOTICE
            and grant.since <= question.at < grant.until
        ]
        notices = at(found, Question(question.recipient, question.purpose, NOTICE, question.at))
        assert bool(notices) == bool(anything)


@settings(deadline=None)
@given(CONSENTS, st.sampled_from(RECIPIENTS))
def test_a_deny_wins_over_every_permit(consents: list[Resource], recipient: str) -> None:
    refusal = consent(provision("deny", to=[recipient]), "refusal")
    left = grants([*consents, refusal], UNDER)
    assert not [grant for grant in left if grant.recipient == recipient]
    assert [grant for grant in grants(consents, UNDER) if grant.recipient != recipient] == list(left)


@settings(deadline=None)
@given(st.lists(provisions([None, "deny"], 0), max_size=3))
def test_nothing_is_permitted_without_a_permit(roots: list[Resource]) -> None:
    assert grants([consent(root, f"c{n}") for n, root in enumerate(roots)], UNDER) == ()


@settings(deadline=None)
@given(CONSENTS)
def test_the_order_in_which_consents_were_given_does_not_matter(consents: list[Resource]) -> None:
    def shape(found: Sequence[Grant]) -> set[tuple[str, str, str, datetime, datetime, frozenset[str]]]:
        return {(g.recipient, g.purpose, g.data_class, g.since, g.until, frozenset(g.because)) for g in found}

    assert shape(grants(consents, UNDER)) == shape(grants(consents[::-1], UNDER))


def test_consents_of_two_survivors_that_say_the_same_permit_each_by_itself() -> None:
    one, other = (
        [agreed("chu", ["core"], f"{name}0"), agreed("chu", ["core", "needs-and-services"], f"{name}1")]
        for name in "ab"
    )
    ones, others = grants(one, UNDER), grants(other, UNDER)
    assert [replace(grant, because=()) for grant in ones] == [replace(grant, because=()) for grant in others]
    assert {name for grant in ones for name in grant.because} == {"Consent/a0", "Consent/a1"}
    assert {name for grant in others for name in grant.because} == {"Consent/b0", "Consent/b1"}
    assert [grant.because for grant in others if grant.data_class == "needs-and-services"] == [("Consent/b1",)]


def test_an_unrelated_consent_opens_nothing_of_another() -> None:
    vague = consent(provision("permit", to=["chu"]), "vague")
    other = agreed("tribunal", id_="other", purposes=["HRESCH"])
    assert {grant.recipient for grant in grants([vague, other], UNDER)} == {"tribunal"}


def test_data_classes_that_stay_with_the_custodian_cannot_be_opened_by_any_consent() -> None:
    everything = consent(permit("chu", ["custodian", "safety-plan", "audit", "consent", "statistics", "directory"]))
    assert grants([everything], UNDER) == ()
    assert {g.data_class for g in grants([agreed("chu", [])], UNDER)} == shareable() | {NOTICE}


# --- what is not understood ------------------------------------------------------------------------------------------


def labelled(rule: Resource, labels: Iterator[str | None]) -> Resource:
    """The provision, some of its levels limited to data with a label, which is not understood."""
    label = next(labels)
    below = [labelled(child, labels) for child in rule.get("provision", [])]
    return rule | ({"securityLabel": [{"code": label}]} if label else {}) | ({"provision": below} if below else {})


LABELS = st.lists(st.sampled_from([None, "A", "B"]), min_size=7, max_size=7)
ASSIGNMENTS = [frozenset(), frozenset("A"), frozenset("B"), frozenset("AB")]


@settings(deadline=None)
@given(provisions([None, None, "permit", "deny"], 2), LABELS)
def test_what_is_granted_is_permitted_whatever_the_data_turn_out_to_be(root: Resource, drawn: list[str | None]) -> None:
    limited = labelled(root, iter([*drawn, *[None] * 20]))
    for grant in grants([consent(limited)], UNDER):
        if grant.data_class != NOTICE:
            question = Question(grant.recipient, grant.purpose, grant.data_class, grant.since)
            for carried in ASSIGNMENTS:
                assert said(limited, ask(question), holds=lambda label, on=carried: label in on | {"any"}) == "permit"


@settings(deadline=None)
@given(provisions([None, "permit", "deny"], 2), LABELS)
def test_what_is_refused_for_any_such_data_stays_refused_beside_another_consent(
    root: Resource, drawn: list[str | None]
) -> None:
    limited = labelled(root, iter([*drawn, *[None] * 20]))
    other = agreed("chu", CLASSES, id_="other", purposes=PURPOSES)
    found = grants([consent(limited), other], UNDER)
    for question in questions():
        answers = {
            said(limited, ask(question), holds=lambda label, on=carried: label in on | {"any"})
            for carried in ASSIGNMENTS
        }
        if "deny" in answers:
            assert at(found, question) == []


@settings(deadline=None)
@given(provisions([None, None, "permit", "deny"], 2), LABELS)
def test_a_limit_that_is_not_understood_never_opens_anything(root: Resource, drawn: list[str | None]) -> None:
    def opened(rule: Resource) -> set[tuple[str, str, str, datetime]]:
        found = grants([consent(rule)], UNDER)
        return {(q.recipient, q.purpose, q.data_class, q.at) for q in questions() if at(found, q)}

    assert opened(labelled(root, iter([*drawn, *[None] * 20]))) <= opened(root)
