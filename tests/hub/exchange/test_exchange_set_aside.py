"""What is set aside, for whoever keeps the source: grouped by what is wrong with which column, without what a record says."""

from dataclasses import dataclass

import pytest

from hub import mapping
from hub.errors import NOT_FOUND, HubError
from hub.exchange import set_aside
from hub.exchange.set_aside import in_reading_order, is_outdated
from hub.exchange.upload import Door
from hub.ports import Caller, Connection
from tests.hub.exchange.test_exchange_pull_publish import rows
from tests.support.association import ASSOCIATION, Scene, hospital

ASKER = Caller("console", ASSOCIATION, "COC")


@dataclass
class Standing:
    connection: Connection
    mapping: mapping.Mapping
    adapter: None = None


def doors(at: Scene) -> dict[str, Door]:
    return {at.connection.id: Standing(at.connection, at.form)}  # type: ignore[dict-item]  # nothing is pulled here


def reasons(at: Scene) -> set_aside.Reasons:
    return set_aside.reasons(at.connection.id, ASKER, doors=doors(at), hub=at.hub)


def test_what_no_list_knows_is_one_reason_whatever_words_are_proposed_instead(at: Scene) -> None:
    at.receive(
        *(
            row
            for n, word in enumerate(["jurdique", "lunaire", "physik"])
            for row in rows(at, range(n, n + 1), violence_types=word)
        )
    )
    proposed = {issue.params["known"] for one in at.store.quarantine() for issue in one.issues}
    assert len(proposed) > 1
    (one,) = reasons(at).reasons
    assert (one.issue.text, one.count) == ("mapping.code-unknown", 3)
    assert not {"jurdique", "lunaire", "physik"} & set(one.issue.params.values())


def test_what_is_too_long_for_the_contract_is_told_by_the_column_in_which_it_stands(at: Scene) -> None:
    at.receive(at.row(full_name="Nom " * 2000))
    (kept,) = at.store.quarantine()
    assert {issue.text.partition(".")[0] for issue in kept.issues} == {"conformance"}
    (one,) = reasons(at).reasons
    assert (one.issue.text, one.issue.column, one.issue.path) == ("receive.column-does-not-fit", "Nom et prénom", "")


def test_places_are_in_the_order_of_the_register_and_kept_only_as_many_as_are_asked_for(at: Scene) -> None:
    at.receive(*reversed(rows(at, range(1, 31), visit_date="hier")))
    (one,) = reasons(at).reasons
    assert one.places == tuple(f"sheet 1, row {number}" for number in range(2, 2 + set_aside.FIRST))
    asked = set_aside.reason(at.connection.id, one.id, ASKER, most=20, doors=doors(at), hub=at.hub)
    assert (asked.count, len(asked.places), asked.places[-1]) == (30, 20, "sheet 1, row 21")
    assert (
        in_reading_order("sheet 2, row 9") < in_reading_order("sheet 2, row 10") < in_reading_order("sheet 10, row 1")
    )


def test_nothing_is_found_for_another_organisation(at: Scene) -> None:
    at.receive(at.row(visit_date="hier"))
    (one,) = reasons(at).reasons
    stranger, how = hospital(), {"doors": doors(at), "hub": at.hub}
    assert set_aside.overview(stranger, **how) == []
    before = at.everything()
    for ask in (
        lambda: set_aside.reasons(at.connection.id, stranger, **how),
        lambda: set_aside.reason(at.connection.id, one.id, stranger, most=1, **how),
        lambda: set_aside.try_again(at.connection.id, stranger, **how),
    ):
        with pytest.raises(HubError) as refused:
            ask()
        assert refused.value.problem is NOT_FOUND
    assert at.everything() == before


def test_what_is_mended_meanwhile_is_out_of_it_and_what_is_discarded_too(at: Scene) -> None:
    first, second = rows(at, range(1, 3), visit_date="hier")
    at.receive(first, second)
    at.receive(*rows(at, range(1, 2)))
    found = reasons(at)
    assert found.all is not None and (found.all.count, found.read, found.reasons[0].count) == (1, 1, 1)
    at.receive(*rows(at, range(2, 3)))
    assert (reasons(at).all, reasons(at).reasons) == (None, ())


def test_an_answer_about_a_referral_is_not_outdated_by_being_read_with_its_own_mapping() -> None:
    form = mapping.load("hl7v2/ref-i12")
    (answer, *_) = form.answers.values()
    assert not is_outdated(f"{answer.id}@{answer.version}", form)
    assert not is_outdated(f"{form.id}@{form.version}", form)
    assert is_outdated(f"{form.id}@0", form)
