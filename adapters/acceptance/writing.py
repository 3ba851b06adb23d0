"""What a door must hold that writes back: the same parcel twice has the effect of once, and does not come back as a change."""

from adapters.acceptance.case import Case, HttpCase, read
from adapters.acceptance.quiet import Quiet
from hub.errors import Retriable


class WritesBack(Quiet):
    """Follow-ups out, into the rows that they are about."""

    def test_a_follow_up_reaches_the_tool(self, case: Case) -> None:
        before = case.told()
        case.adapter.push(case.connection(), [case.follow_up(read(case).records[0])])
        assert case.told() != before

    def test_the_same_follow_up_again_has_the_effect_of_once(self, case: Case) -> None:
        follow_up = case.follow_up(read(case).records[0])
        case.adapter.push(case.connection(), [follow_up])
        once = case.told()
        case.adapter.push(case.connection(), [follow_up])
        case.adapter.push(case.connection(), [follow_up, follow_up])
        assert case.told() == once

    def test_nothing_to_say_changes_nothing(self, case: Case) -> None:
        before = case.told()
        case.adapter.push(case.connection(), [])
        assert case.told() == before

    def test_the_hub_knows_its_own_echo(self, case: Case) -> None:
        before = read(case)
        case.adapter.push(case.connection(), [case.follow_up(before.records[0])])
        assert read(case).versions == before.versions
        assert read(case, before.reached).versions.items() <= before.versions.items()

    def test_only_columns_that_go_back_are_written(self, case: Case) -> None:
        mark = "Fatima-Zahra El Idrissi"
        case.adapter.push(case.connection(), [case.follow_up(read(case).records[0], **{"full_name": mark, mark: mark})])
        assert mark not in str(case.told())

    def test_a_parcel_that_failed_in_the_middle_can_be_sent_again(self, case: Case) -> None:
        follow_ups = [case.follow_up(one, f"task-{number}") for number, one in enumerate(read(case).records[:3])]
        if isinstance(case, HttpCase):
            case.stand_in.fail(503, after=1)
        for _ in range(2):
            try:
                case.adapter.push(case.connection(), follow_ups)
            except Retriable:
                continue
        once = case.told()
        case.adapter.push(case.connection(), follow_ups)
        assert case.told() == once
