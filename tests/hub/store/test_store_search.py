import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from hub.errors import BAD_PARAMETER, UNKNOWN_TYPE, HubError
from hub.fhir.canonicals import profile
from hub.fhir.query import Match, Query, Sort, Span, Target, Token
from hub.ports import Changes, Found, Key, Save, Visible
from hub.search import parse
from hub.store import MongoStore
from tests.support.acts import NOW, opened, referral, saving, sees, survivor


def ids(found: Found) -> list[str]:
    return [document.id for document in found.page]


def ask(store: MongoStore, type_: str, search: str, visible: Visible | None = None) -> set[str]:
    """What a FHIR search string finds."""
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in search.split("&"))]
    query, ignored = parse(type_, pairs, strict=True)
    assert not ignored
    return set(ids(store.search(query, visible or sees("a"))))


def everything(store: MongoStore, query: Query, visible: Visible) -> Iterable[Found]:
    while True:
        page = store.search(query, visible)
        yield page
        if page.after is None:
            return
        query = replace(query, after=page.after)


def test_hidden_equals_absent_in_pages_and_totals(store: MongoStore) -> None:
    store.commit(saving(*(referral(f"t{n}") for n in range(5)), grants=("a",)))
    store.commit(saving(referral("hidden"), revision=1, grants=("b",)))
    assert store.search(Query("Task"), sees("a")).total == 5
    assert store.search(Query("Task"), sees("c")) == Found(0, (), None)
    assert store.search(Query("Task"), sees()) == Found(0, (), None)
    assert store.search(Query("Task", (Match("_id", "token", (Token(None, "hidden"),)),)), sees("a")).total == 0
    assert store.search(Query("Task", count=2), sees("a")).total == 5
    assert store.search(Query("Task", count=0), sees("a")) == Found(5, (), None)
    assert store.search(Query("Task"), sees("a", "b")).total == 6


def test_a_query_needs_a_key_of_each_class_that_it_reads(store: MongoStore) -> None:
    for number, grants in enumerate((("core",), ("core", "identity"), ("identity",))):
        store.commit(saving(survivor(f"p{number}"), person=f"p{number}", grants=grants))
    visible = Visible(frozenset({"core"}), NOW, also=(frozenset({"identity", "x"}),))
    assert ids(store.search(Query("Patient"), visible)) == ["p1"]


def test_a_key_does_not_open_to_the_people_that_it_is_closed_to(store: MongoStore) -> None:
    keys = (Key("chu|a", unless=frozenset({"Practitioner/nadia"})), Key("chu~Practitioner/nadia|b"))
    store.commit(Changes(saves=[Save(referral("t"), "p", "amal", keys)], persons={"p": 0}))
    assert store.search(Query("Task"), sees("chu|a")).page[0].keys == keys
    for marks, total in (("Practitioner/amal", 1), ("Practitioner/nadia", 0)):
        asked = Visible(frozenset({"chu|a"}), NOW, marks=frozenset({marks, "reception"}))
        assert store.search(Query("Task"), asked).total == total
        assert (store.read("Task", "t", asked) is not None) == bool(total)
    hers = Visible(frozenset({"chu|a", "chu~Practitioner/nadia|b"}), NOW, marks=frozenset({"Practitioner/nadia"}))
    assert store.search(Query("Task"), hers).total == 1, "by another key"


def test_the_keys_come_with_the_documents(store: MongoStore) -> None:
    store.commit(saving(referral("t"), grants=("a", "b")))
    assert store.search(Query("Task"), sees("a")).page[0].keys == opened("a", "b")


