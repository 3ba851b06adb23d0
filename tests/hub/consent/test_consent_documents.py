"""Consents that speak of documents and of people: keys, decisions and a second reading of the rules agree everywhere."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.actors import marks
from hub.consent.compiled import Permit
from hub.consent.decide import decide_of
from hub.consent.keys import Granted, Held, granted, keys, opened
from hub.consent.policies import packaged
from hub.consent.provisions import PurposesUnder, Question
from hub.consent.rules import Rules
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.references import reference
from hub.ports import Key
from tests.support.budget import examples
from tests.support.consent_rules import OPEN_TO_CONSENTS, Asked, decided, said
from tests.support.consents import consent, provision, referral

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = [START, START + 2 * DAY]
NARROWER = {"TREAT": {"COC"}}
UNDER = PurposesUnder({"TREAT": frozenset({"TREAT", "COC"})})
PARENTS = {"unit": "chu", "ward": "unit"}
BELOW = {"chu": frozenset({"chu", "unit", "ward"}), "unit": frozenset({"unit", "ward"})}
CLASSES = ["core", "identity", "psychosocial"]
AMAL, DESK = "Practitioner/amal", "referral-desk"
PEOPLE = [("", frozenset[str]()), (AMAL, frozenset[str]()), ("", frozenset({DESK})), (AMAL, frozenset({DESK}))]
RECIPIENTS = ["chu", "ward", "police"]
LOINC = "http://loinc.org"


def below(organization: str) -> frozenset[str]:
    return BELOW.get(organization, frozenset({organization}))


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def to(reference_: str, *desks: str) -> Resource:
    system = f"{TERMINOLOGY}/v3-ParticipationType"
    codings = [
        {"system": system, "code": "IRCP"},
        *({"system": code_system("desk-role"), "code": one} for one in desks),
    ]
    return {"role": {"coding": codings}, "reference": {"reference": reference_}}


DOCUMENTS: list[Resource] = [
    {"resourceType": "Patient", "id": "p1", "gender": "female"},
    {
        "resourceType": "Encounter", "id": "e1", "subject": {"reference": "Patient/p1"},
        "period": {"start": "2025-03-01", "end": "2025-03-02"},
    },
    {
        "resourceType": "Observation", "id": "o1", "encounter": {"reference": "Encounter/e1"}, "effectiveDateTime": "2025-03",
        "code": coded(LOINC, "34117-2"), "performer": [{"reference": AMAL}],
    },
    {
        "resourceType": "Observation", "id": "o2", "effectivePeriod": {"start": "2025-12-31"},
        "meta": {"security": [{"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": "V"}]},
        "performer": [{"reference": "Practitioner/nadia"}],
    },
    {
        "resourceType": "ServiceRequest", "id": "n1", "reasonReference": [{"reference": "Observation/o2"}],
        "meta": {"security": [{"system": f"{TERMINOLOGY}/v3-ActCode", "code": "HIV"}]},
        "requester": {"reference": "Organization/yasmine"}, "category": [{"text": "34117-2"}],
    },
]  # fmt: skip
REFERRALS = [referral(f"t-{one}", one, "accepted") | {"authoredOn": "2025-06-01"} for one in RECIPIENTS]

CONFIDENTIALITY, SENSITIVITY = f"{TERMINOLOGY}/v3-Confidentiality", f"{TERMINOLOGY}/v3-ActCode"
LABELS = st.sampled_from(
    [{"system": CONFIDENTIALITY, "code": code} for code in "NRV"]
    + [{"system": SENSITIVITY, "code": code} for code in ("PSY", "HIV", "DEMO")]
    + [{"code": "N"}]
)
LIMITS: list[st.SearchStrategy[Resource]] = [
    st.lists(LABELS, min_size=1, max_size=2).map(lambda drawn: {"securityLabel": drawn}),
    st.sampled_from(
        [{"start": "2025"}, {"end": "2025"}, {"start": "2025-03-01", "end": "2025-03"}, {"start": "2025-03-02", "end": "2026"}]
    ).map(lambda period: {"dataPeriod": period}),
    st.lists(
        st.builds(
            lambda meaning, at: {"meaning": meaning, "reference": {"reference": at}},
            st.sampled_from(["instance", "related", "dependents", "authoredby"]),
            st.sampled_from(["Encounter/e1", "Observation/o2", "Observation/o9", AMAL, "Organization/yasmine", "Task/t-chu"]),
        ),
        min_size=1,
        max_size=2,
    ).map(lambda data: {"data": data}),
    st.sampled_from(["access", "use", "collect", "copy"]).map(
        lambda code: {"action": [coded(f"{TERMINOLOGY}/consentaction", code)]}
    ),
    st.sampled_from([coded(LOINC, "34117-2"), coded("http://hl7.org/fhir/administrative-gender", "female"), {"text": "x"}]).map(
        lambda concept: {"code": [concept]}
    ),
    st.sampled_from(["Observation", "Task", "Patient", "observation"]).map(
        lambda type_: {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": type_}]}
    ),
    st.just({"class": [{"system": code_system("data-class"), "code": "core"},
                       {"system": "http://hl7.org/fhir/resource-types", "code": "Encounter"}]}),
]  # fmt: skip
ACTORS = st.sampled_from(
    [[], [to("Organization/chu")], [to("Organization/unit"), to("Organization/police")], [to(AMAL)],
     [to("Organization/chu", DESK)], [to("CareTeam/t")], [to("Organization/chu"), to("Practitioner/nadia")]]
)  # fmt: skip


def provisions(types: Sequence[str | None], depth: int) -> st.SearchStrategy[Resource]:
    exceptions = (
        st.just([]) if depth == 0 else st.lists(provisions(["permit", "permit", "deny"], depth - 1), max_size=2)
    )
    written = st.builds(
        provision,
        st.sampled_from(types),
        purposes=st.sampled_from([[], ["COC"], ["TREAT"], ["COC", "HRESCH"]]),
        classes=st.lists(st.sampled_from(CLASSES), unique=True, max_size=2),
        until=st.none() | st.just(START + DAY),
        exceptions=exceptions,
    )
    drawn = st.lists(st.one_of(*LIMITS), max_size=2)
    return st.builds(_limited, written, ACTORS, drawn)


def _limited(written: Resource, actors: list[Resource], limits: list[Resource]) -> Resource:
    for one in limits:
        written = written | one
    return written | ({"actor": actors} if actors else {})


PERMIT = provision("permit", to=["chu", "ward"], purposes=["COC"], classes=CLASSES)
OPEN = provision(exceptions=[PERMIT])
OF_PEOPLE: st.SearchStrategy[Resource] = ACTORS.map(lambda actors: {"actor": actors} if actors else {})
LIMIT = st.integers(0, 2).flatmap(lambda drawn: st.one_of(*LIMITS) if drawn else OF_PEOPLE)


def numbered(*roots: Resource) -> list[Resource]:
    return [consent(root, f"c{n}") for n, root in enumerate(roots)]


SIMPLE = st.one_of(
    LIMIT.map(lambda limit: numbered(provision(exceptions=[PERMIT | limit]))),
    LIMIT.map(lambda limit: numbered(OPEN, {"type": "deny"} | limit)),
    st.tuples(LIMIT, LIMIT).map(lambda two: numbered(PERMIT | two[0] | {"provision": [{"type": "deny"} | two[1]]})),
    st.tuples(LIMIT, LIMIT).map(lambda two: numbered(PERMIT | two[0] | {"provision": [{"type": "permit"} | two[1]]})),
    st.tuples(LIMIT, LIMIT).map(
        lambda two: numbered(
            provision("deny", exceptions=[PERMIT | two[0]]) | two[1], provision(exceptions=[PERMIT | two[1]])
        )
    ),
    LIMIT.map(lambda limit: numbered(limit | {"provision": [PERMIT, {"type": "deny", "class": PERMIT["class"][1:]}]})),
)
CONSENTS = st.one_of(
    SIMPLE,
    SIMPLE,
    st.lists(provisions([None, None, "permit", "deny"], 2), min_size=1, max_size=2).map(
        lambda roots: numbered(OPEN, *roots)
    ),
)


def questions() -> Iterator[dict[str, Any]]:
    for at in INSTANTS:
        for recipient in RECIPIENTS:
            for person, desks in PEOPLE:
                for purpose in ("COC", "HRESCH"):
                    yield {"recipient": recipient, "purpose": purpose, "at": at, "person": person, "desks": desks}


def asked(question: dict[str, Any], data_class: str, document: Resource | None, all_: Sequence[Resource]) -> Asked:
    return Asked(
        **question, data_class=data_class, record=document, stored=START, custodian="yasmine", others=tuple(all_),
        parents=PARENTS, narrower=NARROWER,
    )  # fmt: skip


def keyed(consents: list[Resource]) -> tuple[list[Resource], Granted, dict[str, tuple[Key, ...]]]:
    everything = [*DOCUMENTS, *REFERRALS, *consents]
    held = [Held(one, "yasmine", START) for one in everything]
    found = granted(held, Rules(packaged(), UNDER, below))
    return everything, found["yasmine"], keys(held, found, lambda _: frozenset({*CLASSES, "notice"}))


@settings(deadline=None, max_examples=examples(40, 3000))
@given(CONSENTS)
def test_a_key_is_there_exactly_where_the_decision_is_to_permit_and_the_rules_read_again_say_so(
    consents: list[Resource],
) -> None:
    everything, permitted, found = keyed(consents)
    for document in DOCUMENTS:
        facts = permitted.documents.get(reference(document))
        for one in questions():
            mine = marks(one["person"], one["desks"])
            visible = opened(found[reference(document)], one["recipient"], one["purpose"], mine, one["at"])
            for data_class in CLASSES:
                expected = decided(consents, asked(one, data_class, document, everything))
                question = Question(
                    one["recipient"], one["purpose"], data_class, one["at"], one["person"], one["desks"], facts
                )
                answer = permitted.compiled.decide(question)
                assert (answer.because if isinstance(answer, Permit) else ()) == expected, (reference(document), one)
                assert (data_class in visible) == bool(expected), (reference(document), data_class, one)


@settings(deadline=None, max_examples=examples(15, 500))
@given(CONSENTS)
def test_a_referrals_notice_is_open_exactly_while_anything_is_unless_the_referral_itself_is_closed(
    consents: list[Resource],
) -> None:
    everything, permitted, found = keyed(consents)
    seen = [*DOCUMENTS, *REFERRALS]
    for task in REFERRALS:
        for one in questions():
            if f"Organization/{one['recipient']}" != task["owner"]["reference"]:
                continue
            mine = marks(one["person"], one["desks"])
            anything = any(
                decided(consents, asked(one, data_class, document, everything))
                for document in seen
                for data_class in OPEN_TO_CONSENTS
            )
            is_open = "notice" in opened(found[reference(task)], one["recipient"], one["purpose"], mine, one["at"])
            question = Question(
                one["recipient"], one["purpose"], "notice", one["at"], one["person"], one["desks"],
                permitted.documents.get(reference(task)),
            )  # fmt: skip
            answer = decide_of(question, permitted, [task])
            assert isinstance(answer, Permit) == is_open
            closed = any(_closes(asked(one, "notice", task, everything), one_["provision"]) for one_ in consents)
            assert is_open == (anything and not closed)


def _closes(q: Asked, root: Resource) -> bool:
    """Whether a Consent denies the referral, of its denies only those counted that ask something of a document."""
    return said(_only_of_documents(root, bool(q.record and "meta" in q.record)), q) == "deny"


def _only_of_documents(rule: Resource, is_marked: bool) -> Resource:
    asks = {"dataPeriod", "data", "code"} | ({"securityLabel"} if is_marked else set())
    types = [one for one in rule.get("class", []) if one["system"] == "http://hl7.org/fhir/resource-types"]
    known = any(one["code"] != "observation" for one in types)
    kept = rule if asks & rule.keys() or known or rule.get("type") != "deny" else {**rule, "type": None}
    return {**kept, "provision": [_only_of_documents(one, is_marked) for one in rule.get("provision", [])]}
