"""Invented women, invented numbers. First names and family names are common ones; who bears both by chance is not meant.

With a *mark*, every value that would identify someone carries it, so that a test can search everything the hub writes.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

MARK: Final = "ZMARQUEZ"
MARKED_CIN: Final = "QX9988"
MARKED_PHONE: Final = "69988776"  # then one more digit

FIRST: Final = (
    ("Fatima", "فاطمة"), ("Khadija", "خديجة"), ("Amina", "أمينة"), ("Zineb", "زينب"), ("Naïma", "نعيمة"), ("Saïda", "سعيدة"),
    ("Hanane", "حنان"), ("Latifa", "لطيفة"), ("Malika", "مليكة"), ("Rachida", "رشيدة"), ("Souad", "سعاد"), ("Karima", "كريمة"),
    ("Ilham", "إلهام"), ("Loubna", "لبنى"), ("Meryem", "مريم"), ("Salma", "سلمى"), ("Houda", "هدى"), ("Asmae", "أسماء"),
    ("Ghizlane", "غزلان"), ("Btissam", "ابتسام"), ("Wafae", "وفاء"), ("Jamila", "جميلة"), ("Hayat", "حياة"), ("Nadia", "نادية"),
)  # fmt: skip
FAMILY: Final = (
    ("El Fassi", "الفاسي"), ("Bennis", "بنيس"), ("Alaoui", "العلوي"), ("Tazi", "التازي"), ("Berrada", "برادة"),
    ("Idrissi", "الإدريسي"), ("Chraïbi", "الشرايبي"), ("Amrani", "العمراني"), ("Lahlou", "لحلو"), ("Mansouri", "المنصوري"),
    ("Ouazzani", "الوزاني"), ("Sebti", "السبتي"), ("Haddad", "الحداد"), ("Zerouali", "الزروالي"), ("Naciri", "الناصري"),
    ("Ait Lahcen", "آيت لحسن"), ("Bouzid", "بوزيد"), ("Kabbaj", "القباج"), ("Raïssi", "الرايسي"), ("Slaoui", "السلاوي"),
)  # fmt: skip
STREETS: Final = (
    ("hay Essalam, rue 12", "حي السلام، زنقة 12"), ("derb Sultan, n° 45", "درب السلطان، رقم 45"),
    ("lotissement Al Wafa, imm. 7", "تجزئة الوفاء، عمارة 7"), ("douar Ouled Ali", "دوار أولاد علي"),
    ("hay Mohammadi, bloc C", "الحي المحمدي، بلوك C"), ("rue des Orangers, 3", "زنقة البرتقال، 3"),
)  # fmt: skip
WORKERS: Final = (("Mme Rajae", "رجاء"), ("Mme Ikram", "إكرام"), ("Mme Samira", "سميرة"))


@dataclass(frozen=True, repr=False)
class Woman:
    """A woman as a listening centre writes her down. Each text in French and in Arabic."""

    name: tuple[str, str]
    cin: str
    phone: str  # nine digits, without the zero
    street: tuple[str, str]
    worker: tuple[str, str]


def invent(random: Random, mark: str | None) -> Woman:
    """The next woman of this seed."""
    first, family, street = random.choice(FIRST), random.choice(FAMILY), random.choice(STREETS)
    worker = random.choice(WORKERS)
    cin = f"{random.choice('ABCDEJKW')}{random.choice('BEHK')}{random.randrange(10**5, 10**6)}"
    phone = f"6{random.randrange(1, 7)}{random.randrange(10**7):07}"
    if mark:
        cin = f"{MARKED_CIN}{random.randrange(100):02}"
        phone = f"{MARKED_PHONE}{random.randrange(10)}"
    return Woman(
        name=marked((f"{first[0]} {family[0]}", f"{first[1]} {family[1]}"), mark),
        cin=cin,
        phone=phone,
        street=marked(street, mark),
        worker=marked(worker, mark),
    )


def marked(text: tuple[str, str], mark: str | None) -> tuple[str, str]:
    return (f"{text[0]} {mark}", f"{text[1]} {mark}") if mark else text


def marks(mark: str = MARK) -> list[str]:
    """What to search for, ignoring case, in everything that was written with `mark`: nothing of it may be found."""
    spaced = "99 88 77 6"
    arabic = MARKED_PHONE.translate({ord(str(digit)): chr(0x660 + digit) for digit in range(10)})
    return [mark, MARKED_CIN, MARKED_PHONE, spaced, spaced.replace(" ", "-"), "699-88776", arabic]
