"""SMART scopes, both spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.oauth.scopes import NotAScope, grant, parse, permits


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("system/Task.rus", "system/Task.rus"),
        ("system/*.cruds", "system/*.cruds"),
        ("system/Task.read", "system/Task.rs"),
        ("system/Task.write", "system/Task.cud"),
        ("system/Task.*", "system/Task.cruds"),
    ],
)
def test_v1_is_read_as_v2(text: str, meaning: str) -> None:
    assert str(parse(text)) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "openid",
        "patient/Task.rs",
        "user/Task.rs",
        "system/Task",
        "system/Task.",
        "system/Task.sr",
        "system/Task.rr",
        "system/task.rs",
        "system/Task.rs?owner=x",
        "system/Täsk.rs",
        "system/Task.rs system/Task.c",
        "system/Task.rs\n",
    ],
)
def test_what_is_not_a_system_scope_is_refused(text: str) -> None:
    with pytest.raises(NotAScope):
        parse(text)


def test_what_is_asked_is_granted_within_what_is_registered() -> None:
    assert grant("system/Task.rs", ["system/Task.rus", "system/Patient.r"]) == {"system/Task.rs"}
    assert grant("system/Task.read  system/Task.u", ["system/*.cruds"]) == {"system/Task.rs", "system/Task.u"}
    assert grant("system/Task.rus", ["system/Task.read", "system/Task.u"]) == {"system/Task.rus"}


@pytest.mark.parametrize(
    "asked", ["", " ", "system/Task.cruds", "system/Patient.s", "system/*.rs", "system/Task.rs system/Patient.d"]
)
def test_nothing_is_granted_when_anything_exceeds_what_is_registered(asked: str) -> None:
    with pytest.raises(NotAScope):
        grant(asked, ["system/Task.rus", "system/Patient.r"])


def test_every_type_is_more_than_one_type() -> None:
    with pytest.raises(NotAScope):
        grant("system/*.r", ["system/Task.r", "system/Patient.r"])


INTERACTIONS = {"read": "r", "vread": "r", "search": "s", "create": "c", "update": "u", "patch": "u", "delete": "d"}


@given(
    st.sets(st.sampled_from("cruds")), st.sampled_from(["*", "Task", "Patient"]), st.sampled_from(sorted(INTERACTIONS))
)
def test_a_scope_permits_exactly_its_letters_on_its_types(letters: set[str], type_: str, interaction: str) -> None:
    written = "".join(letter for letter in "cruds" if letter in letters)
    scopes = frozenset({f"system/{type_}.{written}"} if written else ())
    expected = INTERACTIONS[interaction] in letters and type_ in {"*", "Task"}
    assert permits(scopes, "Task", interaction) is expected
