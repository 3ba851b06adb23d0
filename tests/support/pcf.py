"""The forms of consent that IHE publishes as examples of PCF, as provisions: https://github.com/IHE/ITI.PCF (input/fsh/consent.fsh).

Written anew from what each example says, with organisations and records of our servers. Four deviations: the published
examples carry a narrative (refused here: no data class covers it), their references and policies are those of the guide,
`advanced-normal-not-restricted` has the title of another example, and `psy-or-sdv` and the two on breaking the glass are
described by the guide and not in its source.
"""

from dataclasses import dataclass
from typing import Any

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, profile
from tests.support.consents import REASON

Part = dict[str, Any]
WHO = "Patient/0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31"


@dataclass(frozen=True)
class Form:
    """`option`: the least of the three options that allows it."""

    name: str
    option: str
    provision: Part

    def __str__(self) -> str:
        return self.name


def purposes(*codes: str) -> Part:
    return {"purpose": [{"system": REASON, "code": code} for code in codes]}


def to(*references: str) -> Part:
    role = {"coding": [{"system": f"{TERMINOLOGY}/v3-ParticipationType", "code": "IRCP"}]}
    return {"actor": [{"role": role, "reference": {"reference": reference}} for reference in references]}


def labels(*codes: str) -> Part:
    systems = {"N": "v3-Confidentiality", "R": "v3-Confidentiality"}
    system = {code: f"{TERMINOLOGY}/{systems.get(code, 'v3-ActCode')}" for code in codes}
    return {"securityLabel": [{"system": system[code], "code": code} for code in codes]}


def data(meaning: str, *references: str) -> Part:
    return {"data": [{"meaning": meaning, "reference": {"reference": reference}} for reference in references]}


CARE = purposes("TREAT", "HPAYMT", "HOPERAT")
PERMIT, DENY = {"type": "permit"}, {"type": "deny"}
YES, NO = PERMIT | CARE, DENY | CARE
YEAR = {"dataPeriod": {"start": "2022-01", "end": "2022-12"}}
DOCTOR = to("Practitioner/amal")
RECORDS = ["Encounter/e1", "Observation/o1", "Observation/o2", "Observation/o3", "Observation/o4", "Observation/o5"]


def but(whole: Part, *exceptions: Part) -> Part:
    return whole | {"provision": list(exceptions)}


PUBLISHED = (
    Form("basic-treat", "basic", YES),
    Form("basic-ink", "basic", YES),
    Form("expired-treat", "basic", YES | {"period": {"end": "2022-12-31"}}),
    Form("basic-reject", "basic", NO),
    Form("intermediate-timeframe", "intermediate", YES | YEAR),
    Form("intermediate-not-timeframe", "intermediate", but(YES, DENY | YEAR)),
    Form("intermediate-authoredby", "intermediate", YES | data("authoredby", "Practitioner/amal")),
    Form("intermediate-not-authoredby", "intermediate", but(YES, DENY | data("authoredby", "Practitioner/amal"))),
    Form("intermediate-encounter", "intermediate", YES | data("related", "Encounter/e1")),
    Form("intermediate-not-encounter", "intermediate", but(YES, DENY | data("related", "Encounter/e1"))),
    Form("intermediate-data", "intermediate", YES | data("instance", *RECORDS)),
    Form("intermediate-not-data", "intermediate", but(YES, DENY | data("instance", "Observation/o5"))),
    Form(
        "intermediate-purpose",
        "intermediate",
        PERMIT
        | to("Organization/chu")
        | {"purpose": [{"system": "https://partner.example/purpose", "code": "FooBar"}]},
    ),
    Form("dissent-intermediate-break-glass", "intermediate", but(DENY, PERMIT | purposes("BTG"))),
    Form("advanced-normal", "advanced", YES | labels("N")),
    Form("advanced-normal-restricted", "advanced", YES | labels("N", "R")),
    Form("advanced-normal-not-restricted", "advanced", but(YES | labels("N"), DENY | labels("R"))),
    Form("advanced-normal-focused-restricted", "advanced", but(YES | DOCTOR | labels("N"), PERMIT | labels("R"))),
    Form("advanced-normal-focused-psy", "advanced", but(YES | DOCTOR | labels("N"), PERMIT | labels("PSY"))),
    Form(
        "advanced-normal-focused-psy-or-sex", "advanced", but(YES | DOCTOR | labels("N"), PERMIT | labels("PSY", "SEX"))
    ),
    Form(
        "advanced-normal-focused-psy-or-sdv", "advanced", but(YES | DOCTOR | labels("N"), PERMIT | labels("PSY", "SDV"))
    ),
    Form(
        "advanced-normal-break-glass-restricted",
        "advanced",
        but(YES | labels("N"), PERMIT | purposes("BTG") | labels("R")),
    ),
)


def consent(provision: Part, under: str) -> Resource:
    """A whole Consent as the examples are, that says to conform to the profile `under`."""
    return {
        "resourceType": "Consent",
        "id": "c1",
        "meta": {"profile": [profile(under)], "security": [{"system": REASON, "code": "HTEST"}]},
        "status": "active",
        "scope": {"coding": [{"system": f"{TERMINOLOGY}/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0", "display": "Consent"}]}],
        "patient": {"reference": WHO},
        "dateTime": "2022-06-13",
        "performer": [{"reference": WHO}],
        "organization": [{"reference": "Organization/yasmine"}],
        "sourceReference": {"reference": "DocumentReference/d1"},
        "policy": [{"uri": "https://yasmine.example/policies/sharing"}],
        "provision": provision,
    }
