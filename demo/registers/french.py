"""The register of a legal-aid association: a French Excel saved it as CSV, semicolons and Windows-1252."""

import csv
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from demo.registers.cases import Association
from demo.registers.words import FR, slashed
from demo.registers.writing import Hand, Value

OWN: Final = "arganier-droit"
COUNT: Final = 160

COLUMNS: Final = {
    "case_number": "N° dossier",
    "visit_date": "Date d'accueil",
    "survivor_code": "Code bénéficiaire",
    "full_name": "Nom et prénom",
    "cin": "CIN",
    "phone": "Tél",
    "safe_to_call": "Appel sûr ?",
    "birth_date": "Date de naissance",
    "age": "Âge",
    "address": "Adresse",
    "commune": "Ville",
    "province": "Province",
    "milieu": "Milieu (urbain/rural)",
    "marital_status": "Sit. fam.",
    "children": "Nbre d'enfants",
    "occupation": "Profession",
    "violence_types": "Type(s) de violence",
    "aggressor_relation": "Lien avec l'agresseur",
    "violence_place": "Lieu de la violence",
    "incident_date": "Date des faits",
    "request": "Demande",
    "service_given": "Service rendu",
    "referred_to": "Orientée vers",
    "referral_date": "Date d'orientation",
    "urgency": "Urgence",
    "consent": "Consentement",
    "consent_date": "Date du consentement",
    "outcome": "Suite donnée",
    "remarks": "Observations",
    "worker": "Écoutante",
}


def french_register(path: Path, *, seed: int = 23, until: date | None = None, mark: str | None = None) -> None:
    """Write the register to `path`."""
    random = Random(seed)  # noqa: S311 — fiction
    cases = Association(OWN, "ARG", random, until or date.today(), mark).tell(COUNT)
    with path.open("w", encoding="windows-1252", newline="") as file:
        sheet = csv.writer(file, delimiter=";", lineterminator="\r\n")
        empty = [""] * (len(COLUMNS) - 1)
        sheet.writerow(["ASSOCIATION ARGANIER - Registre d'accueil et d'orientation", *empty])
        sheet.writerow(["", *empty])
        sheet.writerow(COLUMNS.values())
        for position, (_, row) in enumerate(Hand(random, FR).rows(cases)):
            if position and position % 30 == 0:
                sheet.writerow(["", *empty])
            sheet.writerow([_text(row.get(column), column) for column in COLUMNS])
        sheet.writerow(["Total", str(COUNT), *empty[1:]])


def _text(value: Value, column: str) -> str:
    if isinstance(value, date):
        return slashed(value)
    if column == "phone" and isinstance(value, int):
        return str(value)
    text = "" if value is None else str(value)
    return text.replace(" ; ", ";\n").replace(", ne pas", ",\nne pas") if column == "remarks" else text
