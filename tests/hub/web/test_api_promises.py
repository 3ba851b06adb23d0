"""The register of what the FHIR API promises: nothing in it is without a test, and every test that it names exists."""

from urllib.parse import urlsplit

import pytest

from tests.support.promises import Promise, Register

REGISTER = Register("hub/web/promises.yaml", frozenset({"promise", "see", "tests"}))
COUNT = 140  # whoever takes a promise away says so here


@pytest.mark.parametrize(("group", "promise"), REGISTER.promises, ids=REGISTER.names)
def test_a_promise_of_the_api_is_proved_by_tests_that_exist(group: str, promise: Promise) -> None:
    REGISTER.require_proved(promise)
    address = urlsplit(promise.get("see", "https://hl7.org/"))
    assert (address.scheme, bool(address.netloc)) == ("https", True)


def test_no_promise_of_the_api_is_lost_and_none_is_said_twice() -> None:
    REGISTER.require_each_once(COUNT)


def test_the_tests_that_prove_the_api_are_collected(request: pytest.FixtureRequest) -> None:
    REGISTER.require_collected(request)
