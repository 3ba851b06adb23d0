"""A first mapping for a register or a form that nobody has seen: which column each question is, how sure that is, and why.

Nothing is decided here in silence. What is called exactly as something known, and holds what that holds, is proposed with high
confidence; what is only like something, with medium or low; two columns for one meaning, words that no code list knows, and dates
that could be read two ways are asked about; the rest is listed as unmapped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from hub.mapping.plan import Column, Plan
from hub.mapping.scaffold_choices import Meant, Words, meant
from hub.mapping.scaffold_names import Names, Near
from hub.mapping.scaffold_table import Question
from hub.mapping.scaffold_values import Fit, date_order, fit
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import DateText
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits

Confidence = Literal["high", "medium", "low", "none"]

MEDIUM: Final = 0.62
LOW: Final = 0.42
SUPPORT: Final = 0.2
VALUES_ALONE: Final = 0.44
SURE_WORDS: Final = 0.5  # share of known words from which the others may be shown


@dataclass(frozen=True, repr=False)
class Line:
    """What is proposed for one question. `reasons`: keys of `hub/texts/mapping.yaml`, with their blanks."""

    question: Question
    column: str = ""
    confidence: Confidence = "none"
    reasons: tuple[tuple[str, Mapping[str, str]], ...] = ()
    language: str = "fr"
    words: tuple[str, ...] = ()  # that no code list of the column knows
    hidden: int = 0  # such words that are not shown
    meant: tuple[Meant, ...] = ()  # what the choices of a form would mean


@dataclass(frozen=True, repr=False)
class Proposal:
    """All lines, what the mapping must have and no question gives, and the order of day and month ("?": it cannot be told)."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...] = ()
    order: str = ""

    @property
    def score(self) -> int:
        return sum({"high": 4, "medium": 2, "low": 1, "none": 0}[line.confidence] for line in self.lines)


@dataclass(frozen=True, repr=False)
class Known:
    """A ready mapping to compare with. `shown`: its columns whose values identify nobody."""

    plan: Plan
    names: Names
    shown: frozenset[str]
    today: date
    columns: Mapping[str, Column] = field(default_factory=dict)
    words: Words = field(default_factory=dict)


def known(  # noqa: PLR0917 — the parts of what is known
    plan: Plan,
    lexicon: Mapping[str, Any],
    said: Mapping[str, Any],
    shown: frozenset[str],
    today: date,
    words: Words = MappingProxyType({}),
) -> Known:
    """`said`: the columns as the mapping's file says them, headers by language. `words`: by what labels of choices are read."""
    columns = {
        name: column for name, column in plan.columns.items() if column.direction != "back" and not column.repeat
    }
    headers = {name: (said.get(name) or {}).get("headers") or {} for name in columns}
    return Known(plan, Names(lexicon, headers), shown, today, columns, words)


def propose(questions: Sequence[Question], ready: Known) -> Proposal:
    """One line for each question, in their order. A column is given to one question, the nearest."""
    claims = sorted(
        (
            (score, -at, near, said)
            for at, question in enumerate(questions)
            for score, near, said in _claims(question, ready)
        ),
        key=lambda claim: claim[:2],
        reverse=True,
    )
    taken: dict[int, tuple[float, Near, Fit]] = {}
    columns: set[str] = set()
    for score, position, near, said in claims:
        if -position not in taken and near.column not in columns:
            taken[-position] = score, near, said
            columns.add(near.column)
    lines = tuple(
        _line(question, *taken[at], ready) if at in taken else _unmapped(question, ready, columns)
        for at, question in enumerate(questions)
    )
    required = {name for name, column in ready.columns.items() if column.required and not column.within}
    return Proposal(lines, tuple(sorted(required - columns)), _order(lines, ready))


def spare(proposal: Proposal, ready: Known) -> dict[str, str]:
    """The columns of the ready mapping that no question gives, each with a header that it goes by."""
    given = {line.column for line in proposal.lines}
    left = {
        name: column for name, column in ready.columns.items() if name not in given and column.transform is not None
    }
    return {name: next(iter(column.headers), name) for name, column in left.items()}


