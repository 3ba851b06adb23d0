"""What a door must hold that can prove a record gone: it says so after a whole scan, and only then."""

import contextlib

from adapters.acceptance.case import Case, begun, read
from adapters.acceptance.quiet import Quiet
from hub.errors import AdapterError
from hub.ports import Complete, Pulled


class Scans(Quiet):
    """`complete-scan`: all that is in the tool was given, as a record or as present."""

    def test_a_whole_pull_says_of_every_kind_that_it_is_complete(self, case: Case) -> None:
        whole = read(case)
        assert whole.complete == set(case.adapter.manifest.kinds)
        assert whole.present == whole.versions.keys()

    def test_a_record_that_is_gone_is_not_among_those_present(self, case: Case) -> None:
        before = read(case)
        case.delete()
        after = read(case, before.reached)
        assert after.complete
        (gone,) = before.versions.keys() - after.present
        assert gone not in read(case).versions

    def test_a_deletion_is_told_again_until_a_watermark_stands_after_it(self, case: Case) -> None:
        before = read(case)
        case.delete()
        first = read(case, before.reached)
        told = next(number for number, one in enumerate(first.pulled) if isinstance(one, Complete))
        assert not any(one == first.reached for one in first.pulled[:told]), "else a crash between the two loses it"
        assert read(case, first.reached).pulled == ()

    def test_what_is_spoilt_is_still_there(self, case: Case) -> None:
        before = read(case)
        case.spoil()
        assert len(read(case, before.reached).present) == len(before.versions)

    def test_a_pull_that_was_cut_short_has_proved_nothing_that_the_next_does_not(self, case: Case) -> None:
        some, rest = begun(case, records=1)
        getattr(rest, "close")()  # noqa: B009 — an Iterator by its type, a generator by the kit's demand
        whole = read(case)
        assert not some.complete or some.present <= whole.present

    def test_a_pull_that_fails_proves_nothing(self, case: Case) -> None:
        stand_in = getattr(case, "stand_in", None)
        if stand_in is None:
            return
        stand_in.fail(503)
        pulled: list[Pulled] = []
        with contextlib.suppress(AdapterError):
            pulled += case.adapter.pull(case.connection(), None)
        assert not any(isinstance(one, Complete) for one in pulled)