def test_pages_are_full_exact_and_without_repetition_while_others_write(mongodb_uri: str, database: str) -> None:
    ticks = count()
    with MongoStore.open(mongodb_uri, database, now=lambda: NOW + timedelta(seconds=next(ticks) // 3)) as store:
        for number in range(20):  # three a second: the instant alone does not tell them apart
            grants = ("a",) if number % 4 else ("b",)
            store.commit(saving(referral(f"t{number:02}"), revision=number, grants=grants))
        found: list[str] = []
        for number, page in enumerate(everything(store, Query("Task", count=4), sees("a"))):
            assert page.total == 15 + number, "the total counts what is written meanwhile"
            assert len(page.page) == (4 if page.after else 3)
            found += ids(page)
            store.commit(saving(referral(f"later{number}"), revision=20 + number))
        expected = [f"t{number:02}" for number in range(20) if number % 4]
        assert found == sorted(expected, key=lambda id_: (int(id_[1:]) // 3, id_), reverse=True)


@pytest.mark.parametrize("sort", ["", "authored-on", "-authored-on,status"])
def test_pages_hold_all_that_stays_once_while_others_are_taken_away(store: MongoStore, sort: str) -> None:
    """Also where the last of a page, by which the next begins, is the one that goes."""
    tasks = [referral(f"t{n:02}", authoredOn=f"2026-03-{n % 7 + 1:02}") for n in range(20)]
    for revision, task in enumerate(tasks):
        store.commit(saving(task, revision=revision))
    query, _ = parse("Task", [("_count", "4"), *([("_sort", sort)] if sort else [])], strict=True)
    whole = [id_ for page in everything(store, replace(query, count=50), sees("a")) for id_ in ids(page)]
    revision, found, gone = len(tasks), list[str](), set[str]()
    for page in everything(store, query, sees("a")):
        assert page.total == len(tasks) - len(gone)
        found += ids(page)
        left = [one for one in whole if one not in found]
        for one in [found[-1], found[0], *left[1:2]]:  # the one that the cursor stands on, one before and one to come
            if one not in gone:
                taken = Save({"resourceType": "Task", "id": one}, "p", "keeper", (), 1, gone=True)
                store.commit(Changes(saves=[taken], persons={"p": revision}))
                revision += 1
                gone.add(one)
        store.commit(saving(referral(f"later{revision}", authoredOn="2025-01-01"), revision=revision, grants=("b",)))
        revision += 1
    assert len(found) == len(set(found))
    assert [one for one in whole if one not in gone] == [one for one in found if one not in gone]


@pytest.mark.parametrize("descending", [False, True])
def test_an_order_by_date_or_code_pages_through_everything_with_or_without_a_value(
    store: MongoStore, descending: bool
) -> None:
    dates = ["2026-03-02", None, "2026-03", "2026-03-02", "2025", None, "2026-03-01"]
    tasks = [referral(f"t{n}", **({"authoredOn": d} if d else {})) for n, d in enumerate(dates)]
    store.commit(saving(*tasks))
    query = Query("Task", sort=(Sort("authored-on", descending),), count=2)
    found = [id_ for page in everything(store, query, sees("a")) for id_ in ids(page)]
    dated, undated = ["t4", "t2", "t6", "t0", "t3"], ["t1", "t5"]
    expected = [*dated[::-1], *undated[::-1]] if descending else [*dated, *undated]
    assert found == expected, "what has no date comes last"
    by_status = Query("Task", sort=(Sort("status"), Sort("_lastUpdated", True)), count=3)
    assert len({id_ for page in everything(store, by_status, sees("a")) for id_ in ids(page)}) == len(tasks)


def test_a_cursor_tells_nothing_and_cannot_be_forged(store: MongoStore) -> None:
    patients = [survivor(f"p{n}", birthDate=f"1990-01-0{n + 1}") for n in range(3)]
    for patient in patients:
        store.commit(saving(patient, person=str(patient["id"])))
    query = Query("Patient", sort=(Sort("birthdate"),), count=1)
    after = store.search(query, sees("a")).after
    assert after is not None
    raw = base64.urlsafe_b64decode(after + "==")
    assert b"1990" not in raw
    assert b"p0" not in raw
    assert ids(store.search(replace(query, after=after), sees("a"))) == ["p1"]
    broken = after[:20] + ("A" if after[20] != "A" else "B") + after[21:]
    foreign = [replace(query, after=cursor) for cursor in (broken, "", "%%%", "é", after[:8], "A" * 40) if cursor]
    foreign += [replace(query, sort=(), after=after), replace(query, type="Task", after=after)]
    for forged in foreign:
        with pytest.raises(HubError) as refused:
            store.search(forged, sees("a"))
        assert refused.value.problem is BAD_PARAMETER
        assert after not in str(refused.value.params)


def test_a_cursor_made_by_one_process_is_understood_by_another(mongodb_uri: str, store: MongoStore) -> None:
    store.commit(saving(referral("t1"), referral("t2")))
    query = Query("Task", count=1)
    after = store.search(query, sees("a")).after
    with MongoStore.open(mongodb_uri, store.database.name) as other:
        assert ids(other.search(replace(query, after=after), sees("a"))) == ["t1"]


def test_search_strings_find_what_their_types_say(store: MongoStore) -> None:
    coded = {"coding": [{"system": "urn:s", "code": "m"}, {"code": "plain"}]}
    own = {"code": {"coding": [{"system": "urn:other", "code": "x"}]}}
    store.commit(
        saving(
            referral("t1", person="p", owner="chu", **{"code": coded}),
            referral("t2", person="p", owner="court", status="accepted", **own),
            referral("t3", person="p", owner="chu.x", status="completed"),
        )
    )
    assert ask(store, "Task", "owner=Organization/chu") == {"t1"}
    assert ask(store, "Task", "owner=chu,Organization/court") == {"t1", "t2"}
    assert ask(store, "Task", "owner=chu&status=accepted") == set()
    assert ask(store, "Task", "status=accepted,requested") == {"t1", "t2"}
    assert ask(store, "Task", "status:not=accepted") == {"t1", "t3"}
    assert ask(store, "Task", "patient=p") == ask(store, "Task", "subject=Patient/p") == {"t1", "t2", "t3"}
    assert ask(store, "Task", "code=m") == ask(store, "Task", "code=urn:s|m") == {"t1"}
    assert ask(store, "Task", "code=urn:s|") == ask(store, "Task", "code=|plain") == {"t1"}
    assert ask(store, "Task", "code=|m") == ask(store, "Task", "code=urn:|m") == set()
    assert ask(store, "Task", "code=urn.s|") == set(), "a system is not a pattern"
    assert ask(store, "Task", "code:missing=true") == {"t3"}
    assert ask(store, "Task", "code:missing=false") == {"t1", "t2"}
    assert ask(store, "Task", "_id=t1,t3") == {"t1", "t3"}
    assert ask(store, "Task", "_id:not=t1") == {"t2", "t3"}


def test_names_are_found_without_regard_to_case_accents_and_forms_of_letters(store: MongoStore) -> None:
    for id_, name in (("amal", "Association Amal (Fès)"), ("ibn", "مستشفى ابن زهر"), ("dot", "A.B")):
        organization = {"resourceType": "Organization", "id": id_, "name": name}
        store.commit(Changes(saves=[Save(organization, None, None, opened("a"))]))
    assert ask(store, "Organization", "name=association amal (fes") == {"amal"}
    assert ask(store, "Organization", "name=Amal") == set(), "from the beginning"
    assert ask(store, "Organization", "name=مستشفي") == {"ibn"}
    assert ask(store, "Organization", "name=a.") == {"amal", "dot"}, "a final full stop is folded away"
    assert ask(store, "Organization", "name=a.b") == {"dot"}
    assert ask(store, "Organization", "name=???") == set()
    assert ask(store, "Organization", "name:exact=A.B") == {"dot"}
    assert ask(store, "Organization", "name:exact=a.b") == set()


DAY = timedelta(days=1)
RANGES = {
    "before": (NOW - 3 * DAY, NOW - 2 * DAY),
    "touches before": (NOW - DAY, NOW),
    "overlaps the beginning": (NOW - DAY, NOW + DAY),
    "same": (NOW, NOW + 2 * DAY),
    "inside": (NOW + DAY / 2, NOW + DAY),
    "around": (NOW - DAY, NOW + 3 * DAY),
    "overlaps the end": (NOW + DAY, NOW + 3 * DAY),
    "touches after": (NOW + 2 * DAY, NOW + 3 * DAY),
}
INSIDE = {"same", "inside"}
ABOVE = {"around", "overlaps the end", "touches after"}
BELOW = {"before", "touches before", "overlaps the beginning", "around"}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("eq", INSIDE),
        ("ne", RANGES.keys() - INSIDE),
        ("gt", ABOVE),
        ("lt", BELOW),
        ("ge", ABOVE | INSIDE),
        ("le", BELOW | INSIDE),
        ("sa", {"touches after"}),
        ("eb", {"before", "touches before"}),
    ],
)
def test_each_date_prefix_compares_ranges_as_the_standard_says(
    store: MongoStore, prefix: str, expected: set[str]
) -> None:
    def case(id_: str, low: datetime, high: datetime) -> dict[str, object]:
        period = {"start": low.isoformat(), "end": (high - timedelta(seconds=1)).isoformat()}  # the end is inclusive
        return {"resourceType": "EpisodeOfCare", "id": id_, "period": period}

    store.commit(saving(*(case(name.replace(" ", "-"), *range_) for name, range_ in RANGES.items())))
    span = Span(prefix, NOW, NOW + 2 * DAY)  # type: ignore[arg-type]  # the parameters are prefixes
    found = store.search(Query("EpisodeOfCare", (Match("date", "date", (span,)),)), sees("a"))
    assert {id_.replace("-", " ") for id_ in ids(found)} == set(expected)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("eq", {"in"}),
        ("ne", {"before", "after"}),
        ("gt", {"after"}),
        ("sa", {"after"}),
        ("lt", {"before"}),
        ("eb", {"before"}),
        ("ge", {"in", "after"}),
        ("le", {"before", "in"}),
        ("ap", {"in"}),
    ],
)
def test_each_date_prefix_compares_the_instant_of_the_last_update(
    mongodb_uri: str, database: str, prefix: str, expected: set[str]
) -> None:
    instants = {"before": NOW - timedelta(milliseconds=1), "in": NOW, "after": NOW + timedelta(seconds=1)}
    clock = iter(instants.values())
    with MongoStore.open(mongodb_uri, database, now=lambda: next(clock)) as store:
        for revision, name in enumerate(instants):
            store.commit(saving(referral(name), revision=revision))
        span = Span(prefix, NOW, NOW + timedelta(seconds=1))  # type: ignore[arg-type]  # the parameters are prefixes
        found = store.search(Query("Task", (Match("_lastUpdated", "date", (span,)),)), sees("a"))
        assert set(ids(found)) == expected


