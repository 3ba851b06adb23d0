"""What follows from other columns: the GBVIMS type that counts, the category of the law, age bands; and conditions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.mapping.conditions import UnknownCondition, condition, proves
from hub.mapping.derive import GBV_TYPES, age_band, primary_type, table, translate, valid_until
from hub.mapping.model import Code
from hub.mapping.transforms.ages import BANDS
from hub.mapping.transforms.dates import Moment

GBV = code_system("gbv-type")


def gbv(*codes):
    return tuple(Code(GBV, code) for code in codes)


def test_the_order_of_classification_holds_every_type_once():
    assert set(GBV_TYPES) == set(load().code_system("gbv-type").codes)
    assert len(set(GBV_TYPES)) == len(GBV_TYPES)


def test_the_order_of_types_is_that_of_the_standard_form():
    """Rape, else sexual assault, else physical, else forced marriage, else denial of resources, else psychological."""
    assert GBV_TYPES == (
        "rape", "sexual-assault", "physical-assault", "forced-marriage", "denial-of-resources", "psychological-abuse", "non-gbv",
    )  # fmt: skip


@given(st.lists(st.sampled_from(GBV_TYPES), min_size=1, unique=True))
def test_the_primary_type_is_the_first_in_the_order_whatever_the_order_told(types):
    found = primary_type([gbv(*types)], {})
    assert found == primary_type([gbv(*reversed(types))], {})
    assert GBV_TYPES.index(found[0].code) == min(GBV_TYPES.index(one) for one in types)


def test_rape_counts_before_the_blows_that_came_with_it():
    assert primary_type([gbv("psychological-abuse", "physical-assault", "rape")], {}) == gbv("rape")


def test_a_type_that_only_associations_know_has_no_primary_type():
    assert primary_type([(Code(code_system("association-violence-type"), "legal"),)], {}) is None


def test_a_translation_gives_each_category_once():
    law = code_system("law-103-13")
    maps = {"group": [{"source": GBV, "target": law, "element": [
        {"code": "rape", "target": [{"code": "sexual"}]},
        {"code": "sexual-assault", "target": [{"code": "sexual"}]},
        {"code": "non-gbv", "target": [{"equivalence": "unmatched"}]},
    ]}]}  # fmt: skip
    assert translate([gbv("rape", "sexual-assault", "non-gbv")], {"table": table([maps])}) == (Code(law, "sexual"),)
    assert translate([gbv("non-gbv")], {"table": table([maps])}) is None


@pytest.mark.parametrize(
    ("birth", "on", "expected"),
    [
        ("2008-11-24", "2026-11-23", "15-17"),
        ("2008-11-23", "2026-11-23", "18-25"),
        ("2008", "2026-06-01", "unknown"),
        ("2007", "2026-06-01", "18-25"),
        ("2008-06", "2026-06-15", "unknown"),
        ("1990", "2026", "26-40"),
        ("2026-05", "2026-06-01", "0-11"),
    ],
)
def test_the_age_band_counts_on_the_day_of_the_visit_and_never_guesses(birth, on, expected):
    assert age_band([Moment(birth), Moment(on)], {}) == expected


def test_every_band_is_a_code_of_the_contract():
    known = set(load().code_system("age-band").codes)
    assert {name for _, _, name in BANDS} | {"adult", "minor", "unknown"} == known


def test_a_term_is_counted_from_a_full_date_only():
    assert valid_until([Moment("2026-04-04")], {"days": 365}) == "2027-04-04"
    assert valid_until([Moment("2026-04")], {"days": 365}) is None


VALUES = {"consent": "yes", "safe": False, "types": gbv("rape")}


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ({"present": "consent"}, True),
        ({"present": ["consent", "date"]}, False),
        ({"absent": "date"}, True),
        ({"equals": {"consent": "yes"}}, True),
        ({"equals": {"safe": False}}, True),
        ({"equals": {"types": "rape"}}, True),
        ({"one_of": {"consent": ["no", "declined"]}}, False),
        ({"all": [{"present": "consent"}, {"any": [{"present": "date"}, {"absent": "date"}]}]}, True),
    ],
)
def test_a_condition_asks_what_the_cells_mean(written, holds):
    assert condition(written)(VALUES) is holds


@pytest.mark.parametrize(
    "written", ["consent", {"resembles": "x"}, {"equals": "consent"}, {}, {"present": "a", "absent": "b"}]
)
def test_a_condition_outside_the_list_is_refused(written):
    with pytest.raises(UnknownCondition):
        condition(written)


def test_what_a_condition_proves_is_only_what_must_have_stood_there():
    assert list(proves({"all": [{"equals": {"consent": "yes"}}, {"present": "date"}]})) == [("consent", "yes")]
    assert list(proves({"any": [{"equals": {"consent": "yes"}}, {"present": "date"}]})) == []
