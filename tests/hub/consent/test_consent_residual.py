"""The residual rules of a token let nothing flow that the consent does not permit."""

from typing import Any

import pytest

from hub.consent.provisions import PurposesUnder
from hub.consent.residual import Asker, residual
from hub.fhir import Resource
from tests.support.consents import REASON, consent, permit, provision

ASKER = Asker("chu", "COC", PurposesUnder())
FORBID, N = {"type": "forbid"}, [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]
R = [N[0] | {"code": "R"}]
YEAR = {"start": "2026-01-01", "end": "2026-12-31"}
ONE = [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]


def root(type_: str | None = None, *below: Resource, **elements: Any) -> Resource:
    return provision(type_, exceptions=below) | elements


CASES: dict[str, tuple[Resource, list[Resource]]] = {
    "a permit without limits leaves nothing to do": (root("permit"), []),
    "a limit at the root forbids all and permits that": (
        root("permit", dataPeriod=YEAR),
        [FORBID, {"type": "permit", "dataPeriod": YEAR}],
    ),
    "a denial below a permit forbids that": (
        root("permit", root("deny", securityLabel=R)),
        [{"type": "forbid", "securityLabel": R}],
    ),
    "a permit below a silent root is all that flows": (
        root(None, permit("chu") | {"data": ONE}),
        [FORBID, {"type": "permit", "data": ONE}],
    ),
    "and below a root that denies": (
        root("deny", permit("chu") | {"securityLabel": N}),
        [FORBID, {"type": "permit", "securityLabel": N}],
    ),
    "of a silent root with a permit without limits nothing is left": (root(None, permit("chu")), []),
    "a permit for somebody else is not said": (root(None, permit("tribunal") | {"data": ONE}), [FORBID]),
    "nor one for another purpose": (
        root(None, permit("chu") | {"data": ONE}, permit("chu", purposes=["TREAT"])),
        [FORBID, {"type": "permit", "data": ONE}],
    ),
    "nor one whose actor is not understood": (
        root(None, permit("chu") | {"actor": [{"reference": {"reference": "Group/1"}}]}),
        [FORBID],
    ),
    "nor one whose purpose is not": (
        root(None, permit("chu") | {"purpose": [{"system": REASON, "code": "no-such-purpose"}]}),
        [FORBID],
    ),
    "a denial inside of a limited permit cannot be said": (
        root("permit", root("deny", securityLabel=R), dataPeriod=YEAR),
        [FORBID],
    ),
    "nor one beside limited permits": (root(None, permit("chu") | {"data": ONE}, root("deny", data=ONE)), [FORBID]),
    "data classes cannot be said": (root(None, permit("chu", ["core"])), [FORBID]),
    "nor at the root": (root("permit", **{"class": permit("chu", ["core"])["class"]}), [FORBID]),
    "nor the period of an exception": (root(None, permit("chu") | {"period": YEAR}), [FORBID]),
    "nor an exception to an exception": (root("permit", root("deny", root("permit"))), [FORBID]),
    "nor a limit that a silent root sets": (root(None, permit("chu"), dataPeriod=YEAR), [FORBID]),
    "a root that says nothing": (root(), [FORBID]),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_can_be_said_is_said_and_the_rest_stays_forbidden(case: str) -> None:
    said, expected = CASES[case]
    assert list(residual([consent(said)], ASKER)) == expected


def test_several_consents_are_put_together_where_each_only_permits() -> None:
    one, other = root("permit", dataPeriod=YEAR), root("permit", securityLabel=N)
    permits = [{"type": "permit", "dataPeriod": YEAR}, {"type": "permit", "securityLabel": N}]
    assert list(residual([consent(one), consent(other)], ASKER)) == [FORBID, *permits]
    assert list(residual([consent(one), consent(one)], ASKER)) == [FORBID, permits[0]]


def test_several_that_say_different_things_leave_all_forbidden() -> None:
    denying = root("permit", root("deny", securityLabel=R))
    assert list(residual([consent(denying), consent(root("permit"))], ASKER)) == [FORBID]
