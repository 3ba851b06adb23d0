"""Profiles, tags and labels as sets: https://hl7.org/fhir/R4/resource.html#Meta"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.meta import joined, without

CODINGS = st.fixed_dictionaries(
    {"code": st.sampled_from("abc")},
    optional={"system": st.sampled_from(["x:1", "x:2"]), "display": st.sampled_from("pq")},
)
METAS = st.fixed_dictionaries(
    {"versionId": st.just("1")},
    optional={
        "tag": st.lists(CODINGS, min_size=1, max_size=4, unique_by=lambda one: (one.get("system"), one["code"])),
        "profile": st.lists(st.sampled_from(["p:1", "p:2", "p:3"]), min_size=1, max_size=3, unique=True),
    },
)  # fmt: skip


def said(meta: dict[str, Any]) -> set[Any]:
    codings = {(name, one.get("system"), one["code"]) for name in ("tag", "security") for one in meta.get(name, ())}
    return codings | set(meta.get("profile", ()))


@given(METAS, METAS)
def test_what_is_joined_says_both_each_once_and_first_what_was_there(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    both = joined(one, other)
    assert said(both) == said(one) | said(other)
    for name in ("tag", "profile"):
        assert both.get(name, [])[: len(one.get(name, ()))] == one.get(name, [])
    assert len(said(both)) == sum(len(both.get(name, ())) for name in ("tag", "profile"))
    assert joined(both, other) == both


@given(METAS, METAS)
def test_what_is_taken_away_is_the_same_by_system_and_code(one: dict[str, Any], other: dict[str, Any]) -> None:
    left = without(one, other)
    assert said(left) == said(one) - said(other)
    assert left["versionId"] == "1"
    assert [] not in left.values()
