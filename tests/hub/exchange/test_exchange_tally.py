"""What is told of many records: the first places, and the numbers of all. docs/adr/0074"""

from hub.exchange.findings import findings
from hub.exchange.pull import BATCH, pull
from hub.exchange.receipt import Receipt, Rejected
from hub.exchange.tally import KINDS, OTHERS, PLACES, Tally
from hub.fhir.issues import Issue
from hub.ports import Watermark
from tests.hub.exchange.test_exchange_pull_publish import Tool, rows
from tests.support.association import Scene

UNREADABLE = Issue("warning", "value", "receive.consent-refused", column="Date des faits")
REFUSED = Issue("error", "value", "receive.consent-refused", column="Date d'accueil")


def warned(rows: range, issue: Issue = UNREADABLE) -> Receipt:
    return Receipt(read=len(rows), warnings=tuple((f"row {row}", issue) for row in rows))


def tallied(*receipts: Receipt) -> Receipt:
    tally = Tally()
    for receipt in receipts:
        tally.add(receipt)
    return tally.receipt


def test_what_is_told_does_not_grow_with_the_rows_of_which_something_is_told() -> None:
    lengths = [len(tallied(*(warned(range(n * 250, n * 250 + 250)) for n in range(most))).warnings) for most in (4, 40)]
    assert lengths == [PLACES, PLACES]


def test_of_each_kind_the_first_places_are_named_and_all_are_counted() -> None:
    late = Issue("warning", "value", "mapping.phone-not-understood", column="Téléphone")
    told = tallied(warned(range(1, 1001)), warned(range(1001, 1004), late))
    assert [place for place, issue in told.warnings if issue == UNREADABLE] == [
        f"row {n}" for n in range(1, PLACES + 1)
    ]
    assert [place for place, issue in told.warnings if issue == late] == ["row 1001", "row 1002", "row 1003"]
    assert [(one.issue, one.places) for one in told.unnamed] == [(UNREADABLE, 1000 - PLACES)]


def test_few_findings_are_told_as_they_came() -> None:
    few = warned(range(1, 4)) + Receipt(rejected=(Rejected("row 9", (REFUSED,)),), referrals={"referral.send": 2})
    assert tallied(few) == few


def test_records_set_aside_are_counted_however_many_are_named() -> None:
    many = Receipt(rejected=tuple(Rejected(f"row {n}", (REFUSED,)) for n in range(1000)))
    waiting = Receipt(rejected=tuple(Rejected(f"row {n}", (), again=True) for n in range(300)))
    told = tallied(many, waiting)
    assert len(told.rejected) == 2 * PLACES
    assert (told.numbers["quarantined"], told.numbers["waiting"], told.set_aside) == (1000, 300, 1300)


def test_a_record_set_aside_is_named_whole_where_one_of_its_reasons_is_seldom() -> None:
    seldom = Issue("error", "value", "mapping.phone-not-understood", column="Téléphone")
    many = Receipt(rejected=tuple(Rejected(f"row {n}", (REFUSED,)) for n in range(1000)))
    both = Rejected("row 1000", (REFUSED, seldom))
    assert tallied(many, Receipt(rejected=(both,))).rejected[-1] == both


def test_words_that_are_all_different_are_told_up_to_a_number_and_then_counted_by_their_column() -> None:
    words = [
        Issue("warning", "code-invalid", "mapping.code-unknown", column="Besoin", params={"value": str(n)})
        for n in range(1000)
    ]
    told = tallied(*(warned(range(n, n + 1), word) for n, word in enumerate(words)))
    assert [issue for _, issue in told.warnings] == words[:KINDS]
    (others,) = told.unnamed
    assert (others.issue.text, others.issue.column, others.places) == (OTHERS, "Besoin", 1000 - KINDS)


def test_what_was_added_up_can_be_added_up_again() -> None:
    once = tallied(warned(range(1000)))
    twice = tallied(once, once)
    assert len(twice.warnings) + sum(one.places for one in twice.unnamed) == 2000


def test_findings_say_at_how_many_further_places_something_stands() -> None:
    told = list(findings(tallied(warned(range(1000))), "fr"))
    assert sum(one.unnamed or 1 for one in told) == 1000
    assert [one.where for one in told if one.unnamed] == [""]


def test_a_pull_of_many_bad_rows_tells_the_first_and_keeps_every_one_in_quarantine(at: Scene) -> None:
    bad = [*rows(at, range(BATCH + 60), visit_date="hier"), Watermark("all")]
    heard: list[Receipt] = []
    told = pull(at.connection, Tool(bad), at.form, hub=at.hub, progress=heard.append)
    assert (told.numbers["quarantined"], len(told.rejected)) == (BATCH + 60, PLACES)
    assert len(list(at.hub.store.quarantine(at.connection.id))) == BATCH + 60
    again = pull(at.connection, Tool(bad), at.form, hub=at.hub)
    assert (again.numbers["quarantined"], again.numbers["waiting"], again.unread) == (0, BATCH + 60, 0)
