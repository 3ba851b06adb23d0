"""Earlier versions where a consent speaks of what stands in a record: it is asked of the present version, and opens that alone.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.securityLabel
"""

from collections.abc import Callable
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from tests.support.consents import asked, permit, provision
from tests.support.parties import Party
from tests.support.shared_case import CLASSES, SharedCase, as_new, share, stored, to

VERY = {"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": "V"}
RESTRICTED = {"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": "R"}


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


def only(case: SharedCase, **limits: Any) -> None:
    """Her consent is replaced by one that is limited so."""
    patient = to(case.patient)
    said = permit("chu", CLASSES) | limits
    written = as_new("consent", "sourceReference", "verification") | {
        "patient": patient, "performer": [patient], "organization": [to("Organization/amal")],
        "provision": provision(exceptions=[said]),
    }  # fmt: skip
    stored(case.keeper, asked(written))
    case.withdraw()


def meta(case: SharedCase, how: str, label: Resource) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"security": [label]}}]}
    assert case.keeper.send("POST", f"/fhir/{case.case}/$meta-{how}", body).status_code == 200


def seen(case: SharedCase, by: Party) -> dict[str, list[str]]:
    """The versions of her case that each exit tells."""
    type_ = case.case.partition("/")[0]
    ways = (f"{case.case}/_history", f"{type_}/_history", "_history", f"{type_}/_history?_since=2020-01-01")
    found = {way: by.get(f"/fhir/{way}").json or {} for way in ways}
    versions = {
        way: [
            entry["response"]["etag"] for entry in bundle.get("entry", ()) if entry["fullUrl"].endswith(f"/{case.case}")
        ]
        for way, bundle in found.items()
    }
    total = found[ways[0]].get("total")
    assert total in {None, len(versions[ways[0]])}
    read = [f'W/"{n}"' for n in range(9, 0, -1) if by.get(f"/fhir/{case.case}/_history/{n}").status_code == 200]
    return versions | {"vread": read}


def test_an_earlier_version_with_a_graver_label_than_now_stays_closed(case: SharedCase) -> None:
    meta(case, "add", VERY)
    meta(case, "delete", VERY)
    only(case, securityLabel=[RESTRICTED])
    assert case.reader.get(f"/fhir/{case.case}").status_code == 200
    newest = case.keeper.get(f"/fhir/{case.case}").headers["ETag"]
    assert set(map(tuple, seen(case, case.reader).values())) == {(newest,)}
    assert all(len(versions) == 3 for versions in seen(case, case.keeper).values())


def test_an_earlier_version_that_tells_of_a_time_that_the_consent_leaves_out_stays_closed(case: SharedCase) -> None:
    case.amend(case.case, period={"start": "2020-05-04"})
    case.amend(case.case, period={"start": "2026-02-03", "end": "2026-02-04"})
    only(case, dataPeriod={"start": "2026-01-01", "end": "2026-12-31"})
    assert case.reader.get(f"/fhir/{case.case}").status_code == 200
    newest = case.keeper.get(f"/fhir/{case.case}").headers["ETag"]
    assert set(map(tuple, seen(case, case.reader).values())) == {(newest,)}


def test_a_version_that_is_hidden_is_as_absent_as_one_that_never_was(case: SharedCase) -> None:
    meta(case, "add", VERY)
    meta(case, "delete", VERY)
    only(case, securityLabel=[RESTRICTED])
    hidden, never = (case.reader.get(f"/fhir/{case.case}/_history/{number}") for number in (2, 77))
    assert (hidden.status_code, hidden.data) == (never.status_code, never.data)
    assert hidden.status_code == 404


@pytest.mark.parametrize("limits", [{}, {"class": None}], ids=["by data class", "by type"])
def test_a_consent_that_asks_nothing_of_the_content_opens_every_version(case: SharedCase, limits: Resource) -> None:
    case.amend(case.case, period={"start": "2020-05-04"})
    type_ = {"system": "http://hl7.org/fhir/resource-types", "code": case.case.partition("/")[0]}
    only(case, **({"class": [*permit("chu", CLASSES)["class"], type_]} if limits else {}))
    assert all(len(versions) == 2 for versions in seen(case, case.reader).values())
