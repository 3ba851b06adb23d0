"""Systems of partners that use FHIR clients which others wrote: how they are registered, what they hold, what they may expect.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.oauth import assertion
from tests.support.deployments import Deployment

Resource = dict[str, Any]
SCOPE: Final = "system/*.cruds"


@dataclass(frozen=True)
class Registered:
    """A system that the hub knows. Its private key lies in `key_file`, as `hub client add --generate` wrote it."""

    organization: str
    client_id: str
    key_file: Path
    base_url: str

    @property
    def key(self) -> Resource:
        found: Resource = json.loads(self.key_file.read_text("utf-8"))
        return found

    def assertion(self) -> str:
        """Who asks, signed: what a client sends whose authors wrote no signature."""
        return assertion.sign(self.key, self.client_id, self._endpoint(), now=datetime.now(UTC))

    def token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "scope": SCOPE,
            "client_assertion_type": assertion.TYPE,
            "client_assertion": self.assertion(),
        }
        return str(httpx2.post(self._endpoint(), data=form).raise_for_status().json()["access_token"])

    def _endpoint(self) -> str:
        found = httpx2.get(f"{self.base_url}/.well-known/smart-configuration").raise_for_status().json()
        return str(found["token_endpoint"])


def register(deployment: Deployment, organization: str, folder: Path) -> Registered:
    client_id, key_file = f"{organization}-client", folder / f"{organization}.key.json"
    deployment.hub(
        *("client", "add", "--organization", organization, "--id", client_id),
        *("--scope", SCOPE, "--generate", str(key_file)),
    )
    return Registered(organization, client_id, key_file, deployment.base_url)


def need(base_url: str, code: str, type_: str = "") -> None:
    """Skip a test of what the CapabilityStatement does not declare: an interaction, or an operation (`$export`)."""
    statement = httpx2.get(f"{base_url}/metadata").json()
    (rest,) = statement["rest"]
    if not (code in statement["patchFormat"] if type_ == "patch" else declares(rest, code, type_)):
        pytest.skip(f"the CapabilityStatement does not declare {code}{f' of {type_}' if type_ else ''}")


def declares(rest: Resource, code: str, type_: str = "") -> bool:
    of_type = next((one for one in rest["resource"] if one["type"] == type_), {}) if type_ else rest
    if code.startswith("$"):
        places = (of_type, rest)
        return any(f"${one['name']}" == code for place in places for one in place.get("operation", ()))
    listed = {one["code"] for one in of_type.get("interaction", ())}
    return code in listed or bool(of_type.get(code)) is True


def survivor(registered: Registered, number: str) -> Resource:
    """A survivor as an association sends her."""
    return {
        "resourceType": "Patient",
        "meta": {"profile": [profile("survivor")]},
        "identifier": [
            {
                "type": {"coding": [{"system": code_system("identifier-type"), "code": "survivor-code"}]},
                "system": identifier_system("survivor-code"),
                "value": number,
            }
        ],
        "active": True,
        "gender": "female",
        "birthDate": "1990-05-02",
        "name": [{"family": "Benhaddou", "given": ["Naïma"]}],
        "managingOrganization": {"reference": f"Organization/{registered.organization}"},
    }


def case(patient: str, keeper: Registered, number: str) -> Resource:
    """A case of hers, which its keeper may delete."""
    return {
        "resourceType": "EpisodeOfCare",
        "meta": {"profile": [profile("case")]},
        "identifier": [
            {
                "type": {"coding": [{"system": code_system("identifier-type"), "code": "case-number"}]},
                "system": identifier_system("case-number"),
                "value": number,
            }
        ],
        "status": "active",
        "type": [_coded(code_system("case-type"), "gbv")],
        "patient": {"reference": patient},
        "managingOrganization": {"reference": f"Organization/{keeper.organization}"},
        "period": {"start": "2026-03-12"},
    }


def consent(patient: str, *, keeper: Registered, to: Registered) -> Resource:
    """She agreed that the other party sees the core of her record."""
    today = date.today().isoformat()
    return {
        "resourceType": "Consent",
        "meta": {"profile": [profile("consent")]},
        "status": "active",
        "scope": _coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_coded("http://loinc.org", "59284-0")],
        "patient": {"reference": patient},
        "dateTime": today,
        "performer": [{"reference": patient}],
        "organization": [{"reference": f"Organization/{keeper.organization}"}],
        "verification": [{"verified": True, "verificationDate": today}],
        "policyRule": _coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "provision": {
            "period": {"start": today},
            "provision": [
                {
                    "type": "permit",
                    "actor": [
                        {
                            "role": _coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                            "reference": {"reference": f"Organization/{to.organization}"},
                        }
                    ],
                    "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "COC"}],
                    "class": [{"system": code_system("data-class"), "code": "core"}],
                }
            ],
        },
    }


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}
