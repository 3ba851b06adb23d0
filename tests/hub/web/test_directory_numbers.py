"""Services and places are found by the number that a list of them gives (IHE mCSD, ITI-90), and shelters by none.

https://profiles.ihe.net/ITI/mCSD/ITI-90.html
"""

from collections.abc import Callable

import pytest

from hub.conformance import examine
from hub.exchange import Hub
from hub.exchange.publish import publish
from hub.fhir import Resource
from tests.support.accompanied import body
from tests.support.parties import Party
from tests.support.services import service
from tests.support.written import example

LIST = "https://partner.example/annuaire"


@pytest.fixture
def found(hub: Hub, party: Callable[..., Party]) -> Callable[[str], list[str]]:
    numbered = {"identifier": [{"system": LIST, "value": "S-9"}]}
    place: Resource = {**example("location"), "id": "numbered-site", "identifier": [{"system": LIST, "value": "L-9"}]}
    publish([service("numbered", "medical", "chu") | numbered, service("plain", "medical", "chu"), place], hub=hub)

    def search(asked: str) -> list[str]:
        return [one["resource"]["id"] for one in body(party("chu").get(f"/fhir/{asked}")).get("entry", ())]

    return search


def test_a_number_finds_what_the_list_gives_it(found: Callable[[str], list[str]]) -> None:
    assert found(f"HealthcareService?identifier={LIST}|S-9") == ["numbered"]
    assert found("Location?identifier=L-9") == ["numbered-site"]


def test_the_number_of_another_list_finds_nothing(found: Callable[[str], list[str]]) -> None:
    assert found("HealthcareService?identifier=https://atlas.example/list|S-9") == []
    assert found(f"Location?identifier={LIST}|S-9") == []


def test_a_shelter_can_have_no_number() -> None:

    shelter = {**example("shelter-location"), "identifier": [{"system": LIST, "value": "L-1"}]}
    assert [issue.path for issue in examine(shelter) if issue.blocks] == ["Location.identifier"]
