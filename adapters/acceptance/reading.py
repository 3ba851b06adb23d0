"""What every pull must hold: ids that stay, watermarks that lose nothing, bad records that stop no others."""

from collections import Counter
from contextlib import suppress
from itertools import pairwise

from adapters.acceptance.case import Case, begun, read
from adapters.acceptance.quiet import Quiet, assert_said, unnamed
from hub.errors import AdapterError, Retriable
from hub.ports import SourceRecord, Watermark


class Reads(Quiet):
    """Records in, each once, whatever happens in between."""

    def test_ids_are_unique_within_a_kind(self, case: Case) -> None:
        counted = Counter((one.kind, one.id) for one in read(case).records)
        assert counted and max(counted.values()) == 1
        assert all(id_ and version for (_, id_), version in read(case).versions.items())

    def test_every_kind_of_the_manifest_is_read_and_no_other(self, case: Case) -> None:
        assert {one.kind for one in read(case).records} == set(case.adapter.manifest.kinds)

    def test_two_pulls_from_the_beginning_bring_the_same(self, case: Case) -> None:
        assert read(case).versions == read(case).versions

    def test_a_second_pull_brings_nothing(self, case: Case) -> None:
        assert read(case, read(case).reached).pulled == ()

    def test_one_more_record_comes_with_the_next_pull(self, case: Case) -> None:
        before = read(case)
        case.add()
        after = read(case, before.reached)
        assert len(after.versions.keys() - before.versions.keys()) == 1
        assert {one: after.versions[one] for one in after.versions if one in before.versions}.items() <= (
            before.versions.items()
        ), "what has not changed has the version that it had"

    def test_an_edit_is_another_version_of_the_same_record(self, case: Case) -> None:
        before = read(case)
        case.edit()
        after, anew = read(case, before.reached), read(case)
        changed = {one for one, version in after.versions.items() if before.versions.get(one) != version}
        assert len(changed) == 1
        assert anew.versions.keys() == before.versions.keys()
        assert {one for one in anew.versions if anew.versions[one] != before.versions[one]} == changed

    def test_what_came_while_nobody_listened_comes_with_the_next_pull(self, case: Case) -> None:
        before = read(case)
        for _ in range(3):
            case.add()
        case.edit()
        found = before.versions | read(case, before.reached).versions
        assert found == read(case).versions

    # watermarks
    def test_nothing_is_lost_after_any_watermark(self, case: Case) -> None:
        whole = read(case)
        taken: dict[tuple[str, str], str] = {}
        left: list[int] = []
        for one in whole.pulled:
            if isinstance(one, SourceRecord):
                taken[one.kind, one.id] = one.version
            elif isinstance(one, Watermark):
                rest = read(case, one).versions
                assert taken | rest == whole.versions
                left.append(len(rest))
        assert left, "a pull that gave records gives a watermark"
        assert all(later <= earlier for earlier, later in pairwise(left)), "a watermark never goes back"

    def test_a_pull_that_was_cut_short_goes_on_without_loss(self, case: Case) -> None:
        whole = read(case).versions
        for records in (1, len(whole) // 2, len(whole) - 1):
            some, rest = begun(case, records=records)
            close = getattr(rest, "close", None)
            assert close is not None, "`pull` is a generator: a crash in the middle closes what it holds open"
            close()
            assert some.versions | read(case, some.reached).versions == whole

    def test_what_arrives_during_a_pull_is_read_by_it_or_by_the_next(self, case: Case) -> None:
        some, rest = begun(case, records=1)
        case.add()
        pulled = list(some.pulled)
        with suppress(Retriable):  # a source that changes under the reader may ask to be read again
            pulled += rest
        reached = next((one for one in reversed(pulled) if isinstance(one, Watermark)), None)
        found = {(one.kind, one.id): one.version for one in pulled if isinstance(one, SourceRecord)}
        assert found | read(case, reached).versions == read(case).versions

    def test_a_watermark_that_means_nothing_hides_nothing(self, case: Case) -> None:
        try:
            found = read(case, Watermark("not a watermark of this door")).versions
        except AdapterError as problem:
            assert_said(case, problem.text, problem.params)
        else:
            assert found == read(case).versions

    # bad records
    def test_one_bad_record_does_not_keep_the_others_out(self, case: Case) -> None:
        before = read(case)
        case.spoil()
        after = read(case, before.reached)
        bad = [one for one in after.records if one.issues and before.versions.get((one.kind, one.id)) != one.version]
        assert len(bad) == 1, "the bad one comes too, with what is wrong with it"
        assert str(bad[0].place), "and says where it stands"
        for issue in bad[0].issues:
            assert_said(case, issue.text, issue.params)
        anew = read(case)
        good = {one: version for one, version in anew.versions.items() if one != (bad[0].kind, bad[0].id)}
        assert len(good) == len(before.versions) - 1 and good.items() <= before.versions.items()

    def test_a_bad_record_is_read_once_too(self, case: Case) -> None:
        case.spoil()
        assert read(case, read(case).reached).pulled == ()

    # silence
    def test_records_show_their_place_and_nothing_else(self, case: Case) -> None:
        case.spoil()
        for one in read(case).pulled:
            assert unnamed(case, repr(one))
            if isinstance(one, SourceRecord):
                assert unnamed(case, f"{one.place} {dict(one.handle)} {dict(one.headers)} {one.issues} {one.version}")

    def test_the_tool_holds_somebody_to_be_silent_about(self, case: Case) -> None:
        content = " ".join(str(dict(one.content)) for one in read(case).records)
        assert case.marks and all(mark.casefold() in content.casefold() for mark in case.marks)
