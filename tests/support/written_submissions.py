"""Submissions of a KoboToolbox project as its API gives them, each of a woman who agreed to be referred to the hospital."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

VISIT: Final = date(2026, 3, 9)
ASSET: Final = "aArganierIntake"

Submission = dict[str, Any]


def agreed_case(number: int) -> Submission:
    version = str(UUID(int=0xA000 + number, version=4))
    return {
        "_id": 400 + number,
        "_uuid": version,
        "meta/instanceID": f"uuid:{version}",
        "meta/rootUuid": f"uuid:{version}",
        "_xform_id_string": ASSET,
        "_submission_time": f"{VISIT.isoformat()}T09:00:00",
        "date_accueil": VISIT.isoformat(),
        "identite/code_survivante": f"ARG-K-{number:03}",
        "identite/nom": "Nom Inventé",
        "identite/age": "31",
        "identite/province": "casablanca",
        "faits/types_violence": "physical",
        "faits/date_faits": (VISIT - timedelta(days=2)).isoformat(),
        "besoins/services": "medical",
        "consentement/partage": "oui",
        "consentement/date": VISIT.isoformat(),
        "references": [
            {
                "references/service": "medical",
                "references/vers": "CHU Atlas",
                "references/date": VISIT.isoformat(),
                "references/urgence": "72h",
            }
        ],
    }