def _claims(question: Question, ready: Known) -> list[tuple[float, Near, Fit]]:
    """What this question may be, and how much speaks for it."""
    nears: dict[str, Near] = {}
    for text in (question.header, *question.labels):
        for near in ready.names.near(text):
            nears[near.column] = max(near, nears.get(near.column, near), key=lambda one: one.score)
    for column in [one for one in ready.columns if one not in nears]:
        if not ready.names.forbids(question.header, column):
            nears[column] = Near(0.0, column, "", ready.names.language(question.header))
    found = []
    for near in nears.values():
        if bool(ready.columns[near.column].within) != question.repeated:
            continue
        said = _fit(question, near.column, ready)
        alone = VALUES_ALONE if said.supports and _tells(near.column, question, ready) else 0.0
        score = max(_score(near, said, ready), alone)
        if score >= LOW:
            found.append((score, near, said))
    if any(near.whole and said.contradicts for _, near, said in found):  # whatever else it is then, it is a question
        found = [(min(score, MEDIUM - 0.01), near._replace(whole=False), said) for score, near, said in found]
    best = max((score for score, near, said in found if near.whole and not said.contradicts), default=0.0)
    rivals = sum(near.whole and score == best for score, near, _ in found)
    return [(score, near._replace(whole=near.whole and rivals < 2), said) for score, near, said in found]


def _fit(question: Question, column: str, ready: Known) -> Fit:
    """Of a form's choices what they mean counts, by their names or by their labels; else what stands in the cells."""
    found = _meant(question, column, ready)
    if not found:
        return fit(ready.columns[column], question.values, ready.plan.blank, ready.today)
    unknown = tuple(one.choice.name for one in found if one.meaning is None)
    return Fit(len(found) - len(unknown), len(found), unknown)


def _meant(question: Question, column: str, ready: Known) -> tuple[Meant, ...]:
    transform = ready.columns[column].transform
    if transform is None or not any(one.labels for one in question.choices):
        return ()
    return tuple(meant(question.choices, transform, ready.words.get(column, ()), ready.today))


def _score(near: Near, said: Fit, ready: Known) -> float:
    if said.contradicts:
        return near.score * (0.75 if near.whole and _is_coded(near.column, ready) else 0.45)
    return near.score + (SUPPORT if said.supports else 0.0)


def _tells(column: str, question: Question, ready: Known) -> bool:
    """Whether cells alone tell the column: only where few columns could be read so, and more than one word was."""
    transform = ready.columns[column].transform
    selective = isinstance(transform, Codes | Phones) or (isinstance(transform, Digits) and bool(transform.expect))
    return selective and len({value for value in question.values if value}) > 1


def _is_coded(column: str, ready: Known) -> bool:
    """Words that no list knows are no reason to doubt a column that is called as it should be: they are asked about."""
    return isinstance(ready.columns[column].transform, Codes)


def _line(question: Question, score: float, near: Near, said: Fit, ready: Known) -> Line:
    confidence = _confidence(score, near, said, coded=_is_coded(near.column, ready))
    called = "called" if near.whole else "like" if near.score >= LOW else "values-alone"
    reasons: list[tuple[str, Mapping[str, str]]] = [(f"mapping.scaffold-{called}", {"name": near.name})]
    if said.tried:
        key = (
            "values-fit"
            if said.read == said.tried or said.supports
            else "values-contradict"
            if said.contradicts
            else "values-some"
        )
        reasons.append((f"mapping.scaffold-{key}", {"read": str(said.read), "tried": str(said.tried)}))
    beyond_doubt = confidence == "high" and near.column in ready.shown and (said.share or 0) >= SURE_WORDS
    sure = beyond_doubt or bool(question.kind)
    language = "ar" if ready.names.language(question.header) == "ar" else near.language
    return Line(
        question, near.column, confidence, tuple(reasons), language,
        said.unknown if sure else (), 0 if sure else len(said.unknown), _meant(question, near.column, ready),
    )  # fmt: skip


def _confidence(score: float, near: Near, said: Fit, *, coded: bool) -> Confidence:
    """Cells that are not read as they should be make a question of everything but a code list, whose words are asked about."""
    if near.whole and not said.contradicts and (said.share is None or said.share >= SURE_WORDS):
        return "high"
    doubtful = said.share is not None and not said.supports and not coded
    return "medium" if score >= MEDIUM and not doubtful else "low"


def _unmapped(question: Question, ready: Known, taken: set[str]) -> Line:
    near = next(iter(ready.names.near(question.header)), None)
    twice = near is not None and near.score >= LOW and near.column in taken
    reason = ("mapping.scaffold-twice", {"column": near.column}) if near and twice else ("mapping.scaffold-unknown", {})
    return Line(question, reasons=(reason,), language=ready.names.language(question.header))


def _order(lines: Sequence[Line], ready: Known) -> str:
    """Dates are read in one order in the whole file, or somebody is asked."""
    dates = [line for line in lines if line.column and isinstance(ready.columns[line.column].transform, DateText)]
    return date_order([value for line in dates for value in line.question.values])
