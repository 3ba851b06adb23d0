"""The forms of the account's role as an XLSForm would have them: a sheet of questions and a sheet of choices. No case is read.

Questions are called as `records.py` gives their answers: fields by their own names, those of a subform by their path, choices
without the number of an instance, and what the door itself makes of a case (consents, referred_to) beside them.
https://github.com/primeroIMS/primero/blob/main/doc/api/forms/get.md
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.primero.client import opened
from adapters.primero.consents import CONSENTS, SECTORS, consent_fields
from adapters.primero.forms import INCIDENTS, PERPETRATORS, SERVICES, lookup_of, stem
from adapters.primero.unreferred import ANSWERS, QUESTIONS, SERVICES_ASKED, SUBFORMS
from hub.ports import Connection, Sample

Rows = list[tuple[str, ...]]
Labels = Mapping[str, str]
Listed = list[tuple[str, str, Labels]]

LANGUAGES: Final = ("ar", "fr", "en")
KINDS: Final = {
    "text_field": "text",
    "text_area": "text",
    "hidden_text_field": "text",
    "numeric_field": "integer",
    "calculated": "text",
    "date_field": "date",
    "select_box": "select_one",
    "radio_button": "select_one",
    "tick_box": "select_one",
}
"""What is no question (separators, attachments, tallies) is not here."""
BOOLEAN: Final[Listed] = [("boolean", "true", {}), ("boolean", "false", {})]
SECTOR: Final[Listed] = [("sector", one, {}) for one in SECTORS]
SERVICE: Final[Listed] = [("service", one, {}) for one in SERVICES_ASKED]


def sample(connection: Connection, rows: int) -> Iterator[Sample]:
    """At most so many questions, and the choices. Raises Fatal or Retriable."""
    with opened(connection) as primero:
        lookups = {str(one.get("unique_id")): one.get("values") for one in primero.lookups()}
        cases, incidents = (_fields(primero.forms(type_)) for type_ in ("case", "incident"))
    form = _Form(lookups)
    form.write(cases, incidents)
    yield Sample(1, (("type", "name", *(f"label::{one}" for one in LANGUAGES)), *form.questions[:rows]))
    yield Sample(2, (("list_name", "name", *(f"label::{one}" for one in LANGUAGES)), *form.choices()))


class _Form:
    """The two sheets while they are written: what several of a case are first, because long forms are cut."""

    def __init__(self, lookups: Mapping[str, Any]) -> None:
        self._lookups = lookups
        self._offered: Listed = [*BOOLEAN, *SECTOR]
        self.questions: Rows = [_row("date", "created_at")]

    def write(self, cases: Sequence[Mapping[str, Any]], incidents: Sequence[Mapping[str, Any]]) -> None:
        consents = consent_fields()
        if any(one["name"] in consents for one in cases):
            self._repeat(CONSENTS, [_row("select_one sector", "sector"), _row("text", "organization")])
        groups = {str(one["name"]): _inside(one) for one in cases if _inside(one)}
        if SERVICES in groups:
            own = [_row("text", "unique_id"), _row("text", "referred_to")]
            self._repeat(SERVICES, [*own, *self._asked(groups.pop(SERVICES), own)])
        if incidents:
            flat = [*incidents, *(two for one in incidents if one["name"] == PERPETRATORS for two in _inside(one))]
            self._repeat(
                INCIDENTS, [_row("text", "id"), *self._asked([one for one in flat if one["name"] not in QUESTIONS])]
            )
            self._answers([*incidents, *(two for one in incidents if one["name"] in SUBFORMS for two in _inside(one))])
        self.questions += self._asked([one for one in cases if one["name"] not in consents], self.questions)
        for name, inside in groups.items():
            self._repeat(name, self._asked(inside))

    def _answers(self, fields: Sequence[Mapping[str, Any]]) -> None:
        """Of each service whether she was referred, as one question: all of them take one list."""
        asked = [one for one in fields if one["name"] in QUESTIONS]
        if asked:
            self._offered += SERVICE
            told = _row(f"select_one {self._list(asked[0])}", "referral", _labels(asked[0].get("display_name")))
            self._repeat(
                ANSWERS, [_row("text", "id"), _row("select_one service", "service"), told, _row("date", "date")]
            )

    def choices(self) -> Rows:
        return [(listed, name, *_spoken(labels)) for listed, name, labels in self._offered]

    def _repeat(self, name: str, questions: Rows) -> None:
        self.questions += [_row("begin_repeat", name), *questions, _row("end_repeat", "")]

    def _asked(self, fields: Sequence[Mapping[str, Any]], before: Rows | None = None) -> Rows:
        """Each field once, whatever number of forms has it."""
        asked: dict[str, tuple[str, ...]] = {}
        for one in fields:
            kind = KINDS.get(str(one.get("type")))
            if kind and one["name"] not in {*asked, *(name for _, name, *_ in before or ())}:
                said = "select_multiple" if kind == "select_one" and one.get("multi_select") is True else kind
                listed = self._list(one) if kind == "select_one" else ""
                asked[one["name"]] = _row(f"{said} {listed}".strip(), one["name"], _labels(one.get("display_name")))
        return list(asked.values())

    def _list(self, one: Mapping[str, Any]) -> str:
        """The list of choices of a question, offered once however many questions have it."""
        if one.get("type") == "tick_box":
            return "boolean"
        source = lookup_of(one)
        name, values = (source, self._lookups[source]) if source in self._lookups else (one["name"], None)
        if name not in {listed for listed, _, _ in self._offered}:
            offered = values if values is not None else one.get("option_strings_text")
            self._offered += [
                (name, stem(str(two["id"])), _labels(two.get("display_text")))
                for two in (offered if isinstance(offered, list) else ())
                if isinstance(two, Mapping) and "id" in two and two.get("disabled") is not True
            ]
        return str(name)


def _fields(forms: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of all forms; a subform stands in its field."""
    listed = (_list(form.get("fields")) for form in forms if form.get("is_nested") is not True)
    return [one for fields in listed for one in fields if isinstance(one.get("name"), str)]


def _inside(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = one.get("subform_section")
    found = _list(inner.get("fields")) if isinstance(inner, Mapping) else []
    return [two for two in found if isinstance(two.get("name"), str)]


def _list(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _row(kind: str, name: str, labels: Labels | None = None) -> tuple[str, ...]:
    return (kind, name, *_spoken(labels or {}))


def _spoken(labels: Labels) -> tuple[str, ...]:
    return tuple(labels.get(language, "") for language in LANGUAGES)


def _labels(said: object) -> Labels:
    """By language; an old server may say one text alone. `ar-LB` is Arabic."""
    if isinstance(said, Mapping):
        told = {str(language): text for language, text in said.items() if isinstance(text, str)}
        regional = {language.partition("-")[0]: text for language, text in told.items()}
        return {**regional, **told}
    return {"en": said} if isinstance(said, str) else {}
