"""What a transaction creates is referred to by its new id wherever a reference can stand: https://hl7.org/fhir/R4/http.html#trules"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir import Resource
from hub.fhir.rewriting import conditional_references, rewritten

URN, HERS = "urn:uuid:11111111-0000-4000-8000-000000000001", "Patient/5e0c"
LINKS = {URN: HERS, "https://elsewhere.example/fhir/Patient/1": "Patient/9a1b", "Patient/1": "Patient/9a1b"}


def div(inner: str) -> Resource:
    return {"text": {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"subject": {"reference": URN}}, {"subject": {"reference": HERS}}),
        ({"subject": {"reference": "Patient/1"}}, {"subject": {"reference": "Patient/9a1b"}}),
        ({"subject": {"reference": f"{URN}/_history/2"}}, {"subject": {"reference": f"{HERS}/_history/2"}}),
        ({"basedOn": [{"reference": "Task/1"}, {"reference": URN}]}, {"basedOn": [{"reference": "Task/1"}, {"reference": HERS}]}),
        ({"implicitRules": URN}, {"implicitRules": HERS}),  # uri
        ({"content": [{"attachment": {"url": URN}}]}, {"content": [{"attachment": {"url": HERS}}]}),  # url
        ({"valueUri": URN}, {"valueUri": HERS}),
        ({"valueUuid": URN}, {"valueUuid": HERS}),
        ({"valueOid": URN}, {"valueOid": HERS}),
        (div(f'<a href="{URN}">x</a>'), div(f'<a href="{HERS}">x</a>')),
        (div(f"<img alt='x' src='{URN}'/>"), div(f"<img alt='x' src='{HERS}'/>")),
        (div(f'<A class="y" HREF = "{URN}">x</A>'), div(f'<A class="y" HREF = "{HERS}">x</A>')),
    ],
    ids=range(12),
)  # fmt: skip
def test_it_is_rewritten_where_a_reference_can_stand(before: Resource, after: Resource) -> None:
    named = {"resourceType": "Observation"}
    assert rewritten({**named, **before}, LINKS) == {**named, **after}


@pytest.mark.parametrize(
    "said",
    [
        {"meta": {"profile": [URN]}},  # a canonical
        {"instantiatesCanonical": [URN]},
        {"valueCanonical": URN},
        {"valueString": URN},
        {"note": [{"text": URN}]},
        {"identifier": [{"value": URN}]},
        {"subject": {"reference": f"{URN}0"}},
        {"subject": {"display": URN}},
        div(f"<p title='{URN}'>{URN}</p>"),
    ],
    ids=range(9),
)
def test_and_nowhere_else(said: Resource) -> None:
    assert rewritten({"resourceType": "Observation", **said}, LINKS) == {"resourceType": "Observation", **said}


NODES = st.recursive(
    st.sampled_from([URN, HERS, "x", 1, None]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["reference", "div", "url", "x"]), inner)
    ),
    max_leaves=12,
)


@given(NODES)
def test_what_was_sent_stays_as_it_was_and_nothing_that_was_rewritten_is_left(node: Any) -> None:
    resource = {"resourceType": "Observation", "x": node, "subject": {"reference": URN}}
    before = repr(resource)
    once = rewritten(resource, LINKS)
    assert repr(resource) == before
    assert once["subject"]["reference"] == HERS
    assert rewritten(once, LINKS) == once
    assert rewritten(resource, {}) is resource


def test_a_reference_that_is_a_search_is_found_with_its_place() -> None:
    asked = "Patient?identifier=urn:x|1"
    resource = {
        "resourceType": "Observation",
        "subject": {"reference": asked},
        "performer": [{"reference": "Organization/amal"}, {"reference": "Practitioner?name=x"}],
        "note": [{"text": "Really? Patient?x=y"}],
    }
    assert sorted(conditional_references(resource)) == [
        ("performer[1].reference", "Practitioner?name=x"), ("subject.reference", asked),
    ]  # fmt: skip
