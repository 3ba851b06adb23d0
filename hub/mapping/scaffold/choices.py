"""What the choices of a form mean, as their labels tell: a form whose choices are called `a1` shows "Mari" and "الزوج".

Labels never travel, so a choice is proposed by its name, with the code that the words of the ready mappings give for its label,
how sure that is, and why. Labels that say different things, or a label that contradicts what the name says by itself, are asked
about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.mapping.model import Code, Context, Transform
from hub.mapping.transforms.answers import Answer, Boolean
from hub.mapping.transforms.codes import Codes

Meaning = tuple[Code, ...] | str
"""Codes, none where the word says nothing ("not needed"), or an answer: yes, no, declined."""

Words = Mapping[str, Sequence[Transform]]
"""Column → the transforms of columns of other ready mappings that go to the same element."""

SAYS_NOTHING: Final = "-"
TAKEN: Final = frozenset({"high", "medium"})
EQUIVALENCE: Final = {"high": "equivalent", "medium": "inexact"}


class Choice(NamedTuple):
    """What travels, and what is shown, in each language that the form speaks."""

    name: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meant:
    """What a choice would mean. `reason`: a key of `hub/texts/mapping.yaml`; `known`: its name is understood by itself."""

    choice: Choice
    meaning: Meaning | None
    confidence: Literal["high", "medium", "low", "none"]
    reason: str
    known: bool = False

    @property
    def told(self) -> str:
        """The meaning as a person reads it."""
        if self.meaning is None or isinstance(self.meaning, str):
            return self.meaning or ""
        if not self.meaning:
            return SAYS_NOTHING
        return " + ".join(f"{code.system.rsplit('/', 1)[-1]}#{code.code}" for code in self.meaning)


def meant(choices: Sequence[Choice], own: Transform, others: Sequence[Transform], today: date) -> list[Meant]:
    """Of each choice of a coded question; nothing of any other."""
    if not isinstance(own, Codes | Answer):
        return []
    return [_meant(choice, own, [own, *others], today) for choice in choices]


def _meant(choice: Choice, own: Transform, readers: Sequence[Transform], today: date) -> Meant:
    by_name = _read(choice.name, own, today)
    labels = [label for label in choice.labels if label.strip()]
    read = [found for label in labels if (found := _first(label, readers, own, today)) is not None]
    said = set(read)
    if by_name is not None:
        against = said - {by_name}
        return Meant(choice, None if against else by_name, "low" if against else "high", _key("differ" if against else "name"),
                     known=not against)  # fmt: skip
    if not said:
        return Meant(choice, None, "none", _key("unknown"))
    if len(said) > 1:
        return Meant(choice, None, "low", _key("differ"))
    every = len(read) == len(choice.labels) and len(read) > 1
    return Meant(choice, read[0], "high" if every else "medium", _key("labels" if every else "label"))


def told_so(sign: str, answer: str, own: Transform, others: Sequence[Transform], today: date) -> list[Meant]:
    """What a sign means of which somebody has said so, whatever it would mean by itself; nothing where no list knows that."""
    found = meant([Choice(answer, (answer,))], own, others, today)
    choice, reason = Choice(sign, (answer,)), _key("label")
    return [replace(one, choice=choice, confidence="medium", reason=reason, known=False) for one in found if one.told]


def _key(name: str) -> str:
    return f"mapping.scaffold-choice-{name}"


def _first(label: str, readers: Sequence[Transform], own: Transform, today: date) -> Meaning | None:
    alike = (one for one in readers if isinstance(one, Codes) == isinstance(own, Codes))
    return next((found for one in alike if (found := _read(label, one, today)) is not None), None)


def _read(text: str, transform: Transform, today: date) -> Meaning | None:
    if isinstance(transform, Codes):
        meaning, unknown = transform.known(text)
        return None if unknown else meaning or ()
    reading = transform.forward(text, Context("organization", lambda _: None, today))
    if reading.trouble is not None or reading.value is None:
        return None
    if isinstance(transform, Boolean):
        return "yes" if reading.value else "no"
    value: Any = reading.value
    return value if isinstance(value, str) else tuple(value or ())


# --- as data of a mapping ---------------------------------------------------------------------------------------------


def answers(found: Sequence[Meant]) -> dict[str, list[str]]:
    """The setting `words` of a question that is answered with yes or no."""
    words: dict[str, list[str]] = {}
    for one in found:
        if isinstance(one.meaning, str) and one.confidence in TAKEN:
            words.setdefault(one.meaning, []).append(one.choice.name)
    return words


def concept_map(name: str, found: Sequence[Meant]) -> Resource | None:
    """https://hl7.org/fhir/R4/conceptmap.html. None where every choice is known by its name, or none is understood."""
    systems: dict[str, list[Resource]] = {}
    for one in found:
        for system, target in _targets(one):
            systems.setdefault(system, []).append({"code": one.choice.name, "target": target})
    if not systems:
        return None
    first = next(iter(systems.values()))
    nothing = [one.choice.name for one in found if not one.known and one.meaning == () and one.confidence in TAKEN]
    first += [{"code": name, "target": [{"equivalence": "unmatched"}]} for name in nothing]
    source = f"{BASE}/CodeSystem/{name}"
    return {
        "resourceType": "ConceptMap",
        "url": f"{BASE}/ConceptMap/{name}",
        "version": "0.1.0",
        "name": "".join(part.capitalize() for part in name.split("-")),
        "status": "draft",
        "group": [{"source": source, "target": system, "element": elements} for system, elements in systems.items()],
    }


def _targets(one: Meant) -> Iterator[tuple[str, list[Resource]]]:
    if one.known or one.confidence not in TAKEN or one.meaning is None or isinstance(one.meaning, str):
        return
    by_system: dict[str, list[Resource]] = {}
    for code in one.meaning:
        target = {"code": code.code, "equivalence": EQUIVALENCE[one.confidence]}
        by_system.setdefault(code.system, []).append(target)
    yield from by_system.items()
