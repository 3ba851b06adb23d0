"""What proves that a submission was deleted, and what does not."""

from dataclasses import replace

import pytest

from adapters.kobo import adapter
from hub.errors import Retriable
from hub.ports import Complete, Present, SourceRecord, Watermark


def present(pulled):
    return {id_ for one in pulled if isinstance(one, Present) for id_ in one.ids}


def test_a_deletion_is_proved_before_anything_is_read_again(kobo_connection, project, reach):
    reached = reach(kobo_connection())
    gone = project.submission(402)["meta/rootUuid"]
    project.delete(402)
    pulled = list(adapter.pull(kobo_connection(), reached))
    assert gone not in present(pulled) and len(present(pulled)) == 139
    kinds = [type(one) for one in pulled]
    assert kinds.index(Complete) < min(kinds.index(SourceRecord), kinds.index(Watermark))


def test_a_deletion_at_the_end_of_the_list_is_proved_though_nothing_is_read(kobo_connection, project, reach):
    for number in range(513, 541):
        project.delete(number)
    reached = reach(kobo_connection())
    project.delete(512)
    pulled = list(adapter.pull(kobo_connection(), reached))
    assert len(present(pulled)) == 111 and Complete("submission") in pulled


def test_a_list_that_is_not_read_to_its_end_proves_nothing(kobo_connection, project):
    project.fail(503, after=1)
    pulled = []
    with pytest.raises(Retriable):
        for one in adapter.pull(kobo_connection(page_size=50), None):
            pulled.append(one)
    assert pulled == []


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_a_list_that_is_shorter_than_the_server_says_proves_nothing(kobo_connection, project, reach, pages):
    """A page that ends too soon and leads to no other, as a proxy or a timeout of the database makes it."""
    reached, whole = reach(kobo_connection(page_size=50)), project.answer
    project.asked.clear()

    def cut_short(asked):
        fault, told = whole(asked)
        if len(project.asked) <= pages:
            return fault, told
        short = replace(told, body={**told.body, "results": told.body["results"][:5], "next": None})
        return short, short

    project.answer = cut_short
    pulled = []
    with pytest.raises(Retriable):
        for one in adapter.pull(kobo_connection(page_size=50), reached):
            pulled.append(one)
    assert pulled == [] and len(project.asked) == pages + 1


def test_what_is_deleted_while_the_list_is_read_shifts_no_other_from_it(kobo_connection, project):
    """By `start` and `limit` the fifty-first of the second page would be passed over, and taken for deleted."""
    answer = project.answer

    def shrinking(asked):
        if len(project.asked) == 1:
            project.delete(401)
        return answer(asked)

    project.answer = shrinking
    pulled = list(adapter.pull(kobo_connection(page_size=50), None))
    assert {project.submission(number)["meta/rootUuid"] for number in project.numbers} <= present(pulled)


def test_a_submission_whose_approval_is_taken_back_is_still_there(kobo_connection, project):
    connection = kobo_connection(only_validated=True)
    pulled = list(adapter.pull(connection, None))
    assert len(present(pulled)) == 140
    assert not [one for one in pulled if isinstance(one, SourceRecord)]
