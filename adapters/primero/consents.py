"""What she lets be told to whom: eight sectors, each with the organisation that it is about, in one form."""

from collections.abc import Mapping
from typing import Any, Final

CONSENTS: Final = "consents"
AGREED: Final = "agreed"
SECTORS: Final = ("security", "psychosocial", "health", "safehouse", "legal", "protection", "livelihoods", "other")


OF_SERVICES: Final[Mapping[str, str]] = {
    "police_other_service": "security",
    "psychosocial_service": "psychosocial",
    "health_medical_service": "health",
    "safehouse_service": "safehouse",
    "legal_assistance_service": "legal",
    "child_protection_service": "protection",
    "livelihoods_service": "livelihoods",
}
"""The sector of a type of service, also where a server has it in the plural; any other service is of the last."""


def answered(case: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of services with her no, where she said so for its sector. That nobody asked is no answer."""
    sector = OF_SERVICES.get(str(row.get("service_type", "")).removesuffix("s"), "other")
    said_no = case.get(f"consent_to_share_info_by_{sector}") in (False, "false")
    return {**row, **({AGREED: "no"} if said_no and row.get("service_type") else {})}


def consents(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """To which of the eight sectors she lets something be told, each with whom it names: the form has fields for each. No answer
    is a no, and a no is not listed."""
    found = []
    for sector in SECTORS:
        answer = case.get(f"consent_to_share_info_by_{sector}")
        named = case.get(f"consent_to_share_{sector}_organization")
        if answer not in (None, "", False, "false"):
            found.append(
                {"sector": sector, "answer": str(answer).lower(), **({"organization": named} if named else {})}
            )
    return found


def consent_fields() -> frozenset[str]:
    """The fields of the form that these decisions stand in."""
    asked = {f"consent_to_share_info_by_{sector}" for sector in SECTORS}
    return frozenset(asked | {f"consent_to_share_{sector}_organization" for sector in SECTORS})
