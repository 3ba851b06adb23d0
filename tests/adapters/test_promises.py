"""The register of what the doors promise: nothing in it is without a test, and every test that it names exists."""

import pytest

from tests.support.promises import TESTS, Register

REGISTER = Register("adapters/promises.yaml", elsewhere={"kit": TESTS.parent / "adapters" / "acceptance"})
COUNT = 161  # whoever takes a promise away says so here


@pytest.mark.parametrize(("group", "promise"), REGISTER.promises, ids=REGISTER.names)
def test_a_promise_is_proved_by_tests_that_exist(group, promise):
    REGISTER.require_proved(promise)


def test_no_promise_is_lost_and_none_is_said_twice():
    REGISTER.require_each_once(COUNT)


def test_the_tests_that_are_named_are_collected(request):
    REGISTER.require_collected(request)


def test_every_door_passes_the_kit():
    doors = {path.parent.name for path in TESTS.parent.glob("adapters/*/manifest.py")}
    assert doors == {path.stem.removeprefix("test_kit_") for path in TESTS.glob("adapters/test_kit_*.py")}
    assert len(doors) == 9
