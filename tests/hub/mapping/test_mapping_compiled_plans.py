"""Plans that no mapping has yet: every kind of source, condition and loop in each other. The function says what the closures say."""

import os
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from hub.mapping import Context
from hub.mapping.compiled import Compiled
from hub.mapping.conditions import Absent, All, Among, Either, Present
from hub.mapping.forward import Forward
from hub.mapping.model import Code
from hub.mapping.plan import (
    Alternative,
    Block,
    Branch,
    Check,
    Column,
    Composed,
    Constant,
    Custodian,
    Derived,
    ForEach,
    FromColumn,
    FromDrafts,
    FromItem,
    Mark,
    Otherwise,
    Plan,
)
from hub.mapping.schema import Slot
from hub.mapping.transforms.answers import Answer, Boolean
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import DateText
from hub.mapping.transforms.organizations import OrganizationName
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits, Integer, Text
from hub.mapping.vocabulary import Label, Vocabulary
from hub.ports import Place, SourceRecord

CONTEXT = Context("association-anwar", lambda text: text.lower() if text != "?" else None, date(2026, 11, 23))
KINDS = Vocabulary((), [Label(Code("s", code), "fr", label) for code, label in (("a", "un"), ("b", "deux"))], "fr")
TICKS = {"ticked_un": ("kinds", "un"), "ticked_deux": ("kinds", "deux"), "ticked_none": ("kinds", "trois")}
"""Column → the column and the word that a tick in it adds to that; one that no list knows."""
ADDS = {"more_kinds": "kinds", "more_name": "name", "more_phones": "phones", "most_name": "name"}
"""Column → the one to whose cell it is added."""
TRANSFORMS = {
    "kinds": Codes(KINDS, several=True), **dict.fromkeys(TICKS, Answer(language="fr")),
    "name": Text(), "number": Digits(expect=r"\d+"), "count": Integer(), "day": DateText(), "other_day": DateText(precise=True),
    "said": Answer(language="fr"), "safe": Boolean(language="fr"), "phones": Phones(), "others": Phones(), "to": OrganizationName(),
}  # fmt: skip
INSIDE = {"item_name": Text(), "item_said": Answer(language="fr"), "item_phones": Phones()}
COLUMNS = list(TRANSFORMS) + list(INSIDE)
LISTS = {"a": False, "b": True, "c": False, "d": True}
"""Property → whether it is a list."""
LOCALS = ("p", "q", "n:+212610000000", "r:x")


def halves(values, options):
    """A derivation with several results."""
    return tuple(str(values[0])) if values[0] else None


def slot(key, type_="string"):
    return Slot(key, f"X.{key}", type_, f"X.{key}", is_list=LISTS.get(key, False), minimum=key in "ab")


WORDS = st.frozensets(
    st.sampled_from(["yes", "no", "true", "false", "x", "+212610000000", "2026-03-12", "a", "b"]), min_size=1
)
CONDITIONS = st.recursive(
    st.one_of(
        st.builds(Present, st.sampled_from([*COLUMNS, "refs"])),
        st.builds(Absent, st.sampled_from(COLUMNS)),
        st.builds(Among, st.sampled_from(COLUMNS), WORDS),
    ),
    lambda inner: st.one_of(*(st.builds(kind, st.lists(inner, max_size=3).map(tuple)) for kind in (All, Either))),
    max_leaves=4,
)
MARK = st.builds(Mark, st.sampled_from([*TRANSFORMS, "nowhere"]), WORDS, st.sampled_from([(), ("x", "0610")]))
SELDOM_MARKED = st.sampled_from([False, False, True]).flatmap(lambda one: st.lists(MARK, max_size=2 * one))
DERIVED = st.builds(
    Derived, st.just(halves), st.tuples(st.sampled_from(["name", "said", "safe", "kinds", "item_name"]))
)
SELDOM = st.sampled_from([False, False, False, True]).flatmap(lambda one: CONDITIONS if one else st.none())
LOOPS = (
    ForEach("phones"), ForEach("phones", without="others"), ForEach("refs", repeat=True), ForEach("item_phones"),
    ForEach("said"), ForEach("kinds"), ForEach(derived=Derived(halves, ("name",))), ForEach(derived=Derived(halves, ("said",))),
)  # fmt: skip
MEANT = (TRANSFORMS | INSIDE).items()
TEXT = st.one_of(
    st.sampled_from([FromColumn(name, how) for name, how in MEANT if not isinstance(how, Phones)]),
    st.sampled_from([FromColumn(name, how, "estimated") for name, how in MEANT if isinstance(how, DateText)]),
    st.builds(Constant, st.sampled_from(["fixed", None])),
    st.builds(Composed, st.just("number"), st.sampled_from(["day", "other_day"]), digest=st.booleans()),
)
REFERENCES = st.one_of(
    st.sampled_from([FromColumn(name, how) for name, how in MEANT]),
    st.just(FromItem()), st.just(Custodian()), DERIVED,
    st.permutations(LOCALS).map(lambda locals_: FromDrafts(tuple(locals_))),
    st.permutations([*LOCALS, "n:{said}", "r:{said}"]).map(lambda locals_: FromDrafts(tuple(locals_))),
)  # fmt: skip
SOURCES = {
    (type_, is_list): sources | st.just(Constant(["one", "two"])) if is_list else sources
    for type_, sources in (("string", TEXT), ("Reference", REFERENCES))
    for is_list in (True, False)
}


