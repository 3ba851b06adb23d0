"""Short registers for the stories, in the columns that the demonstration's associations use: one woman a row, all alike."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook

from demo.registers import arabic, french

NAME, CIN, STREET, BIRTH, NARRATIVE = "Nom Inventé", "AB123456", "12 rue Inventée", "1991-05-17", "Récit inventé."
PHONE: Final = "0612345678"
TODAY: Final = date.today()  # a register is of its day, as a consent's term is
VISIT: Final = TODAY - timedelta(days=10)
Cells = dict[str, str]


def survivor_code(number: int, association: str = "ARG") -> str:
    return f"{association}-{number:04}/{VISIT.year}"


def french_case(number: int, **cells: str) -> Cells:
    """A woman who agreed to be referred to the hospital for medical care."""
    return {
        "case_number": f"{number}/{VISIT.year}",
        "visit_date": f"{VISIT:%d/%m/%Y}",
        "survivor_code": survivor_code(number),
        "full_name": NAME,
        "cin": CIN,
        "phone": PHONE,
        "safe_to_call": "oui",
        "birth_date": f"{date.fromisoformat(BIRTH):%d/%m/%Y}",
        "address": STREET,
        "commune": "Salé",
        "province": "Salé",
        "milieu": "urbain",
        "marital_status": "mariée",
        "violence_types": "physique",
        "aggressor_relation": "mari",
        "violence_place": "domicile conjugal",
        "incident_date": f"{VISIT - timedelta(days=2):%d/%m/%Y}",
        "request": "médical",
        "referred_to": "CHU Atlas",
        "referral_date": f"{VISIT:%d/%m/%Y}",
        "urgency": "urgent",
        "consent": "oui",
        "consent_date": f"{VISIT:%d/%m/%Y}",
        "remarks": NARRATIVE,
    } | cells


def arabic_case(number: int, **cells: str) -> Cells:
    """The same in the Arabic register."""
    return {
        "case_number": f"{number}/{VISIT.year}",
        "visit_date": f"{VISIT:%d/%m/%Y}",
        "survivor_code": survivor_code(number, "YAS"),
        "full_name": "اسم مخترع",
        "age": "٣١ سنة",
        "province": "الدار البيضاء",
        "violence_types": "جسدي",
        "request": "طبي",
        "referred_to": "المركز الاستشفائي الأطلس",
        "referral_date": f"{VISIT:%d/%m/%Y}",
        "urgency": "مستعجل",
        "consent": "نعم",
        "consent_date": f"{VISIT:%d/%m/%Y}",
    } | cells


def submission(number: int) -> dict[str, Any]:
    """The same as a KoboToolbox submission."""
    uuid = f"00000000-0000-4000-8000-{number:012}"
    return {
        "_id": number,
        "_uuid": uuid,
        "meta/instanceID": f"uuid:{uuid}",
        "meta/rootUuid": f"uuid:{uuid}",
        "_submission_time": f"{VISIT}T09:00:00",
        "_validation_status": {},
        "identite/code_survivante": survivor_code(number, "ZAH"),
        "identite/nom": NAME,
        "identite/age": "31",
        "identite/province": "casablanca",
        "identite/langue": "darija",
        "date_accueil": VISIT.isoformat(),
        "faits/types_violence": "physical",
        "besoins/services": "medical",
        "consentement/partage": "oui",
        "consentement/date": VISIT.isoformat(),
        "references": [
            {"references/service": "medical", "references/vers": "CHU Atlas", "references/date": VISIT.isoformat()}
        ],
    }


def write_french(path: Path, cases: list[Cells]) -> None:
    with path.open("w", encoding="windows-1252", newline="") as file:
        sheet = csv.writer(file, delimiter=";")
        sheet.writerow(french.COLUMNS.values())
        sheet.writerows([case.get(column, "") for column in french.COLUMNS] for case in cases)


def write_arabic(path: Path, cases: list[Cells]) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([header for _, _, header in arabic.COLUMNS])
    for case in cases:
        sheet.append([case.get(column) for _, column, _ in arabic.COLUMNS])
    book.save(path)
