"""What a door must hold that reports figures: the tool holds what was told last and nothing else, however often it is told."""

from collections.abc import Mapping
from dataclasses import replace

from adapters.acceptance.case import Case, HttpCase
from adapters.acceptance.quiet import Quiet, assert_said
from hub.errors import AdapterError
from hub.ports import Figure, Reported, Reporting, Return, Row, Rows


class Reports(Quiet):
    """`report`: figures out, each cell as it was told last."""

    def test_the_tool_holds_the_figures_that_are_told(self, case: Case) -> None:
        figures = case.figures()
        assert {bool(one.number) for one in figures.figures} == {True, False}
        assert report(case, figures).issues == ()
        assert_holds(case, figures)

    def test_the_same_figures_again_have_the_effect_of_once(self, case: Case) -> None:
        report(case, case.figures())
        once = case.told()
        assert report(case, case.figures()).issues == ()
        assert case.told() == once

    def test_a_number_that_changed_is_written_over(self, case: Case) -> None:
        report(case, case.figures())
        changed = numbered(case.figures(), 11)
        report(case, changed)
        assert_holds(case, changed)

    def test_a_number_that_went_to_zero_is_not_left_as_it_was(self, case: Case) -> None:
        report(case, numbered(case.figures(), 11))
        report(case, numbered(case.figures(), 0))
        assert set(held(case).values()) <= {0}

    def test_a_number_that_is_not_told_any_more_is_gone(self, case: Case) -> None:
        report(case, numbered(case.figures(), 11))
        report(case, numbered(case.figures(), None))
        assert held(case) == {}

    def test_a_dry_run_changes_nothing(self, case: Case) -> None:
        report(case, case.figures())
        before = case.told()
        report(case, numbered(case.figures(), 11), dry_run=True)
        assert case.told() == before

    def test_where_one_cell_is_unknown_none_is_changed_and_it_is_said(self, case: Case) -> None:
        report(case, case.figures())
        before = case.told()
        stranger = Figure("NO_SUCH_ELEMENT", "", 7)
        made = report(case, replace(case.figures(), figures=(*numbered(case.figures(), 11).figures, stranger)))
        assert case.told() == before and any(one.blocks for one in made.issues)
        for issue in made.issues:
            assert_said(case, issue.text, issue.params)

    def test_referrals_stand_there_one_by_one_as_they_are_told_and_once(self, case: Case) -> None:
        for figures in each_singly(case):
            assert report(case, figures).issues == ()
            assert_holds_singly(case, figures)
            again = report(case, figures)
            assert (again.begun, again.ended) == (0, 0)
            assert_holds_singly(case, figures)

    def test_a_dry_run_changes_no_referral(self, case: Case) -> None:
        for figures in each_singly(case)[:2]:
            before = case.told_singly()
            report(case, figures, dry_run=True)
            assert case.told_singly() == before
            report(case, figures)

    def test_where_what_is_said_of_one_referral_is_unknown_nothing_is_changed(self, case: Case) -> None:
        for figures in each_singly(case)[:1]:
            report(case, figures)
            before = case.told(), case.told_singly()
            stranger = Row({"NO_SUCH_ELEMENT": "X"}, 20)
            made = report(case, replace(numbered(figures, 11), rows=Rows((stranger,))))
            assert (case.told(), case.told_singly()) == before and any(one.blocks for one in made.issues)
            for issue in made.issues:
                assert_said(case, issue.text, issue.params)

    def test_a_report_that_failed_in_the_middle_can_be_sent_again(self, case: Case) -> None:
        if not isinstance(case, HttpCase):
            return
        report(case, numbered(case.figures(), 11))
        for after in range(18):
            case.stand_in.fail(503, after=after)
            try:
                report(case, case.figures())
            except AdapterError:
                continue
            case.stand_in.forgive()
            assert_holds(case, case.figures())
        report(case, case.figures())
        assert_holds(case, case.figures())
        if case.figures().rows:
            assert_holds_singly(case, case.figures())


def report(case: Case, figures: Return, *, dry_run: bool = False) -> Reported:
    assert isinstance(case.adapter, Reporting)
    return case.adapter.report(case.connection(), figures, dry_run=dry_run)


def numbered(figures: Return, number: int | None) -> Return:
    """The same cells, each with this number."""
    return replace(figures, figures=tuple(replace(one, number=number) for one in figures.figures))


def held(case: Case) -> dict[tuple[str, str], int]:
    found = case.told()
    assert isinstance(found, Mapping)
    return dict(found)


def assert_holds(case: Case, figures: Return) -> None:
    """A cell of which there are none can stand empty too."""
    told = {(one.element, one.option): one.number for one in figures.figures if one.number}
    assert {cell: number for cell, number in held(case).items() if number} == told


def each_singly(case: Case) -> tuple[Return, ...]:
    """The report of a tool that takes rows: with them, with fewer, without any, and with more."""
    figures = case.figures()
    if figures.rows is None:
        return ()
    rows = figures.rows.rows
    more, fewer = (tuple(replace(one, number=one.number + by) for one in rows) for by in (3, -2))
    return tuple(replace(figures, rows=Rows(given)) for given in (rows, fewer, (), more))


def assert_holds_singly(case: Case, figures: Return) -> None:
    told = figures.rows.rows if figures.rows else ()
    assert case.told_singly() == {frozenset(one.said.items()): one.number for one in told}
