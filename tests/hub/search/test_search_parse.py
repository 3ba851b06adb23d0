"""What a search string asks."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BAD_PARAMETER, SEALED_SEARCH, UNKNOWN_PARAMETER, UNKNOWN_TYPE, HubError, Problem
from hub.fhir.canonicals import code_system
from hub.fhir.query import Chained, Match, Query, Sort, Span, Target, Token, Word
from hub.search import parse
from hub.search.dates import span
from hub.search.parameters import PARAMETERS
from hub.search.parsing import is_sortable


def read(type_: str, *pairs: tuple[str, str], base: str = "") -> Query:
    query, ignored = parse(type_, pairs, strict=True, base=base)
    assert ignored == []
    return query


def match(type_: str, name: str, value: str) -> Match:
    (found,) = read(type_, (name, value)).matches
    return found


def refused(type_: str, *pairs: tuple[str, str], strict: bool = False) -> HubError:
    with pytest.raises(HubError) as problem:
        parse(type_, pairs, strict=strict)
    return problem.value


def test_repeated_parameters_must_all_hold_and_commas_separate_alternatives() -> None:
    query = read("Task", ("status", "requested,received"), ("status", "accepted"))
    assert query.matches == (
        Match("status", "token", (Token(None, "requested"), Token(None, "received"))),
        Match("status", "token", (Token(None, "accepted"),)),
    )


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("shelter", Token(None, "shelter")),
        ("http://x|shelter", Token("http://x", "shelter")),
        ("|shelter", Token("", "shelter")),
        ("http://x|", Token("http://x", None)),
        (r"a\,b\|c\\d\$e", Token(None, r"a,b|c\d$e")),
    ],
)
def test_the_four_forms_of_a_token_and_its_escapes(value: str, token: Token) -> None:
    assert match("ServiceRequest", "code", value).values == (token,)


GENDER: Final = "http://hl7.org/fhir/administrative-gender"


@pytest.mark.parametrize(
    ("type_", "name", "value", "tokens"),
    [
        ("Patient", "gender", f"{GENDER}|female", [(None, "female")]),
        ("Patient", "gender", f"{GENDER}|", [(None, code) for code in ("female", "male", "other", "unknown")]),
        ("Patient", "gender", f"{GENDER}|none", [(GENDER, "none")]),
        ("Patient", "gender", "urn:other|female", [("urn:other", "female")]),
        ("Patient", "gender", "|female", [("", "female")]),
        ("Patient", "gender:not", f"{GENDER}|female,male", [(None, "female"), (None, "male")]),
        ("Task", "intent", "http://hl7.org/fhir/request-intent|order", [(None, "order")]),
        ("Task", "intent", "http://hl7.org/fhir/task-intent|order", [("http://hl7.org/fhir/task-intent", "order")]),
        ("Task", "status:below", "http://hl7.org/fhir/task-status|accepted", [(None, "accepted")]),
        ("Task", "status:below", "http://hl7.org/fhir/event-status|completed", []),
        ("HealthcareService", "capacity", f"{code_system('capacity-status')}|capacity", [(None, "capacity")]),
        ("Task", "status:in", "http://hl7.org/fhir/ValueSet/administrative-gender", []),
    ],
)
def test_the_system_of_a_code_element_is_that_of_its_binding(
    type_: str, name: str, value: str, tokens: list[tuple[str | None, str]]
) -> None:
    assert match(type_, name, value).values == tuple(Token(*one) for one in tokens)


def test_the_system_of_a_code_element_holds_at_the_end_of_a_chain() -> None:
    (chained,) = match("Task", "patient.gender", f"{GENDER}|female").values
    assert isinstance(chained, Chained)
    assert chained.query.matches[0].values == (Token(None, "female"),)


@pytest.mark.parametrize("value", ["|", "a|b|c", ",", "a,"])
def test_a_malformed_token_is_refused(value: str) -> None:
    assert refused("ServiceRequest", ("code", value)).problem is BAD_PARAMETER


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"])
def test_dates_take_every_prefix(prefix: str) -> None:
    assert match("Task", "authored-on", f"{prefix}2025-06").values == (Span(prefix, *span("2025-06")),)  # type: ignore[arg-type]


def test_a_date_without_prefix_means_equal() -> None:
    assert match("Task", "authored-on", "2025-06-09").values == (Span("eq", *span("2025-06-09")),)


def test_a_plus_that_arrived_as_a_space_is_still_a_zone() -> None:
    assert match("Task", "_lastUpdated", "gt2025-06-09T10:00:00 01:00").values[0] == Span(
        "gt", *span("2025-06-09T10:00:00+01:00")
    )


@pytest.mark.parametrize("value", ["soon", "zz2025", "2025-13", "gt", "xx2025", "2025-06-09T10"])
def test_a_malformed_date_is_refused(value: str) -> None:
    error = refused("Task", ("authored-on", value))
    assert (error.problem, error.params["parameter"], error.path) == (BAD_PARAMETER, "authored-on", "http.authored-on")


def test_a_reference_may_be_an_id_a_relative_or_an_absolute_address() -> None:
    base = "https://hub.example/fhir"
    for value in ("Patient/p", "p", f"{base}/Patient/p", "Patient/p/_history/4"):
        assert read("Task", ("patient", value), base=base).matches[0].values == (Target("Patient", "p"),), value
    assert read("Task", ("patient:Patient", "p")).matches[0] == Match("patient", "reference", (Target("Patient", "p"),))


def test_a_resource_of_another_server_is_not_ours_though_its_id_is_the_same() -> None:
    (found,) = read(
        "Task", ("patient", "https://other.example/fhir/Patient/p"), base="https://hub.example/fhir"
    ).matches
    assert found.values == (Target("https://other.example/fhir/Patient", "p"),)


def test_an_id_alone_may_mean_each_type_that_the_reference_allows() -> None:
    assert match("AuditEvent", "agent", "x").values == (
        Target("Organization", "x"), Target("Patient", "x"), Target("Practitioner", "x"), Target("PractitionerRole", "x"),
        Target("RelatedPerson", "x"),
    )  # fmt: skip


@pytest.mark.parametrize("value", ["Patient/", "Patient/a b", "Patient/" + "a" * 65, "/"])
def test_a_malformed_reference_is_refused(value: str) -> None:
    assert refused("Task", ("patient", value)).problem is BAD_PARAMETER


def test_modifiers() -> None:
    assert match("Task", "status:not", "draft") == Match("status", "token", (Token(None, "draft"),), "not")
    assert match("Task", "owner:missing", "true") == Match("owner", "reference", (Word("true"),), "missing")
    assert match("Organization", "name:exact", "Élan") == Match("name", "string", (Word("Élan"),), "exact")


@pytest.mark.parametrize(
    ("type_", "name", "value"),
    [
        ("Task", "status:contains", "x"),
        ("Task", "_id:text", "x"),
        ("Task", "_lastUpdated:in", "x"),
        ("Task", "status:exact", "x"),
        ("Task", "owner:Patient", "x"),
        ("Task", "authored-on:not", "2025"),
        ("Task", "patient.name:missing", "true"),
        ("Task", "status:in", "http://nowhere.example/ValueSet/x"),
        ("Task", "code:below", "no-system"),
        ("Task", "owner:missing", "maybe"),
        ("Task", "owner:missing", "true,false"),
        ("Task", "_id:missing", "maybe"),
        ("Task", "_lastUpdated:missing", "2025"),
        ("Task", "_lastUpdated:not", "2025"),
        ("Task", "status:of-type", "urn:s|a|b"),
        ("Task", "code:of-type", "urn:s|a|b"),
        ("Organization", "active:of-type", "urn:s|a|b"),
    ],
)
def test_an_unsupported_modifier_is_refused_even_in_lenient_handling(type_: str, name: str, value: str) -> None:
    error = refused(type_, (name, value))
    assert error.problem is BAD_PARAMETER
    assert name.endswith(error.params["parameter"]), "of a chain, the step that cannot be read"


def test_of_what_type_an_identifier_is_can_be_asked_of_identifiers_alone() -> None:
    assert match("Organization", "identifier:of-type", "urn:s|a|b").modifier == "of-type"
    assert ":of-type" not in refused("Task", ("code:of-type", "urn:s|a|b")).params["expected"]
    assert ":of-type" in refused("Organization", ("identifier:exact", "x")).params["expected"]


def test_who_asks_for_a_composite_of_encrypted_parts_is_not_sent_to_a_modifier_that_it_does_not_have() -> None:
    error = refused("Observation", ("combo-code-value-concept", "a$b"))
    assert (error.problem, error.params["expected"]) == (SEALED_SEARCH, "-")
    assert refused("Observation", ("combo-code-value-concept:missing", "true")).params["expected"] == "-"
    assert refused("Observation", ("combo-value-quantity", "5")).params["expected"] == ":missing"
    assert match("Observation", "combo-value-quantity:missing", "true").modifier == "missing"


@pytest.mark.parametrize(
    "name",
    [
        "patient.nothing",
        "patient:Organization.name",
        "status.x",
        "_has:Task:owner:status",
        "_has:Nothing:a:b",
        "_has",
        "_query",
    ],
)
def test_what_would_redirect_the_search_is_refused_and_never_ignored(name: str) -> None:
    assert refused("Task", (name, "x")).problem is BAD_PARAMETER


def test_an_unknown_parameter_is_ignored_and_named() -> None:
    query, ignored = parse("Task", [("status", "requested"), ("colour", "red"), ("_elements", "id")], strict=False)
    assert [m.parameter for m in query.matches] == ["status"]
    assert ignored == ["colour", "_elements"]


def test_strict_handling_refuses_an_unknown_parameter_and_lists_the_known_ones() -> None:
    error = refused("Task", ("colour", "red"), strict=True)
    assert error.problem is UNKNOWN_PARAMETER
    assert "owner" in error.params["known"]


def test_a_name_that_is_not_shaped_like_one_is_never_said_back() -> None:
    _, ignored = parse("Task", [("فاطمة الزهراء", "x"), ("a b", "y")], strict=False)
    assert ignored == ["?", "?"]


def test_no_error_says_a_value_back() -> None:
    for name, value in [
        ("patient", "Fatima Z."),
        ("authored-on", "Fatima"),
        ("status", "Fatima|a|b"),
        ("_count", "Fatima"),
    ]:
        error = refused("Task", (name, value))
        assert "Fatima" not in str(error) + repr(error.params) + error.path


def test_an_empty_value_asks_nothing() -> None:
    assert read("Task", ("status", ""), ("_sort", "")) == Query("Task")


def test_sort_count_and_page() -> None:
    query = read("Task", ("_sort", "-_lastUpdated,status"), ("_count", "20"), ("_page", "abc"))
    assert query == Query("Task", sort=(Sort("_lastUpdated", True), Sort("status")), count=20, after="abc")


def test_count_has_an_upper_bound_and_no_sign() -> None:
    assert read("Task", ("_count", "999999999999")).count == 500
    assert read("Task", ("_count", "0")).count == 0
    assert read("Task", ("_summary", "count")).count == 0
    assert refused("Task", ("_count", "-1")).problem is BAD_PARAMETER
    assert refused("Task", ("_count", "٣")).problem is BAD_PARAMETER


def test_sorting_by_an_unknown_parameter_is_ignored_or_refused_as_preferred() -> None:
    assert parse("Task", [("_sort", "colour")], strict=False) == (Query("Task"), ["_sort"])
    assert refused("Task", ("_sort", "colour"), strict=True).problem is BAD_PARAMETER


def test_what_is_in_order_already_is_not_put_in_order_again() -> None:
    query = read("Task", ("_sort", "status,-_lastUpdated,-status"), ("_sort", "_id,_lastUpdated"))
    assert query.sort == (Sort("status"), Sort("_lastUpdated", True), Sort("_id"))


def test_more_orders_than_the_database_takes_are_refused() -> None:
    sortable = [name for name in PARAMETERS["Observation"] if is_sortable("Observation", name)]
    assert len(read("Observation", ("_sort", ",".join(sortable[:8]))).sort) == 8
    assert refused("Observation", ("_sort", ",".join(sortable[:9]))).problem is BAD_PARAMETER


def test_a_type_that_is_not_searched_is_refused() -> None:
    assert refused("Device").problem is UNKNOWN_TYPE


def test_floods_are_refused() -> None:
    assert refused("Task", *[("status", "x")] * 41).problem is BAD_PARAMETER
    assert refused("Task", ("status", ",".join("x" * 201))).problem is BAD_PARAMETER


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["status", "patient", "authored-on", "_sort", "_count", "x", "owner:missing"]), st.text()
        ),
        max_size=5,
    )
)
def test_whatever_is_asked_there_is_a_query_or_a_problem_of_the_catalogue(pairs: list[tuple[str, str]]) -> None:
    try:
        query, _ = parse("Task", pairs, strict=False)
    except HubError as problem:
        assert isinstance(problem.problem, Problem)
        assert problem.problem.status == 400
    else:
        assert query.type == "Task"


@pytest.mark.parametrize("name", ["name", "family", "identifier", "name:exact", "organization.name"])
def test_a_nul_is_refused_whatever_it_is_asked_of(name: str) -> None:
    assert refused("Patient", (name, "a\0b")).problem is BAD_PARAMETER