@pytest.mark.parametrize(
    ("asked", "stored", "is_found"),
    [
        ("2013-01-14", "2013-01-14T23:59:00+00:00", True),
        ("2013-01-14", "2013-01-15T00:00:00+00:00", False),
        ("ne2013-01-14", "2013-01-14T10:00:00+00:00", False),
        ("lt2013-01-14T10:00", "2013-01-14", True),
        ("lt2013-01-14T10:00", "2013-01-15", False),
        ("gt2013-01-14T10:00", "2013-01-14", True),
        ("gt2013-01-14T10:00", "2013-01-13", False),
        ("ge2013-03-14", "2013-03-14T00:00:00+00:00", True),
        ("le2013-03-14", "2013-03-14T12:00:00+00:00", True),
        ("sa2013-03-14", "2013-03-14T12:00:00+00:00", False),
        ("sa2013-03-14", "2013-03-15", True),
        ("eb2013-03-14", "2013-03-13", True),
        ("eb2013-03-14", "2013-03", False),
        ("2013-01", "2013-01-14", True),
        ("2013-01-14", "2013-01", False),
    ],
)
def test_the_examples_of_dates_of_the_standard(store: MongoStore, asked: str, stored: str, is_found: bool) -> None:
    """https://hl7.org/fhir/R4/search.html#date"""
    store.commit(saving(referral("t", authoredOn=stored)))
    assert (ask(store, "Task", f"authored-on={asked}") == {"t"}) == is_found


