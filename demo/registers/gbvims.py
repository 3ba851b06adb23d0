"""The GBVIMS Incident Recorder of a listening centre, with the French headers of its edition, stray spaces included.

Sheets "Incident Data" and "Menu Data", as https://www.gbvims.com and Primero's exporter write them. The centre has added a
column of its own at the end.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from openpyxl import Workbook

from demo.registers.cases import Association, Case, Defect
from demo.registers.words import FR, HIJRI, IMPOSSIBLE, UNKNOWN_VIOLENCE, slashed
from demo.registers.writing import Value, in_the_future

OWN: Final = "cedre-ecoute"
COUNT: Final = 120
KINDS: Final = (
    Defect.HIJRI_DATE,
    Defect.IMPOSSIBLE_DATE,
    Defect.UNKNOWN_VIOLENCE,
    Defect.NO_VISIT_DATE,
    Defect.FUTURE_DATE,
    Defect.DUPLICATE_NUMBER,
)

HEADERS: Final = (
    "ID de l'incident",
    "Code du survivant ",
    "Code du travailleur social",
    "Date de l'interview ",
    "Date de l'incident ",
    "Date de naissance",
    "Sexe",
    "Ethnie ",
    "Pays d'origine",
    "Situation civil / matrimoniale ",
    "Statut de déplacement au moment de la déclaration",
    "Personne vivant avec un handicap ?",
    "Enfant non accompagné ou séparé ?",
    "Etape du déplacement au moment de l'incident",
    "Moment de l'incident",
    "Lieu de l'incident",
    "Type de violence basé sur le genre ",
    "Pratique traditionnel  néfaste",
    "Type d'enlèvement ",
    "a précédemment rapporté cet Incident?",
    "Nombre de présumé(s) auteurs primaires",
    "Sexe du présumé auteur",
    "Tranche d’âge du présumé auteur",
    "Relation entre la survivante et le présumé auteur",
    "Profession du présumé auteur",
    "Référé par",
    "Hébergement sûr / Abris",
    "Soins médicaux",
    "Appui psychosocial",
    "Besoin d'une action légale",
    "Service d'assistance légale",
    "Police/ autres acteur de la sécurité",
    "Programme d'appui aux moyens de subsistances",
    "Services Protection de l'enfance et d'éducation",
    "Consentement obtenu ",
    "Code de la structure rapportant le cas",
    "Observations ",
)

MARITAL: Final = {
    "S": "Célibataire",
    "M": "Marié / Concubinage",
    "D": "Divorcé / Séparé",
    "L": "Divorcé / Séparé",
    "W": "Veuf / Veuve",
}
TYPES: Final = {
    "physical": "Agression physique",
    "sexual": "Agression sexuelle",
    "psychological": "Violence psychologique / Emotionnelle",
    "digital": "Violence psychologique / Emotionnelle",
    "economic": "Déni de ressources, d'opportunités ou de services",
    "eviction": "Déni de ressources, d'opportunités ou de services",
    "maintenance": "Déni de ressources, d'opportunités ou de services",
}
RELATIONS: Final = {
    "husband": "Partenaire intime / Ex-partenaire",
    "ex-husband": "Partenaire intime / Ex-partenaire",
    "brother": "Autre membre de la famille",
    "father": "Tuteur",
    "employer": "Superviseur / Employeur",
    "neighbour": "Ami de la famille / voisin",
    "stranger": "Sans lien",
}
PLACES: Final = {
    "home": "Domicile de la survivante",
    "family-home": "Domicile de la survivante",
    "street": "Route",
    "work": "Autre",
}
SERVICES: Final = {
    "shelter": "Hébergement sûr / Abris",
    "medical": "Soins médicaux",
    "psychosocial": "Appui psychosocial",
    "legal": "Service d'assistance légale",
    "security": "Police/ autres acteur de la sécurité",
    "livelihood": "Programme d'appui aux moyens de subsistances",
    "child-protection": "Services Protection de l'enfance et d'éducation",
}
AGES: Final = ("Age 18 - 25", "Age 26 - 40", "Age 41 - 60", "Inconnu")
TIMES: Final = ("Matin", "Après-midi", "Soir / Nuit")


def gbvims_workbook(path: Path, *, seed: int = 31, until: date | None = None, mark: str | None = None) -> None:
    """Write the workbook to `path`."""
    random = Random(seed)  # noqa: S311 — fiction
    association = Association(OWN, "CED", random, until or date.today(), mark)
    book = Workbook()
    incidents = book.worksheets[0]
    incidents.title = "Incident Data"
    incidents.append(HEADERS)
    for case in association.tell(COUNT, kinds=KINDS):
        row = _row(case, random) | _spoiled(case)
        incidents.append([row.get(header) for header in HEADERS])
    menu = book.create_sheet("Menu Data")
    menu.append(["Type de violence basé sur le genre ", "Sexe", "Situation civil / matrimoniale "])
    for line in zip(
        dict.fromkeys(TYPES.values()), ("F", "M", None, None), dict.fromkeys(MARITAL.values()), strict=False
    ):
        menu.append(line)
    book.save(path)


def _row(case: Case, random: Random) -> dict[str, Value]:
    offered: Mapping[str, Value] = {
        SERVICES[one]: "Service fourni par votre organisme" for one in case.given if one in SERVICES
    }
    referred: Mapping[str, Value] = {SERVICES[one]: "Référée" for one in case.asks if one in SERVICES and case.referral}
    return {
        **dict.fromkeys(SERVICES.values(), "Service non applicable"),
        **offered,
        **referred,
        "ID de l'incident": f"CED/{case.visited.year}/{case.number:03}",
        "Code du survivant ": case.code,
        "Code du travailleur social": case.woman.worker[FR],
        "Date de l'interview ": case.visited,
        "Date de l'incident ": case.happened if random.random() < 0.7 else slashed(case.happened),
        "Date de naissance": case.born or (f"{case.visited.year - case.age}" if random.random() < 0.5 else None),
        "Sexe": "F",
        "Pays d'origine": "Maroc",
        "Situation civil / matrimoniale ": MARITAL[case.marital],
        "Statut de déplacement au moment de la déclaration": "Résident",
        "Personne vivant avec un handicap ?": "Non",
        "Moment de l'incident": random.choice(TIMES),
        "Lieu de l'incident": PLACES[case.place],
        "Type de violence basé sur le genre ": TYPES[case.violence[0]],
        "a précédemment rapporté cet Incident?": "Non",
        "Nombre de présumé(s) auteurs primaires": random.choice((1, 1, 2, "Plus de 3")),
        "Sexe du présumé auteur": random.choice(("M", "M", "F", "M et F")),
        "Tranche d’âge du présumé auteur": random.choice(AGES),
        "Relation entre la survivante et le présumé auteur": RELATIONS[case.relation],
        "Référé par": "Auto-référence",
        "Besoin d'une action légale": random.choice(("Oui", "Non")),
        "Consentement obtenu ": "Oui",
        "Code de la structure rapportant le cas": "CED",
        "Observations ": case.remark[FR] if case.remark else None,
    }


def _spoiled(case: Case) -> dict[str, Value]:
    spoiled: Mapping[Defect, dict[str, Value]] = {
        Defect.HIJRI_DATE: {"Date de l'interview ": HIJRI[FR]},
        Defect.IMPOSSIBLE_DATE: {"Date de l'incident ": IMPOSSIBLE},
        Defect.UNKNOWN_VIOLENCE: {"Type de violence basé sur le genre ": UNKNOWN_VIOLENCE[FR]},
        Defect.NO_VISIT_DATE: {"Date de l'interview ": None},
        Defect.FUTURE_DATE: {"Date de l'interview ": in_the_future(case)},
    }
    return spoiled.get(case.defect, {}) if case.defect else {}