@st.composite
def alternatives(draw, where):
    source, when = draw(SOURCES[where.type, where.is_list]), draw(SELDOM)
    return Alternative(source, when, frozenset(asks(when)))


def asks(condition):
    if condition is None:
        return
    if isinstance(condition, All | Either):
        for one in condition.inner:
            yield from asks(one)
    else:
        yield condition.column


@st.composite
def branches(draw, key, depth):
    where, when = slot(key, draw(st.sampled_from(["string", "Reference"]))), draw(SELDOM)
    each = draw(st.sampled_from([None, None, *LOOPS])) if where.is_list else None
    branch = Branch(where, for_each=each, when=when, asks=frozenset(asks(when)))
    if depth == 0 or draw(st.booleans()):
        branch.alternatives = tuple(draw(st.lists(alternatives(where), min_size=1, max_size=3)))
    else:
        fill(draw, branch, depth - 1)
    return branch


def fill(draw, branch, depth):
    """The children of an object, some of them slices of one list, and what its profile fixes."""
    for name in draw(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "s", "t"])), min_size=2, max_size=6, unique=True
        )
    ):
        branch.children[name] = draw(branches(name[0], depth))
    fixed = draw(st.lists(st.sampled_from("abcde"), max_size=3, unique=True))
    branch.constants = {key: [{"fixed": key}] if LISTS.get(key) else f"fixed {key}" for key in fixed}


@st.composite
def plans(draw):
    blocks = []
    for local, each in draw(st.lists(st.sampled_from(NAMED), min_size=2, max_size=5)):
        root = Branch(slot("X"))
        fill(draw, root, 1)
        identity = draw(st.none() | branches("c", 0)) if draw(st.booleans()) else None
        blocks.append(Block(local, "survivor", root, _plain(identity), each, draw(SELDOM)))
    checks = [
        Check(when, "mapping.need-missing", column, each)
        for when, column, each in draw(
            st.lists(st.tuples(CONDITIONS, st.sampled_from(COLUMNS), st.sampled_from([None, *LOOPS])), max_size=2)
        )
    ]
    marks = tuple(draw(SELDOM_MARKED))
    found, blank = columns(draw), frozenset({"-"})
    return Plan("acme/form", "1", {}, ("row",), "fr", found, blank, tuple(blocks), tuple(checks), left_out=marks)


def _plain(identity):
    """An identity is text of the record: one leaf."""
    return Branch(identity.slot, identity.alternatives) if identity else None


NAMED = (
    ("p", None), ("q", None), ("p", ForEach("phones")), ("n:{phones}", ForEach("phones")), ("n:{name}", None),
    ("n:{phones}", ForEach("phones", without="others")), ("r:{item_name}", ForEach("refs", repeat=True)),
    ("r:{item}", ForEach(derived=Derived(halves, ("name",)))),
)  # fmt: skip


def columns(draw):
    required = draw(st.frozensets(st.sampled_from(COLUMNS), max_size=2))
    warns = draw(st.booleans())
    ticked = draw(st.frozensets(st.sampled_from(sorted(TICKS))))
    found = {
        one: Column(one, (one,), how, one in required, warns, ticks=TICKS[one] if one in ticked else None)
        for one, how in TRANSFORMS.items()
    }
    if draw(st.booleans()):
        found["other_day"] = replace(found["other_day"], otherwise=Otherwise("day"))
    added = draw(st.frozensets(st.sampled_from(sorted(ADDS))))
    found |= {one: Column(one, (one,), None, adds_to=ADDS[one] if one in added else "") for one in ADDS}
    inside = {one: Column(one, (one,), how, one in required, within="refs") for one, how in INSIDE.items()}
    nowhere = Column("nowhere", ("nowhere",), None)  # known, and not read
    return {**found, "refs": Column("refs", ("refs",), None, repeat=True), "nowhere": nowhere, **inside}


CELLS = st.sampled_from(
    ["x", "-", " ", "oui", "non", "12/03/2026", "2026", "0610000000", "3", "?", 3, True, "\x00", "x\x0by"]
)
OFTEN = {
    "name": ["x", "xy"], "number": ["3", "4/2026", "B"], "count": ["3"], "day": ["12/03/2026", "~2026"], "other_day": ["2026-03-12"],
    "said": ["oui", "non"], "safe": ["oui", "non"], "phones": ["0610000000 / 0611111111"], "others": ["0610000000"], "to": ["CHU"],
    "kinds": ["un", "deux et un"], **{one: ["x", "oui", 1, ""] for one in TICKS},
    **{one: ["un", "x, y", "0622222222", "-", "x"] for one in ADDS},
    "item_name": ["x", "y"], "item_said": ["oui"], "item_phones": ["0610000000 / 0611111111"],
}  # fmt: skip


