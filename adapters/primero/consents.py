"""What she lets be told to whom: eight sectors, each with the organisation that it is about, in one form."""

from collections.abc import Mapping
from typing import Any, Final

CONSENTS: Final = "consents"
SECTORS: Final = ("security", "psychosocial", "health", "safehouse", "legal", "protection", "livelihoods", "other")


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
