"""A system gives its token back at one server of the deployment: the other one does not know it any more."""

import httpx2

from tests.scenarios.conftest import Stage


def test_a_token_given_back_at_one_server_is_refused_by_the_other(stage: Stage) -> None:
    hospital = stage.hospital
    kept = hospital.show_token()
    there = f"{stage.second_url}/Task?_count=0"
    assert httpx2.get(there, headers=kept).status_code == 200

    given_back = hospital.give_back()
    assert (given_back.status_code, given_back.content) == (200, b"")

    assert httpx2.get(there, headers=kept).status_code == 401
    assert hospital.find("Task", _count="0").status == 200  # with a new token
