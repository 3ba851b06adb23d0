"""The contract is read before any property is timed."""

import pytest

from hub.fhir.definitions import load


@pytest.fixture(scope="session", autouse=True)
def _contract() -> None:
    load()
