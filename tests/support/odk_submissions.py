"""Submissions of the intake form as ODK Central tells them: groups nested, numbers as numbers, nulls where nothing was answered."""

from typing import Any, Final

from tests.support.written_registers import VISIT, survivor_code

NAME: Final = "Zineb El Fassi"
PHONE: Final = "0600112233"


def nested(number: int) -> dict[str, Any]:
    """A woman who agreed to be referred to the hospital for medical care."""
    day = VISIT.isoformat()
    return {
        "date_accueil": day,
        "identite": {
            "code_survivante": survivor_code(number, "ODK"), "nom": NAME, "telephone": PHONE, "appel_sur": None,
            "age": 31, "date_naissance": None, "age_estime": None, "province": "casablanca", "langue": "darija",
            "situation_familiale": None,
        },
        "faits": {
            "types_violence": "physical psychological", "date_faits": None, "lieu": "domicile_conjugal",
            "gps": {"type": "Point", "coordinates": [-7.59, 33.57, 0], "properties": {"accuracy": 4}},
        },
        "auteurs": [{"__id": f"a{number}", "relation": "conjoint", "age_groupe": None}],
        "besoins": {"services": "medical"},
        "consentement": {"partage": "oui", "date": day},
        "references": [
            {"__id": f"r{number}", "service": "medical", "vers": "CHU Atlas", "date": day, "urgence": None}
        ],
        "suivi": {"statut_reference": None, "resultat": None},
    }  # fmt: skip