def test_alternatives_of_dates_are_alternatives(store: MongoStore) -> None:
    store.commit(saving(*(referral(f"t{day}", authoredOn=f"2026-03-0{day}") for day in (1, 2, 3))))
    assert ask(store, "Task", "authored-on=2026-03-01,2026-03-03") == {"t1", "t3"}
    assert ask(store, "Task", "authored-on=ge2026-03-02&authored-on=lt2026-03-03") == {"t2"}


def test_a_type_that_cannot_be_is_refused_rather_than_read_from_another_collection(store: MongoStore) -> None:
    with pytest.raises(HubError) as refused:
        store.search(Query("persons"), sees("a"))
    assert refused.value.problem is UNKNOWN_TYPE


# --- indexes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(store: MongoStore) -> MongoStore:
    """Three hundred referrals to twelve owners, each visible to its owner."""
    for number in range(12):
        tasks = [referral(f"t{number}-{n}", f"p{number}", f"o{number}") for n in range(25)]
        store.commit(saving(*tasks, person=f"p{number}", grants=(f"o{number}", "keeper")))
    return store


def test_a_poll_for_ones_own_referrals_is_served_by_an_index(full: MongoStore) -> None:
    query = Query(
        "Task",
        (
            Match("owner", "reference", (Target("Organization", "o3"),)),
            Match("status", "token", (Token(None, "requested"),)),
        ),
    )
    plan = full.explain(query, sees("o3"))
    assert "COLLSCAN" not in plan["stages"]
    assert "SORT" not in plan["stages"]
    assert plan["documents"] <= 25
    assert full.search(query, sees("o3")).total == 25


