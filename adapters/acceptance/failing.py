"""What a door must hold that asks over HTTP: every failure says whether to wait or to call a person, and says nothing else."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from functools import partial
from time import time
from typing import Final

import pytest

from adapters.acceptance.case import HttpCase, Read, read
from adapters.acceptance.quiet import SECRET, Quiet, failure
from adapters.replay import Answer, Cut, Hang
from hub.errors import AdapterError, Fatal, Retriable
from hub.ports import Connection, Pulled, Reporting

NONSENSE = ["<html>{mark}</html>", '{{"detail": "{mark}"', "null", "{{}}", '"{mark}"', "[null, 1]", "\x00\ufffd", ""]

RENEWED: Final = 4
"""Requests that a door may make of one that is refused, counting those that sign in anew."""


class OverHttp(Quiet):
    """`http`: refusals, limits, faults and nonsense."""

    def acts(self, case: HttpCase) -> list[Callable[[Connection], object]]:
        """All that the door does with the tool: reading, and writing back or reporting where it does."""
        manifest = case.adapter.manifest
        record = read(case).records[0] if "read" in manifest.capabilities else None
        acts: list[Callable[[Connection], object]] = []
        if record:
            acts.append(lambda connection: list(case.adapter.pull(connection, None)))
        if record and manifest.writes_back:
            acts.append(lambda connection: case.adapter.push(connection, [case.follow_up(record)]))
        if isinstance(case.adapter, Reporting):
            acts.append(partial(case.adapter.report, figures=case.figures()))
        assert acts
        return acts

    def test_refused_credentials_end_it(self, case: HttpCase) -> None:
        if not case.adapter.manifest.secrets:
            return
        acts, refused = self.acts(case), replace(case.connection(), secret=lambda _: SECRET)
        for act in acts:
            failure(case, partial(act, refused), Fatal)
        assert any(issue.blocks for issue in case.adapter.check(refused))

    @pytest.mark.parametrize("status", [401, 403])
    def test_credentials_refused_by_a_status_end_it(self, case: HttpCase, status: int) -> None:
        """Where a door renews what it was given, it may ask again; refused for good, it ends."""
        for act in self.acts(case):
            case.stand_in.fail(status, times=5, body={"detail": case.marks[0]})
            failure(case, partial(act, case.connection()), Fatal)
            case.stand_in.forgive()

    @pytest.mark.parametrize("status", [429, 503])
    def test_it_waits_as_long_as_the_tool_asks(self, case: HttpCase, status: int) -> None:
        for act in self.acts(case):
            case.stand_in.fail(status, retry_after=7)
            problem = failure(case, partial(act, case.connection()), Retriable)
            assert isinstance(problem, Retriable) and problem.after == 7

    def test_a_limit_on_requests_is_kept_to_and_loses_nothing(self, case: HttpCase) -> None:
        """The tool counts for itself and says how long to wait; whoever comes back then is told the rest."""
        if "read" not in case.adapter.manifest.capabilities:
            return
        whole = read(case).versions
        asked = len(case.stand_in.asked)
        read(case)
        case.stand_in.limit(max(1, len(case.stand_in.asked) - asked - 1), seconds=30)
        pulled: list[Pulled] = []
        with pytest.raises(Retriable) as busy:
            for _ in range(2):  # where one request is all that it takes, the next is one too many
                for one in case.adapter.pull(case.connection(), None):
                    pulled.append(one)
        assert busy.value.after is not None and 1 <= busy.value.after <= 30
        case.stand_in.forgive()  # the time is over
        some = Read(tuple(pulled))
        assert some.versions | read(case, some.reached).versions == whole

    def test_a_time_to_come_back_is_a_wait_too(self, case: HttpCase) -> None:
        act = self.acts(case)[0]
        case.stand_in.fail(503, retry_after=formatdate(time() + 60, usegmt=True))
        problem = failure(case, partial(act, case.connection()), Retriable)
        assert isinstance(problem, Retriable) and problem.after is not None and 30 < problem.after <= 60

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_a_tool_that_is_busy_or_down_is_asked_again_later(self, case: HttpCase, status: int) -> None:
        for act in self.acts(case):
            case.stand_in.fail(status, body=f"<html>{case.marks[0]}</html>")
            problem = failure(case, partial(act, case.connection()), Retriable)
            assert isinstance(problem, Retriable) and problem.after is None

    @pytest.mark.parametrize("status", [400, 404, 410, 422, 301])
    def test_what_asking_again_cannot_mend_is_for_a_person(self, case: HttpCase, status: int) -> None:
        act = self.acts(case)[0]
        case.stand_in.fail(status, body={"detail": case.marks[0]})
        failure(case, partial(act, case.connection()), Fatal)

    def test_a_failure_between_pages_loses_nothing(self, case: HttpCase) -> None:
        whole = read(case).versions
        asked = len(case.stand_in.asked)
        read(case)
        for after in range(min(len(case.stand_in.asked) - asked, 6)):
            case.stand_in.fail(503, after=after)
            pulled: list[Pulled] = []
            with pytest.raises(Retriable):
                for one in case.adapter.pull(case.connection(), None):
                    pulled.append(one)
            some = Read(tuple(pulled))
            assert some.versions | read(case, some.reached).versions == whole

    def test_a_connection_that_is_cut_is_tried_again_later(self, case: HttpCase) -> None:
        for act in self.acts(case):
            case.stand_in.order(Cut())
            failure(case, partial(act, case.connection()), Retriable)

    def test_a_silent_tool_is_tried_again_later(self, case: HttpCase) -> None:
        act = self.acts(case)[0]
        case.hurry()
        case.stand_in.order(Hang(10))
        failure(case, partial(act, case.connection()), Retriable)

    @pytest.mark.parametrize("body", NONSENSE)
    def test_an_answer_that_makes_no_sense_is_an_error_that_shows_none_of_it(self, case: HttpCase, body: str) -> None:
        reading, *writing = self.acts(case)
        case.stand_in.order(Answer(200, body.format(mark=case.marks[0])))
        failure(case, partial(reading, case.connection()))
        for act in writing:  # to a write, an answer without a word can be enough
            case.stand_in.order(Answer(200, body.format(mark=case.marks[0])))
            with suppress(AdapterError):
                act(case.connection())
            case.stand_in.forgive()

    def test_the_check_says_in_one_issue_that_the_tool_is_away(self, case: HttpCase) -> None:
        case.stand_in.fail(503)
        assert any(issue.blocks and issue.code == "transient" for issue in case.adapter.check(case.connection()))

    @pytest.mark.parametrize("status", [401, 429, 503])
    def test_after_a_refusal_nothing_more_is_asked(self, case: HttpCase, status: int) -> None:
        """Whoever runs the door decides when it asks again; a door that tries by itself is what limits are made against."""
        act = self.acts(case)[0]
        asked = len(case.stand_in.asked)
        case.stand_in.fail(status, times=9)
        failure(case, partial(act, case.connection()))
        assert len(case.stand_in.asked) - asked <= RENEWED