def filled(columns):
    """Rows in which most cells say what belongs there."""
    return st.fixed_dictionaries({one: st.sampled_from([*OFTEN[one] * 3, None]) | CELLS for one in columns})


CONTENTS = st.builds(
    lambda row, refs, said: {**row, "refs": refs, "nowhere": said},
    filled([*TRANSFORMS, *ADDS]),
    st.lists(filled(INSIDE) | CELLS, max_size=3) | st.lists(filled(INSIDE), min_size=1, max_size=2) | CELLS,
    CELLS | st.none(),
)


def hold_together(plan, contents, unsaid):
    plain, written = Forward(plan), Compiled(plan)
    for content in contents:
        record = SourceRecord("row", "1", "1", content, Place(row=1), unsaid=unsaid)
        assert written(record, CONTEXT) == plain(record, CONTEXT)


ALL_BUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a plan has a thousand parts to leave out
UNSAID = st.lists(st.sampled_from([*TRANSFORMS, *ADDS, "refs"]), max_size=2).map(tuple)


@settings(max_examples=100, deadline=None, phases=ALL_BUT_SHRINKING)
@given(plans(), st.lists(CONTENTS, min_size=1, max_size=3), UNSAID)
def test_any_plan_says_the_same_in_the_function_and_plainly(plan, contents, unsaid):
    hold_together(plan, contents, unsaid)


EACH_FIRST = (
    (ForEach("phones"), Among("phones", frozenset({"+212610000000"}))),
    (ForEach("refs", repeat=True), Among("item_name", frozenset({"x"}))),
    (ForEach("refs", repeat=True), Present("item_said")),
)


@pytest.mark.parametrize(("each", "when"), EACH_FIRST)
@pytest.mark.parametrize("at", range(3))
def test_a_check_speaks_where_it_holds_for_one_item_whichever_that_is(each, when, at):
    """Also where it does not for those after it: a loop that keeps the last answer alone would pass over it."""
    found = {one: Column(one, (one,), how) for one, how in TRANSFORMS.items()}
    inside = {one: Column(one, (one,), how, within="refs") for one, how in INSIDE.items()}
    every = {**found, "refs": Column("refs", ("refs",), None, repeat=True), **inside}
    check = Check(when, "mapping.need-missing", "name", each)
    plan = Plan("acme/form", "1", {}, ("row",), "fr", every, frozenset({"-"}), (), (check,))
    phones, refs = ["0611111111", "0622222222", "0633333333"], [{"item_name": "y"}] * 3
    said = {"phones": " / ".join(phones), "refs": refs}
    assert not [one for way in (Forward(plan), Compiled(plan)) for one in way(row(said), CONTEXT).issues]
    phones[at], refs[at] = "0610000000", {"item_name": "x", "item_said": "oui"}
    said = {"phones": " / ".join(phones), "refs": refs}
    assert [len(way(row(said), CONTEXT).issues) for way in (Forward(plan), Compiled(plan))] == [1, 1]


@given(filled(TRANSFORMS), st.lists(MARK, min_size=1, max_size=3))
def test_a_record_is_left_out_by_both_or_by_none(content, marks):
    found = {one: Column(one, (one,), how) for one, how in TRANSFORMS.items()} | {
        "nowhere": Column("nowhere", (), None)
    }
    plan = Plan("acme/form", "1", {}, ("row",), "fr", found, frozenset({"-"}), (), (), left_out=tuple(marks))
    plain, written = (way(row(content), CONTEXT) for way in (Forward(plan), Compiled(plan)))
    assert plain == written
    event(f"left out: {plain.left_out}")


@pytest.mark.parametrize(
    "said", ["-", " -", "- ", " - ", "  - ", "\u00a0-\u00a0", "--", " x ", "", "\x00", "-\x00", "x\x0b "]
)
def test_what_says_nothing_says_nothing_however_it_is_padded(said):
    found = {one: Column(one, (one,), how, required=True) for one, how in TRANSFORMS.items()}
    plan = Plan("acme/form", "1", {}, ("row",), "fr", found, frozenset({"-"}), (), ())
    plain, written = (way(row(dict.fromkeys(found, said)), CONTEXT) for way in (Forward(plan), Compiled(plan)))
    assert plain == written


def row(content):
    return SourceRecord("row", "1", "1", content, Place(row=1))


PARTS = range(10)
"""All that was drawn in one run is remembered until its end: five thousand plans took 3 GB, and more than the time of a test
where the machine had other work. In parts each takes 40 s of a processor, and the memory it took is given back."""


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("IHALA_DEEP"), reason="five thousand plans: make deep")
@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=500, deadline=None, phases=ALL_BUT_SHRINKING, derandomize=False)
@given(plan=plans(), contents=st.lists(CONTENTS, min_size=1, max_size=3), unsaid=UNSAID)
def test_any_plan_says_the_same_in_the_function_and_plainly_at_length(part, plan, contents, unsaid):
    hold_together(plan, contents, unsaid)
