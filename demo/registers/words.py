"""How associations write what the cases say in codes: several spellings for each, French and Arabic."""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

FR, AR = 0, 1

Spellings = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

ORGANIZATIONS: Final[Spellings] = {
    "chu-atlas": (
        ("CHU Atlas", "CHU ATLAS", "Hôpital Atlas", "chu atlas "),
        ("المركز الاستشفائي الأطلس", "المركز الإستشفائي الاطلس"),
    ),
    "tribunal-mohammedia": (
        ("Cellule du tribunal de Mohammédia", "cellule du tribunal de Mohammedia"),
        ("خلية المحكمة الابتدائية بالمحمدية", "خلية المحكمة الإبتدائية بالمحمدية"),
    ),
    "police-casa": (("Police Casablanca", "police casablanca"), ("شرطة الدار البيضاء", "شرطة الدار البيضاء")),
    "emf-marrakech": (("EMF Marrakech",), ("الفضاء المتعدد الوظائف للنساء مراكش",)),
    "dar-rihana": (("Dar Rihana", "DAR RIHANA"), ("دار الريحانة", "دار الريحانه")),
    "arganier-droit": (("Association Arganier", "Assoc. Arganier"), ("جمعية الأركان للمساعدة القانونية",)),
    "palmier-enfance": (("Association Palmier",), ("جمعية النخيل لحماية الطفولة",)),
    "safran-autonomie": (("Coopérative Safran", "Cooperative Safran"), ("تعاونية الزعفران",)),
}
SERVICES: Final[Spellings] = {
    "medical": (("médical", "soins médicaux", "Certificat médical"), ("طبي", "شهادة طبية", "علاج")),
    "legal": (("juridique", "Assistance juridique"), ("قانوني", "مساعدة قانونية", "استشارة قانونية")),
    "psychosocial": (("psychologique", "soutien psychologique"), ("دعم نفسي", "نفسي")),
    "shelter": (("hébergement", "Hébergement"), ("إيواء", "ايواء")),
    "security": (("sécurité", "police"), ("حماية", "الشرطة")),
    "child-protection": (("protection de l'enfance",), ("حماية الطفولة",)),
    "livelihood": (("formation", "autonomisation économique"), ("تكوين مهني", "تمكين اقتصادي")),
    "listening": (("écoute", "écoute et orientation"), ("استماع", "الاستماع والتوجيه")),
}
VIOLENCE: Final[Spellings] = {
    "physical": (("physique", "Physique", "corporelle"), ("جسدي", "جسدية", "جسـدي")),
    "psychological": (("psychologique", "morale"), ("نفسي", "نفسية")),
    "economic": (("économique", "Economique"), ("اقتصادي", "إقتصادي")),
    "sexual": (("sexuelle", "agression sexuelle"), ("جنسي", "اعتداء جنسي")),
    "eviction": (("expulsion du domicile conjugal",), ("الطرد من بيت الزوجية",)),
    "maintenance": (("non-paiement de la pension",), ("عدم الإنفاق", "النفقة")),
    "digital": (("numérique",), ("رقمي", "الكتروني")),
}
RELATIONS: Final[Spellings] = {
    "husband": (("mari", "époux", "Conjoint"), ("الزوج", "زوج")),
    "ex-husband": (("ex-mari",), ("طليق", "الطليق")),
    "brother": (("frère",), ("أخ", "الأخ")),
    "father": (("père",), ("الأب", "أب")),
    "employer": (("employeur",), ("المشغل", "مشغل")),
    "neighbour": (("voisin",), ("جار",)),
    "stranger": (("inconnu",), ("مجهول",)),
}
PLACES: Final[Spellings] = {
    "home": (("domicile conjugal", "domicile"), ("بيت الزوجية",)),
    "street": (("rue",), ("الشارع",)),
    "work": (("lieu de travail",), ("مكان العمل",)),
    "family-home": (("domicile familial",), ("بيت الأسرة",)),
}
MARITAL: Final[Spellings] = {
    "S": (("célibataire",), ("عازبة", "عزباء")),
    "M": (("mariée", "Mariée"), ("متزوجة", "متزوجه")),
    "D": (("divorcée",), ("مطلقة",)),
    "L": (("en instance de divorce",), ("في طور الطلاق",)),
    "W": (("veuve",), ("أرملة",)),
}
EDUCATION: Final[Spellings] = {
    "none": (("analphabète",), ("أمية",)),
    "primary": (("primaire",), ("ابتدائي",)),
    "lower-secondary": (("collège",), ("إعدادي",)),
    "upper-secondary": (("lycée",), ("ثانوي",)),
    "higher": (("universitaire",), ("جامعي",)),
}
MILIEU: Final[Spellings] = {"urban": (("urbain",), ("حضري",)), "rural": (("rural",), ("قروي",))}
URGENCY: Final[Spellings] = {
    "stat": (("très urgent", "24h"), ("مستعجل جدا",)),
    "urgent": (("urgent",), ("مستعجل",)),
    "routine": (("normal",), ("عادي",)),
}
OCCUPATIONS: Final = (
    (("femme au foyer", "ouvrière", "couturière", "sans")), (("ربة بيت", "عاملة", "خياطة", "بدون")),
)  # fmt: skip


class Town(NamedTuple):
    """Commune and province in each language, and the province's ISO 3166-2 code."""

    names: tuple[tuple[str, str], tuple[str, str]]
    code: str


TOWNS: Final[Mapping[str, Town]] = {
    "casablanca": Town((("Sidi Bernoussi", "Casablanca"), ("سيدي البرنوصي", "الدار البيضاء")), "MA-CAS"),
    "mohammadia": Town((("Mohammédia", "Mohammadia"), ("المحمدية", "المحمدية")), "MA-MOH"),
    "rabat": Town((("Yacoub El Mansour", "Rabat"), ("يعقوب المنصور", "الرباط")), "MA-RAB"),
    "marrakech": Town((("Guéliz", "Marrakech"), ("جليز", "مراكش")), "MA-MAR"),
    "settat": Town((("Settat", "Settat"), ("سطات", "سطات")), "MA-SET"),
    "berrechid": Town((("Berrechid", "Berrechid"), ("برشيد", "برشيد")), "MA-BRR"),
    "fes": Town((("Zouagha", "Fès"), ("زواغة", "فاس")), "MA-FES"),
    "agadir": Town((("Tikiouine", "Agadir-Ida-Ou-Tanane"), ("تيكيوين", "أكادير إداوتنان")), "MA-AGD"),
}

MONTHS: Final = (
    (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    ("يناير", "فبراير", "مارس", "أبريل", "ماي", "يونيو", "يوليوز", "غشت", "شتنبر", "أكتوبر", "نونبر", "دجنبر"),
)
UNKNOWN_VIOLENCE: Final = ("à préciser avec la psychologue", "سيحدد لاحقا مع الأخصائية")
UNKNOWN_ORGANIZATION: Final = ("Centre Al Amal", "مركز النور")
HIJRI: Final = ("15 rajab 1447", "15 رجب 1447")
IMPOSSIBLE: Final = "31/02/2026"


def arabic_digits(text: str) -> str:
    return text.translate({ord(str(digit)): chr(0x660 + digit) for digit in range(10)})


def slashed(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def in_words(day: date, language: int) -> str:
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"
