"""A form of the directory as a form on a page, and what was filled in as a QuestionnaireResponse.

https://hl7.org/fhir/R4/questionnaire.html. A form is for everybody to read, so it says nothing of anybody: what concerns one
woman is asked in a message.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.exchange import Hub, disclose
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.ports import Caller
from hub.search import parse

MOST: Final = 50
LONGEST: Final = 2000
_DATE: Final = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
_INTEGER: Final = re.compile(r"-?\d{1,9}", re.ASCII)
YES_NO: Final = ("true", "false")


@dataclass(frozen=True)
class Question:
    """`options`: of a choice, by number. `below`: of a group, its questions."""

    id: str
    text: str
    type: str
    required: bool = False
    options: tuple[Resource, ...] = ()
    below: "tuple[Question, ...]" = field(default=())

    @property
    def name(self) -> str:
        """Of its field."""
        return f"q-{self.id}"

    @property
    def labels(self) -> list[tuple[str, str]]:
        return [(str(number), _label(one)) for number, one in enumerate(self.options)]


def forms(caller: Caller, *, hub: Hub) -> list[tuple[str, str]]:
    """Canonical and title of those that can be sent now."""
    pairs = [("status", "active"), ("_count", str(MOST)), ("_sort", "title"), ("_total", "none")]
    page = disclose.search(parse("Questionnaire", pairs, strict=True)[0], caller, hub=hub)
    found = [loads(view.text) for view in page.entries]
    return [(_canonical(one), one["title"]) for one in found if "url" in one]


def form(canonical: str, caller: Caller, *, hub: Hub) -> Resource | None:
    """The form of this canonical, where the directory has it."""
    url, _, version = canonical.partition("|")
    pairs = [("url", _escaped(url)), *([("version", _escaped(version))] if version else []), ("_count", "1")]
    page = disclose.search(parse("Questionnaire", pairs, strict=True)[0], caller, hub=hub)
    return next((loads(view.text) for view in page.entries), None)


def questions(items: Any) -> tuple[Question, ...]:
    """Those that are asked; what is only shown has no answer."""
    return tuple(_question(one) for one in items if one.get("type") != "display")


def is_answerable(asked: tuple[Question, ...]) -> bool:
    """Whether each question is of a kind that these pages have a field for."""
    return all(is_answerable(one.below) if one.type == "group" else one.type in _READ for one in asked)


def lacking(asked: tuple[Question, ...], form: Mapping[str, str]) -> Iterator[str]:
    """The names of the fields in which something is missing or not understood."""
    for one in asked:
        if one.type == "group":
            yield from lacking(one.below, form)
            continue
        said = form.get(one.name, "").strip()
        if (one.required and not said) or len(said) > LONGEST or (said and _READ[one.type](said, one) is None):
            yield one.name


def answered(asked: tuple[Question, ...], form: Mapping[str, str]) -> list[Resource]:
    """The items of the answer; what was left empty is not among them."""
    found: list[Resource] = []
    for one in asked:
        said = form.get(one.name, "").strip()
        if one.type == "group" and (below := answered(one.below, form)):
            found.append({"linkId": one.id, "item": below})
        elif said and (value := _READ[one.type](said, one)) is not None:
            found.append({"linkId": one.id, "answer": [value]})
    return found


def _question(item: Resource) -> Question:
    return Question(
        item["linkId"],
        item.get("text", ""),
        item["type"],
        item.get("required", False),
        tuple(item.get("answerOption", ())),
        questions(item.get("item", ())),
    )


def _option(said: str, of: Question) -> Resource | None:
    chosen = int(said) if said.isdecimal() and len(said) < 4 else len(of.options)
    return dict(of.options[chosen]) if chosen < len(of.options) else None


def _label(option: Resource) -> str:
    value = next((value for name, value in option.items() if name.startswith("value")), "")
    return str(value.get("display", value.get("code", "")) if isinstance(value, dict) else value)


_READ: Final[Mapping[str, Callable[[str, Question], Resource | None]]] = {
    "string": lambda said, _: {"valueString": said},
    "text": lambda said, _: {"valueString": said.replace("\r\n", "\n")},
    "boolean": lambda said, _: {"valueBoolean": said == "true"} if said in YES_NO else None,
    "date": lambda said, _: {"valueDate": said} if _DATE.fullmatch(said) else None,
    "integer": lambda said, _: {"valueInteger": int(said)} if _INTEGER.fullmatch(said) else None,
    "choice": _option,
}
"""Type of a question → what an answer is understood as; None: it is not understood."""


def _canonical(form: Resource) -> str:
    return f"{form['url']}|{form['version']}" if "version" in form else str(form["url"])


def _escaped(value: str) -> str:
    """https://hl7.org/fhir/R4/search.html#escaping"""
    return re.sub(r"([\\$,|])", r"\\\1", value)
