"""The submissions of a listening association's KoboToolbox project, as its API gives them: every answer is text."""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from demo.registers.cases import Association, Case, Defect, Referral
from demo.registers.words import FR, ORGANIZATIONS, UNKNOWN_ORGANIZATION
from demo.registers.writing import FAR_AHEAD

OWN: Final = "zahra-ecoute"
COUNT: Final = 140
FIRST_ID: Final = 401
KINDS: Final = tuple(kind for kind in Defect if kind is not Defect.DUPLICATE_NUMBER)  # the tool numbers them itself

Submission = dict[str, Any]

MARITAL: Final = {"S": "celibataire", "M": "mariee", "D": "divorcee", "L": "separee", "W": "veuve"}
RELATIONS: Final = {
    "husband": "conjoint",
    "ex-husband": "ex_conjoint",
    "brother": "frere",
    "father": "pere",
    "employer": "employeur",
    "neighbour": "voisin",
    "stranger": "sans_lien",
}
PLACES: Final = {"home": "domicile_conjugal", "family-home": "domicile_familial", "street": "rue", "work": "travail"}
SERVICES: Final = {
    "medical": "medical",
    "legal": "juridique",
    "psychosocial": "psychosocial",
    "shelter": "hebergement",
    "security": "securite",
    "child-protection": "enfance",
    "livelihood": "economique",
    "listening": "ecoute",
}
URGENCY: Final = {"stat": "24h", "urgent": "72h", "routine": "normal"}
PROVINCES: Final = {"agadir": "agadir_ida_ou_tanane"}  # else as the town
AGES: Final = ("18_25", "26_40", "41_60", "inconnu")


def kobo_submissions(*, seed: int = 47, until: date | None = None, mark: str | None = None) -> list[Submission]:
    """The project's submissions, oldest first."""
    random = Random(seed)  # noqa: S311 — fiction
    association = Association(OWN, "ZAH", random, until or date.today(), mark)
    return [_submission(case, random, mark) for case in association.tell(COUNT, kinds=KINDS)]


def _submission(case: Case, random: Random, mark: str | None) -> Submission:
    answers = _identity(case, random) | _facts(case, random) | _referral(case, random)
    return _envelope(case, random, mark) | {key: value for key, value in answers.items() if value is not None}


def _identity(case: Case, random: Random) -> Submission:
    estimated = random.random() < 0.2
    return {
        "identite/code_survivante": case.code,
        "identite/nom": case.woman.name[FR] if random.random() < 0.8 else None,
        "identite/telephone": "2.12613E+11" if case.lost_phone else f"0{case.woman.phone}",
        "identite/appel_sur": None if case.safe_to_call is None else ("yes" if case.safe_to_call else "no"),
        "identite/age": str(case.age),
        "identite/date_naissance": case.born.isoformat() if case.born and not estimated else None,
        "identite/age_estime": "yes" if estimated else "no",
        "identite/province": PROVINCES.get(case.town, case.town),
        "identite/situation_familiale": MARITAL[case.marital],
        "identite/langue": random.choice(("darija", "darija", "arabe", "amazigh", "francais")),
        "date_accueil": _visit(case),
    }


def _visit(case: Case) -> str | None:
    spoiled = {
        Defect.NO_VISIT_DATE: None,
        Defect.HIJRI_DATE: "1447-07-15",
        Defect.FUTURE_DATE: (case.visited + FAR_AHEAD).isoformat(),
    }
    return spoiled.get(case.defect, case.visited.isoformat()) if case.defect else case.visited.isoformat()


def _facts(case: Case, random: Random) -> Submission:
    impossible = case.defect is Defect.IMPOSSIBLE_DATE
    unknown = case.defect is Defect.UNKNOWN_VIOLENCE
    aggressors = [{"auteurs/relation": RELATIONS[case.relation], "auteurs/age_groupe": random.choice(AGES)}]
    if random.random() < 0.1:
        aggressors.append({"auteurs/relation": "inconnu"})
    return {
        "faits/types_violence": "a_preciser" if unknown else " ".join(case.violence),
        "faits/date_faits": f"{case.visited.year}-02-31" if impossible else case.happened.isoformat(),
        "faits/lieu": PLACES[case.place],
        "auteurs": aggressors,
        "besoins/services": " ".join(SERVICES[one] for one in dict.fromkeys((*case.asks, *case.given))),
    }


def _referral(case: Case, random: Random) -> Submission:
    if case.referral is None:
        return {}
    referrals = [case.referral]
    if case.referral.service == "medical" and random.random() < 0.2:
        referrals.append(Referral("tribunal-mohammedia", "legal", case.referral.day, "routine", case.referral.consent))
    agreed = case.referral.consent
    dated = agreed is not None and case.defect is not Defect.CONSENT_WITHOUT_DATE
    return {
        "consentement/partage": "oui" if agreed else ("refus" if case.referral.declined else "non"),
        "consentement/date": agreed.isoformat() if agreed and dated else None,
        "references": [_reference(one, case.defect) for one in referrals],
    }


def _reference(referral: Referral, defect: Defect | None) -> Submission:
    to = UNKNOWN_ORGANIZATION[FR] if defect is Defect.UNKNOWN_ORGANIZATION else ORGANIZATIONS[referral.to][FR][0]
    reference = {
        "references/service": SERVICES[referral.service],
        "references/vers": to,
        "references/date": referral.day.isoformat(),
        "references/urgence": URGENCY[referral.urgency],
    }
    if defect is Defect.CONSENT_WITHOUT_RECIPIENT:
        del reference["references/vers"]
    return reference


def _envelope(case: Case, random: Random, mark: str | None) -> Submission:
    """What the tool adds: its own number, an identifier for each version, who sent it and when."""
    version, root = _uuid(random), _uuid(random)
    edited = case.number % 17 == 0
    sent = datetime.combine(case.visited, time(9 + case.number % 8, case.number % 60))
    agent = f"agent{case.number % 3}{mark or ''}"
    return {
        "_id": FIRST_ID + case.number - 1,
        "formhub/uuid": "a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "__version__": "vAccueil2026",
        "_xform_id_string": "aZahraIntake",
        "_uuid": version,
        "meta/instanceID": f"uuid:{version}",
        "meta/rootUuid": f"uuid:{root if edited else version}",
        **({"meta/deprecatedID": f"uuid:{root}"} if edited else {}),
        "start": f"{sent.isoformat()}.000+01:00",
        "end": f"{(sent + timedelta(minutes=17)).isoformat()}.000+01:00",
        "_attachments": [_attachment(case, agent)] if case.number % 9 == 0 else [],
        "_geolocation": [None, None],
        "_status": "submitted_via_web",
        "_submission_time": (sent - timedelta(minutes=40)).isoformat(),  # in UTC, without saying so
        "_validation_status": {},
        "_submitted_by": agent,
        "_tags": [],
        "_notes": [],
    }


def _attachment(case: Case, agent: str) -> Submission:
    return {
        "uid": f"att{case.number:06}",
        "download_url": f"https://kobo.example/attachments/att{case.number:06}/",
        "mimetype": "image/jpeg",
        "filename": f"{agent}/attachments/signature.jpg",
        "media_file_basename": "signature.jpg",
        "question_xpath": "consentement/signature",
        "is_deleted": False,
    }


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
