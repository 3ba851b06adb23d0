"""The cells of a case as someone types them: this year's date one way, next week's another, a zero lost on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, TypeVar

from demo.registers import words
from demo.registers.cases import Case, Defect, Referral

Value = str | int | date | None
T = TypeVar("T")

FAR_AHEAD: Final = timedelta(days=400)
SEPARATORS: Final = ((", ", " / ", " + ", " et "), ("، ", " / ", " و", "، "))
YES_NO: Final = ((("oui", "Oui", "x"), ("non", "Non")), (("نعم", "نعم", "✓"), ("لا", "لا")))


@dataclass(frozen=True)
class Hand:
    """Who writes: a language, and habits that the seed decides."""

    random: Random
    language: int

    def rows(self, cases: Iterable[Case]) -> Iterator[tuple[Case, dict[str, Value]]]:
        """Each case with its cells. A number given twice is given on the same day, written in the same way."""
        before: dict[str, Value] = {}
        for case in cases:
            row = self.row(case)
            if case.defect is Defect.DUPLICATE_NUMBER:
                row["visit_date"] = before["visit_date"]
            yield case, row
            before = row

    def row(self, case: Case) -> dict[str, Value]:
        """Column name → cell. What a defect spoils is spoiled here."""
        return self._case(case) | self._woman(case) | self._facts(case) | self._referral(case) | self._spoiled(case)

    def _case(self, case: Case) -> dict[str, Value]:
        return {
            "case_number": f"{case.number}/{case.visited.year}",
            "visit_date": self.day(case.visited),
            "survivor_code": case.code,
            "worker": case.woman.worker[self.language],
            "remarks": case.remark[self.language] if case.remark else None,
            "outcome": self._one((("en cours", "suivi", None), ("قيد التتبع", "في الانتظار", None))[self.language]),
        }

    def _woman(self, case: Case) -> dict[str, Value]:
        commune, province = words.TOWNS[case.town].names[self.language]
        return {
            "full_name": case.woman.name[self.language],
            "cin": case.woman.cin if case.age >= 18 and case.number % 4 else None,
            "phone": self._phone(case),
            "safe_to_call": None if case.safe_to_call is None else self.yes_no(case.safe_to_call),
            "age": self._age(case),
            "birth_date": case.born,
            "address": case.woman.street[self.language],
            "commune": commune,
            "province": province,
            "milieu": self._say(words.MILIEU, case.milieu),
            "marital_status": self._say(words.MARITAL, case.marital),
            "children": case.children,
            "education": self._say(words.EDUCATION, case.education),
            "occupation": words.OCCUPATIONS[self.language][case.occupation],
        }

    def _facts(self, case: Case) -> dict[str, Value]:
        return {
            "violence_types": self._list(words.VIOLENCE, case.violence),
            "aggressor_relation": self._say(words.RELATIONS, case.relation),
            "violence_place": self._say(words.PLACES, case.place),
            "incident_date": self.day(case.happened),
            "request": self._list(words.SERVICES, case.asks),
            "service_given": self._list(words.SERVICES, case.given) if case.given else None,
        }

    def _referral(self, case: Case) -> dict[str, Value]:
        referral = case.referral
        if referral is None:
            return {}
        return {
            "referred_to": self._say(words.ORGANIZATIONS, referral.to),
            "referral_date": self.day(referral.day),
            "urgency": self._say(words.URGENCY, referral.urgency),
            "consent": self._consent(referral),
            "consent_date": self.day(referral.consent) if referral.consent else None,
        }

    def _spoiled(self, case: Case) -> dict[str, Value]:
        return SPOILED[case.defect](case, self.language) if case.defect in SPOILED else {}

    def _consent(self, referral: Referral) -> str:
        if referral.declined:
            return ("refuse", "ترفض")[self.language]
        return self.yes_no(referral.consent is not None)

    def _phone(self, case: Case) -> Value:
        if case.lost_phone:
            return "2.12613E+11"
        digits = case.woman.phone
        pairs = " ".join(("0" + digits)[at : at + 2] for at in range(0, 10, 2))
        styles: list[Value] = [int(digits), int(digits), f"0{digits}", pairs, f"+212{digits}", None]
        if self.language == words.AR:
            styles.append(words.arabic_digits(f"0{digits}"))
        return self._one(styles)

    def _age(self, case: Case) -> Value:
        if case.age < 18 and self.random.random() < 0.4:
            return ("mineure", "قاصر")[self.language]
        band = f"{case.age // 5 * 5}-{case.age // 5 * 5 + 5}"
        french: list[Value] = [case.age, case.age, f"{case.age} ans", f"~{case.age}", band]
        arabic: list[Value] = [case.age, case.age, words.arabic_digits(str(case.age)) + " سنة", f"{case.age} سنة", band]
        return self._one(arabic if self.language == words.AR else french)

    def day(self, day: date) -> Value:
        """A date cell as often as not; else text, in one of the ways people write dates."""
        short = day.strftime("%d-%m-%y")
        styles: list[Value] = [day, day, words.slashed(day), words.in_words(day, self.language)]
        if self.language == words.AR:
            return self._one([*styles, words.arabic_digits(words.slashed(day))])
        return self._one([*styles, short, day.strftime("%d.%m.%Y")])

    def yes_no(self, answer: bool) -> str:
        return self._one(YES_NO[self.language][0 if answer else 1])

    def _list(self, spellings: words.Spellings, codes: tuple[str, ...]) -> str:
        return self._one(SEPARATORS[self.language]).join(self._say(spellings, code) for code in codes)

    def _say(self, spellings: words.Spellings, code: str) -> str:
        return self._one(spellings[code][self.language])

    def _one(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)


def in_the_future(case: Case) -> str:
    return words.slashed(case.visited + FAR_AHEAD)


SPOILED: Final[Mapping[Defect | None, Callable[[Case, int], dict[str, Value]]]] = {
    Defect.HIJRI_DATE: lambda case, language: {"visit_date": words.HIJRI[language]},
    Defect.IMPOSSIBLE_DATE: lambda case, language: {"incident_date": words.IMPOSSIBLE},
    Defect.UNKNOWN_VIOLENCE: lambda case, language: {"violence_types": words.UNKNOWN_VIOLENCE[language]},
    Defect.UNKNOWN_ORGANIZATION: lambda case, language: {"referred_to": words.UNKNOWN_ORGANIZATION[language]},
    Defect.CONSENT_WITHOUT_DATE: lambda case, language: {"consent_date": None},
    Defect.CONSENT_WITHOUT_RECIPIENT: lambda case, language: {"referred_to": None},
    Defect.NO_VISIT_DATE: lambda case, language: {"visit_date": None},
    Defect.FUTURE_DATE: lambda case, language: {"visit_date": in_the_future(case)},
}
