"""The applications of a project space, as an XLSForm would have them: a group of questions for each type of case, and choices.

Application Structure API: https://github.com/dimagi/commcare-hq/blob/master/docs/api/application-structure.rst. What a case holds
are its properties; which question fills one is not told, so that the question of the same name is taken to. No case is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.commcare.cases import ABOUT, HALF, UNWRITABLE
from adapters.commcare.client import opened
from adapters.commcare.records import REFERRAL, SURVIVOR
from hub.ports import Connection, Sample

CHOICES: Final = 5000
KINDS: Final = {"Select": "select_one", "MSelect": "select_multiple", "Int": "integer", "Date": "date"}
"""Types of question that mean something to whoever reads the form; the others are text."""

Cells = tuple[str, ...]
Told = Mapping[str, Any]


@dataclass
class Role:
    """A type of case: its properties, in the order in which they are met, and the first question of each name."""

    properties: dict[str, None] = field(default_factory=dict)
    questions: dict[str, Told] = field(default_factory=dict)


def sample(connection: Connection, rows: int) -> Iterator[Sample]:
    """At most so many properties of each type of case, and the choices. Raises Fatal or Retriable."""
    with opened(connection) as (hq, found):
        applications = hq.applications()
    roles = {
        name: _role(applications, type_) for name, type_ in ((SURVIVOR, found.survivor), (REFERRAL, found.referral))
    }
    spoken = list(dict.fromkeys(_languages(roles.values())))
    labels = tuple(f"label::{one}" for one in spoken)
    survey = [row for name, role in roles.items() for row in _group(name, role, rows, spoken)]
    choices = [row for name, role in roles.items() for row in _choices(name, role, spoken)][:CHOICES]
    yield Sample(1, (("type", "name", *labels), *survey))
    yield Sample(2, (("list_name", "name", *labels), *choices))


def _role(applications: Sequence[Told], type_: str) -> Role:
    role = Role()
    for application in applications:
        typed = application.get("case_types")
        _meet(role, typed.get(type_) if isinstance(typed, Mapping) else ())
        for module in _tables(application.get("modules")):
            if module.get("case_type") == type_:
                _meet(role, module.get("case_properties"))
                for question in (
                    one for form in _tables(module.get("forms")) for one in _tables(form.get("questions"))
                ):
                    role.questions.setdefault(_text(question.get("value")).rpartition("/")[2], question)
    return role


def _meet(role: Role, names: object) -> None:
    """What is said of a case beside its properties has no question; a path leads to another case."""
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str) and name and "/" not in name and name not in ABOUT:
            role.properties.setdefault(_text(name))


def _group(name: str, role: Role, rows: int, spoken: Sequence[str]) -> Iterator[Cells]:
    if role.properties:
        yield "begin_group", name
        for one in list(role.properties)[:rows]:
            question = role.questions.get(one, {})
            kind = KINDS.get(_text(question.get("type")), "text")
            listed = f" {_list(name, one)}" if kind.startswith("select") else ""
            yield kind + listed, one, *_labels(question, spoken)
        yield "end_group", ""


def _choices(name: str, role: Role, spoken: Sequence[str]) -> Iterator[Cells]:
    for one in role.properties:
        for option in _tables(role.questions.get(one, {}).get("options")):
            yield _list(name, one), _text(option.get("value")), *_labels(option, spoken)


def _list(name: str, property_: str) -> str:
    return f"{name}.{property_}".replace(" ", "_")


def _labels(said: Told, spoken: Sequence[str]) -> Cells:
    """In each language; where nothing is translated, the label as it stands is in the first."""
    translated = said.get("translations")
    by_language = (
        translated if isinstance(translated, Mapping) and translated else dict.fromkeys(spoken[:1], said.get("label"))
    )
    return tuple(_text(by_language.get(one)) for one in spoken)


def _languages(roles: Iterable[Role]) -> Iterator[str]:
    """Those that questions and choices are translated into, or one without a name."""
    asked = [question for role in roles for name, question in role.questions.items() if name in role.properties]
    for said in (*asked, *(option for one in asked for option in _tables(one.get("options")))):
        translated = said.get("translations")
        yield from map(str, translated if isinstance(translated, Mapping) and translated else ())
    if not any(isinstance(one.get("translations"), Mapping) and one["translations"] for one in asked):
        yield "default"


def _tables(said: object) -> list[Told]:
    return [one for one in said if isinstance(one, Mapping)] if isinstance(said, list) else []


def _text(said: object) -> str:
    return HALF.sub(UNWRITABLE, said) if isinstance(said, str) else ""