def test_a_poll_of_a_type_looks_only_at_what_the_caller_may_see(full: MongoStore) -> None:
    plan = full.explain(Query("Task"), sees("o3", "nobody", "nothing"))
    assert plan["indexes"] == ["k.g_1_at_-1__id_-1"]
    assert "SORT" not in plan["stages"]
    assert plan["documents"] <= 25
    later = Span("gt", NOW + timedelta(days=36500), NOW + timedelta(days=36501))
    nothing_new = full.explain(Query("Task", (Match("_lastUpdated", "date", (later,)),)), sees("o3"))
    assert nothing_new["documents"] == 0


def test_a_search_by_patient_is_served_by_an_index_under_both_names(full: MongoStore) -> None:
    for name in ("patient", "subject"):
        plan = full.explain(Query("Task", (Match(name, "reference", (Target("Patient", "p3"),)),)), sees("keeper"))
        assert plan["indexes"] == ["x.patient_1_at_-1__id_-1"]
        assert plan["documents"] <= 25


def test_a_read_by_id_is_served_by_the_index_of_ids(full: MongoStore) -> None:
    plan = full.explain(Query("Task", (Match("_id", "token", (Token(None, "t3-1"),)),)), sees("o3"))
    assert plan["documents"] == 1


def test_which_keys_are_needed_may_depend_on_the_profile(store: MongoStore) -> None:
    named = profile("survivor-named")
    for number, (url, grant) in enumerate([("", "a"), (named, "a"), ("", "b"), (named, "b")]):
        meta = {"meta": {"profile": [url]}} if url else {}
        store.commit(saving(survivor(f"p{number}", **meta), person=f"p{number}", grants=(grant,)))
    store.database.Patient.update_one({"_id": "p0"}, {"$unset": {"p": ""}})  # stored before the name was kept
    others = (Visible(frozenset({"b"}), NOW, profiles=frozenset({"survivor-named"})),)
    visible = Visible(frozenset({"a"}), NOW, profiles=frozenset({"survivor", ""}), others=others)
    found = store.search(Query("Patient"), visible)
    assert (found.total, set(ids(found))) == (2, {"p0", "p3"})
    assert [bool(store.read("Patient", f"p{n}", visible)) for n in range(4)] == [True, False, False, True]
