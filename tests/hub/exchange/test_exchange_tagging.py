"""Labels that a keeper adds: what a consent opens up to a mark is closed by a higher one, at once, and opens when it goes."""

import pytest

from hub.consent.conditions import DATA_CLASS
from hub.errors import NOT_FOUND, HubError
from hub.exchange import tagging
from hub.fhir.data_classes import CONFIDENTIALITY
from hub.fhir.references import reference, split
from tests.hub.exchange.test_exchange_people import agreed
from tests.support.association import HOSPITAL, Scene, association, hospital
from tests.support.consents import permit

VERY_RESTRICTED = {"security": [{"system": CONFIDENTIALITY, "code": "V"}]}


def test_a_stricter_label_hides_what_a_consent_opens_only_up_to_a_label(at: Scene) -> None:
    classes = {"class": [{"system": DATA_CLASS, "code": one} for one in ("core", "needs-and-services")]}
    agreed(at, permit(HOSPITAL) | classes | {"securityLabel": [{"system": CONFIDENTIALITY, "code": "R"}]})
    case = reference(at.one("EpisodeOfCare"))
    assert at.read(case, hospital())
    tagging.add(*split(case), VERY_RESTRICTED, association(), hub=at.hub)
    with pytest.raises(HubError) as hidden:
        at.read(case, hospital())
    assert hidden.value.problem is NOT_FOUND
    tagging.remove(*split(case), VERY_RESTRICTED, association(), hub=at.hub)
    assert at.read(case, hospital())


def test_two_changes_at_the_same_time_are_both_there(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is computed again from what the first left."""
    at.receive(at.row())
    case = reference(at.one("EpisodeOfCare"))
    commit, meddled = at.hub.store.commit, []

    def meddling(changes: object) -> None:
        if not meddled and getattr(changes, "persons", None):
            meddled.append(True)
            tagging.add(*split(case), {"tag": [{"code": "first"}]}, association(), hub=at.hub)
        commit(changes)  # type: ignore[arg-type]

    monkeypatch.setattr(at.hub.store, "commit", meddling)
    tagging.add(*split(case), {"tag": [{"code": "second"}]}, association(), hub=at.hub)
    assert at.one("EpisodeOfCare")["meta"]["tag"] == [{"code": "first"}, {"code": "second"}]
