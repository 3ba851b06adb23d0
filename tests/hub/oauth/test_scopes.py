"""SMART scopes, both spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.oauth.scopes import NotAScope, grant, narrowings, parse, permits


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
        "user/Task",
        "system/Task",
        "system/Task.",
        "system/Task.sr",
        "system/Task.rr",
        "system/task.rs",
        "system/Task.rs?",
        "system/Task.rs?owner",
        "system/Task.rs?owner=",
        "system/Task.rs?nonsense=x",
        "system/Task.rs?owner=x&nonsense=x",
        "system/Task.rs?owner:missing=true",
        "system/Task.rs?status:not=draft",
        "system/Task.rs?owner.name=x",
        "system/Task.rs?_has:Task:focus:owner=x",
        "system/Task.rs?_count=1",
        "system/Task.rs?_sort=status",
        "system/Task.rs?_page=x",
        "system/Task.rs?_filter=x",
        "system/Task.rs?owner=https://elsewhere.example/fhir/Organization/x",
        "system/Task.rs?authored-on=yesterday",
        "system/Task.rs?status=%FF",
        'system/Task.rs?status=a;b="c"',
        "system/Task.cruds?owner=Organization/x",
        "system/Task.c?owner=Organization/x",
        "system/Task.d?owner=Organization/x",
        "system/Task.write?owner=Organization/x",
        "system/*.rs?_id=x",
        "system/Patient.rs?birthdate=1990-01-01",
        "system/Patient.rs?identifier=CAS-0042",
        "system/Binary.rs?_id=x",
        "system/Task.rs?status=" + "x" * 600,
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


# --- granular scopes -------------------------------------------------------------------------------------------------

CHU = "system/Task.rus?owner=Organization/chu"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (CHU, CHU),
        ("system/Task.read?status=draft", "system/Task.rs?status=draft"),
        ("system/Task.r?status=draft&owner=chu", "system/Task.r?owner=chu&status=draft"),
        ("system/Task.r?status=draft&status=draft", "system/Task.r?status=draft"),
        ("system/Task.r?status=draft,requested", "system/Task.r?status=draft,requested"),
        ("system/Task.r?authored-on=ge2026-01-01", "system/Task.r?authored-on=ge2026-01-01"),
        ("system/Task.r?code=http%3A%2F%2Fx.example%7Cfulfill", "system/Task.r?code=http://x.example|fulfill"),
        ("system/Task.r?status=%C3%A9%20%22", "system/Task.r?status=%C3%A9%20%22"),
    ],
)
def test_a_granular_scope_is_kept_in_one_spelling(text: str, kept: str) -> None:
    assert str(parse(text)) == kept
    assert parse(kept) == parse(text)


@pytest.mark.parametrize("held", ["system/Task.cruds", "system/*.read system/Task.u", CHU])
def test_a_granular_scope_is_granted_within_what_is_registered(held: str) -> None:
    assert grant(CHU, held.split()) == {CHU}
    narrower = "system/Task.rs?owner=Organization/chu&status=requested"
    assert grant(narrower, held.split()) == {narrower}


@pytest.mark.parametrize(
    "asked",
    [
        "system/Task.rus",
        "system/Task.read",
        "system/*.r",
        "system/Task.r?owner=Organization/amal",
        "system/Task.r?owner=Organization/chu,Organization/amal",
        "system/Task.r?status=requested",
        "system/Patient.r",
        f"{CHU} system/Task.s",
        "system/Task.d",
    ],
)
def test_nothing_beyond_a_registered_granular_scope_is_granted(asked: str) -> None:
    with pytest.raises(NotAScope):
        grant(asked, [CHU])


def test_a_scope_that_is_not_granular_opens_the_whole_type() -> None:
    assert {one.interaction for one in narrowings(frozenset({CHU}))} == {"read", "update", "search"}
    assert {one.interaction for one in narrowings(frozenset({CHU, "system/Task.rs"}))} == {"update"}
    assert narrowings(frozenset({CHU, "system/*.cruds"})) == ()
    assert {one.type for one in narrowings(frozenset({CHU, "system/Patient.rs"}))} == {"Task"}
    (read, *_) = narrowings(frozenset({"system/Task.r?status=draft", "system/Task.r?status=requested"}))
    assert len(read.any_of) == 2
