"""What happened to the women of a register, in codes: each register then writes it in its own words and its own mess.

One in about twenty cannot be understood, each in its own way (`Defect`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from random import Random
from typing import Final

from demo.registers.people import Woman, invent, marked

HOSPITAL = "chu-atlas"


class Defect(Enum):
    """Why a row cannot be understood, or must not be believed."""

    HIJRI_DATE = "hijri date"
    IMPOSSIBLE_DATE = "impossible date"
    UNKNOWN_VIOLENCE = "unknown violence"
    UNKNOWN_ORGANIZATION = "unknown organisation"
    CONSENT_WITHOUT_DATE = "consent without date"
    CONSENT_WITHOUT_RECIPIENT = "consent without recipient"
    DUPLICATE_NUMBER = "duplicate number"
    NO_VISIT_DATE = "no visit date"
    FUTURE_DATE = "future date"


@dataclass(frozen=True)
class Referral:
    """Where a woman is sent, for what, how urgently, and whether she agreed."""

    to: str
    service: str
    day: date
    urgency: str = "routine"
    consent: date | None = None
    declined: bool = False


@dataclass(frozen=True, repr=False)
class Case:
    number: int
    visited: date
    woman: Woman
    code: str
    age: int
    born: date | None
    safe_to_call: bool | None
    town: str
    milieu: str
    marital: str
    children: int
    education: str
    occupation: int
    violence: tuple[str, ...]
    relation: str
    place: str
    happened: date
    asks: tuple[str, ...]
    given: tuple[str, ...]
    referral: Referral | None
    remark: tuple[str, str] | None
    lost_phone: bool = False  # the spreadsheet program made 2.12613E+11 of it
    defect: Defect | None = None


# Recipient, what for, and how many of a hundred.
WAYS: Final[tuple[tuple[str, str, int], ...]] = (
    (HOSPITAL, "medical", 46),
    ("tribunal-mohammedia", "legal", 9),
    ("dar-rihana", "shelter", 7),
    ("arganier-droit", "legal", 8),
    ("police-casa", "security", 6),
    ("palmier-enfance", "child-protection", 5),
    ("safran-autonomie", "livelihood", 3),
    ("emf-marrakech", "psychosocial", 2),
    ("", "", 14),
)
REMARKS: Final = (
    ("Elle craint des représailles, ne pas appeler le soir", "تخشى الانتقام، لا يُتصل بها مساءً"),
    ("Accompagnée de sa sœur ; certificat médical de 21 jours", "رفقة أختها؛ شهادة طبية مدة 21 يوماً"),
    ("Revient la semaine prochaine", "ستعود الأسبوع المقبل"),
)


@dataclass(frozen=True)
class Association:
    """Whose register it is: the association `own`, the letters its codes begin with, and what the seed decides."""

    own: str
    prefix: str
    random: Random
    until: date
    mark: str | None = None

    def tell(self, count: int, kinds: Sequence[Defect] = tuple(Defect)) -> Iterator[Case]:
        """`count` cases in the order of their visits, the last on the day `until`."""
        defects = _spread(self.random, count, list(kinds))
        before: Case | None = None
        for position in range(count):
            visited = self.until - timedelta(days=round((count - 1 - position) * 170 / max(1, count - 1)))
            case = self._case(position + 1, visited, defects.get(position))
            if position in {count // 5, count // 2}:
                case = replace(case, lost_phone=True)
            if case.defect is Defect.DUPLICATE_NUMBER and before:
                case = replace(case, number=before.number, visited=before.visited)
            yield case
            before = case

    def _case(self, number: int, visited: date, defect: Defect | None) -> Case:
        random = self.random
        age = random.choice((15, 16, 17, 19, 22, 24, 27, 29, 31, 34, 36, 38, 42, 45, 51, 58, 63))
        referral = _referral(random, visited, self.own, age, defect)
        violence = tuple(dict.fromkeys(random.choices(VIOLENCE, k=random.choice((1, 1, 2, 2, 3)))))
        asks = (referral.service,) if referral else tuple(random.sample(("psychosocial", "legal", "listening"), 1))
        return Case(
            number=number,
            visited=visited,
            woman=invent(random, self.mark),
            code=f"{self.prefix}-{number:04}",
            age=age,
            born=date(visited.year - age, random.randrange(1, 13), random.randrange(1, 28))
            if random.random() < 0.5
            else None,
            safe_to_call=random.choice((True, True, False, None)),
            town=random.choice(TOWNS),
            milieu=random.choice(("urban", "urban", "urban", "rural")),
            marital="S" if age < 20 else random.choice("SMMMDLW"),
            children=0 if age < 20 else random.randrange(5),
            education=random.choice(EDUCATION),
            occupation=random.randrange(4),
            violence=violence,
            relation=random.choice(RELATIONS),
            place=random.choice(PLACES),
            happened=visited - timedelta(days=random.choice((0, 1, 2, 3, 6, 12, 30, 200))),
            asks=asks,
            given=("listening",) if "listening" not in asks else (),
            referral=referral,
            remark=marked(random.choice(REMARKS), self.mark) if random.random() < 0.4 else None,
            defect=defect,
        )


TOWNS: Final = ("casablanca", "mohammadia", "rabat", "marrakech", "settat", "berrechid", "fes", "agadir")
EDUCATION: Final = ("none", "primary", "lower-secondary", "upper-secondary", "higher")
VIOLENCE: Final = (
    "physical", "physical", "psychological", "psychological", "economic", "sexual", "eviction", "maintenance", "digital",
)  # fmt: skip
RELATIONS: Final = (
    "husband",
    "husband",
    "husband",
    "ex-husband",
    "brother",
    "father",
    "employer",
    "neighbour",
    "stranger",
)
PLACES: Final = ("home", "home", "street", "work", "family-home")


def _referral(random: Random, visited: date, own: str, age: int, defect: Defect | None) -> Referral | None:
    ways = [way for way in WAYS if way[0] != own and (way[0] != "palmier-enfance" or age < 18)]
    to, service, _ = random.choices(ways, [way[2] for way in ways])[0]
    if defect in {Defect.UNKNOWN_ORGANIZATION, Defect.CONSENT_WITHOUT_DATE, Defect.CONSENT_WITHOUT_RECIPIENT}:
        to, service = HOSPITAL, "medical"
    if not to:
        return None
    agreed = bool(defect) or random.random() < 0.88
    return Referral(
        to=to,
        service=service,
        day=visited,
        urgency=random.choice(("stat", "urgent", "urgent", "routine", "routine")),
        consent=visited if agreed else None,
        declined=not agreed and random.random() < 0.3,
    )


def _spread(random: Random, count: int, kinds: list[Defect]) -> dict[int, Defect]:
    """One row in about twenty, no two kinds alike until all were used; never the first, which has nothing to repeat."""
    random.shuffle(kinds)
    wanted = max(1, round(count * 0.05)) if kinds else 0
    positions = sorted(random.sample(range(2, count, 2), wanted)) if count > 2 * wanted + 2 else []  # no two in a row
    return {position: kinds[index % len(kinds)] for index, position in enumerate(positions)}
