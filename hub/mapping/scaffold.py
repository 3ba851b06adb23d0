"""A first mapping for a register or a form that nobody has seen: which column each question is, how sure that is, and why.

Nothing is decided here in silence. What is called exactly as something known, and holds what that holds, is proposed with high
confidence; what is only like something, with medium or low; two columns for one meaning, words that no code list knows, and dates
that could be read two ways are asked about; the rest is listed as unmapped.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from hub.fhir.folding import fold
from hub.mapping.model import Transform
from hub.mapping.plan import Column, Plan
from hub.mapping.scaffold_apart import Claim, is_in_full, part, uncount, yield_to_called, yield_to_plainer
from hub.mapping.scaffold_choices import Meant, Words, meant
from hub.mapping.scaffold_left_out import is_left_out
from hub.mapping.scaffold_legend import signs
from hub.mapping.scaffold_names import EXACT, Names, Near
from hub.mapping.scaffold_second import is_plain, second
from hub.mapping.scaffold_sentences import NOTHING
from hub.mapping.scaffold_table import Question
from hub.mapping.scaffold_values import Fit, are_codes, date_order, fit
from hub.mapping.transforms import TRANSFORMS
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import DateText
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits

Confidence = Literal["high", "medium", "low", "none"]

MEDIUM: Final = 0.62
LOW: Final = 0.42
SUPPORT: Final = 0.2
VALUES_ALONE: Final = 0.44
BELOW: Final = 0.97  # called so together with the heading above
SOME_READ: Final = 0.7  # of what a header is most like, where some cells are read
NEARLY: Final = 0.8  # or where it is nearly called so, too
UNHEARD: Final = 0.5  # at most: what the labels do not ask for
PERPETRATOR: Final = "perpetrator"
MOSTLY: Final = 0.6  # of the cells of a ticked column are ticks: a row of totals has others
SEVERAL: Final = 2  # kinds below one heading, by which it is known without a tick
SIGN: Final = 3  # letters of a sign that may mean anything: "oui", "F", "12"
CALCULATED: Final = "calculate"  # a form computes a lot for itself, which nobody needs to hear of
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
    spaced: bool = False  # several answers stand between spaces, where the ready mapping reads commas
    meant: tuple[Meant, ...] = ()  # what the choices of a form, or the signs of a legend, would mean
    alike: bool = False  # by what headers it is like alone
    tests: bool = False  # it tells tests from cases, and no column of a ready mapping is meant

    @property
    def unexplained(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word not in {one.choice.name for one in self.meant})


@dataclass(frozen=True, repr=False)
class Proposal:
    """All lines, what the mapping must have and no question gives, and the order of day and month ("?": it cannot be told).
    `gathering`: it looks like a list of who came to a training or a talk, and like no register."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...] = ()
    order: str = ""
    gathering: bool = False

    def score(self, plan: Plan) -> tuple[int, int]:
        """How much of it this mapping knows, where what it reads counts twice, and how much it reads. What is only alike
        weighs as a question does."""
        weights = {"high": 8, "medium": 4, "low": 2, "none": 0}
        known = [
            (2 if one.alike else weights[one.confidence], plan.columns[one.column].transform)
            for one in self.lines
            if one.column
        ]
        read = sum(weight for weight, transform in known if transform)
        return read + sum(weight for weight, _ in known), read


@dataclass(frozen=True, repr=False)
class Known:
    """A ready mapping to compare with. `shown`: its columns whose values identify nobody; `headers`: those that it names itself,
    folded."""

    plan: Plan
    names: Names
    shown: frozenset[str]
    today: date
    columns: Mapping[str, Column] = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    headers: frozenset[str] = frozenset()

    def names_itself(self, proposal: "Proposal") -> int:
        """How many columns are called exactly as this mapping calls its own."""
        return sum(any(fold(text) in self.headers for text in one.question.texts) for one in proposal.lines)


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
        name: _evident(column, said.get(name) or {})
        for name, column in plan.columns.items()
        if column.direction != "back" and not column.repeat
    }
    headers = {name: (said.get(name) or {}).get("headers") or {} for name in columns}
    own = frozenset(
        fold(str(one)) for by_language in headers.values() for texts in by_language.values() for one in texts
    )
    named = {name: one for name, one in headers.items() if not columns[name].ticks}  # by scaffold_ticks
    return Known(plan, Names(lexicon, named), shown, today, columns, words, own)


def _evident(column: Column, said: Mapping[str, Any]) -> Column:
    """What is known and not read may still say what would stand in it."""
    kind = str(said.get("transform", ""))
    if column.transform is not None or kind not in {"date", "integer"}:
        return column
    return replace(column, transform=TRANSFORMS[kind]())


def propose(questions: Sequence[Question], ready: Known) -> Proposal:
    """One line for each question, in their order. A column is given to one question, the nearest."""
    marks = {at for at, one in enumerate(questions) if ready.names.marks_tests(one.shown)}
    asked = {at: one for at, one in enumerate(questions) if not one.again and not is_left_out(one) and at not in marks}
    found = {at: _claims(one, ready) for at, one in asked.items()}
    _tick(found, asked, ready)
    uncount(found, questions)
    yield_to_plainer(found)
    yield_to_called(found)
    part(found)
    claims = sorted(
        ((score, -at, near, said) for at, every in found.items() for score, near, said in every),
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
        _line(question, *taken[at], ready)
        if at in taken
        else _tests(question, ready)
        if at == min(marks, default=None)  # of two such columns one is asked about
        else _unmapped(question, ready, columns)
        for at, question in enumerate(questions)
    )
    lines = tuple(_again(line, lines) for line in lines if line.column or line.question.kind != CALCULATED)
    lines = tuple(_twin(line) if line.question.twin else line for line in lines)
    required = {name for name, column in ready.columns.items() if column.required and not column.within}
    return Proposal(lines, tuple(sorted(required - columns)), _order(lines, ready))


def _again(line: Line, lines: Sequence[Line]) -> Line:
    """One answer of a question, said again in a column of its own: what that question is, and not read twice."""
    said = next((one for one in lines if line.question.again and one.question.header == line.question.again), None)
    if said is None:
        return line
    reason = ("mapping.scaffold-again", {"name": said.question.header})
    return replace(line, column=said.column, confidence=said.confidence, reasons=(reason,), language=said.language)


def _twin(line: Line) -> Line:
    """Of two columns that are called the same the first is read; that it is the right one nobody can be sure of."""
    confidence: Confidence = "medium" if line.confidence == "high" else line.confidence
    return replace(line, confidence=confidence, reasons=(*line.reasons, ("mapping.scaffold-twin", {})))


def _nears(question: Question, ready: Known) -> dict[str, Near]:
    """By its names; those below a heading that says whose it is come first."""
    nears: dict[str, Near] = {}
    asked = ready.names.asked(question.shown)
    if any(one.column == NOTHING for one in asked):
        return {}
    role, inside = ready.names.below(question.group, question.texts)
    whose = " ".join(inside)
    for text in (*inside, *question.texts):
        for near in ready.names.near(text):
            joined = text in inside and role != PERPETRATOR
            if joined and not near.whole:  # what is merely like a heading and a header together
                continue
            if not ready.names.forbids(whose, near.column):
                one = near._replace(score=min(near.score, BELOW), cut=True) if joined else near
                nears[near.column] = max(nears.get(near.column, one), one, key=lambda one: one.score)
    _hear(question, asked, nears, ready)
    likely = ready.names.likely((*inside, *question.shown))
    for column in [one for one, known in ready.columns.items() if one not in nears and not known.ticks]:
        said = f"{' '.join(question.texts)} {question.header} {whose}"
        if not ready.names.forbids(said, column, plainly=is_plain(column, likely)):
            nears[column] = Near(0.0, column, "", ready.names.language(question.header))
    return second(nears, likely)


def _hear(question: Question, asked: Sequence[Near], nears: dict[str, Near], ready: Known) -> None:
    """What its labels ask for as sentences counts more than what its name is like, and than a sentence that is like a name."""
    said = {one.column for text in question.shown for one in ready.names.near(text) if one.whole and not one.vague}
    heard = [one for one in asked if one.column in ready.columns]
    for column in [one for one in nears if heard and one not in said]:
        nears[column] = nears[column]._replace(score=min(nears[column].score, UNHEARD), whole=False)
    for one in heard:
        nears[one.column] = max(nears.get(one.column, one), one, key=lambda near: near.score)


def _claims(question: Question, ready: Known) -> list[Claim]:
    """What this question may be, and how much speaks for it."""
    nears = _nears(question, ready)
    found = []
    for near in nears.values():
        if bool(ready.columns[near.column].within) != question.repeated:
            continue
        said = _fit(question, near.column, ready)
        alone = VALUES_ALONE if said.supports and _tells(near.column, question, ready) else 0.0
        score = max(_score(near, said, question, ready), alone)
        if score >= LOW:
            found.append((score, near, said))
    if any(near.whole and near.alike for _, near, _ in found):  # two opinions are more than one
        found = [one for one in found if not (one[1].whole and one[1].doubted)]
    called = max((near.score for _, near, _ in found if near.whole and not near.cut), default=0.0)
    # what it is merely like is no choice beside that, also where another column is that already ("adresse 2")
    plainly = any(near.whole and not near.cut and not near.vague for _, near, _ in found)
    found = [one for one in found if one[1].score >= called or (one[2].supports and not (plainly and one[1].score))]
    if question.kind == CALCULATED or _doubted(found, question, ready):  # whatever it is, it is a question
        found = [(min(score, MEDIUM - 0.01), near._replace(whole=False), said) for score, near, said in found]
    best = max((score for score, near, said in found if near.whole and not said.contradicts), default=0.0)
    rivals = sum(near.whole and score == best for score, near, _ in found)
    return [(score, near._replace(whole=near.whole and rivals < 2), said) for score, near, said in found]


def _tick(found: dict[int, list[Claim]], asked: Mapping[int, Question], ready: Known) -> None:
    """What is ticked below a heading of violence is one kind of it, and no service of that name."""
    kinds = {at: kind for at, one in asked.items() if not one.kind and (kind := _kind(one, ready))}
    of = {at: fit(ready.columns[kind], asked[at].values, ready.plan.blank, ready.today) for at, kind in kinds.items()}
    several = Counter(group for group, _ in {(asked[at].group, kind) for at, kind in kinds.items()})
    for at, kind in kinds.items():
        said, one = of[at], asked[at]
        alone = not said.tried and several[one.group] < SEVERAL and not ready.names.kinds.says_in_full(one.labels[0])
        if (said.read >= MOSTLY * said.tried and not alone) or said.supports:
            name = next(iter(ready.columns[kind].headers), kind)
            found[at] = [(EXACT, Near(EXACT, kind, name, ready.names.language(one.header), whole=True), said)]
    below = {at for at in found.keys() - kinds.keys() if ready.names.kinds.is_heading(asked[at].group)}
    for at in below:
        ticks = fit(Column("", (), Answer()), asked[at].values, ready.plan.blank, ready.today)
        if not asked[at].kind and ticks.read >= MOSTLY * ticks.tried:
            found[at] = [claim for claim in found[at] if _may_stand_there(claim[1], ready, ticked=ticks.tried > 0)]


def _may_stand_there(near: Near, ready: Known, *, ticked: bool) -> bool:
    """Whether a column of signs among the kinds of violence may be something else: it is called so, and is no service."""
    return is_in_full(near) or (not ready.names.kinds.forbids(near.column) and (near.whole or not ticked))


def _kind(question: Question, ready: Known) -> str:
    """The column of the ready mapping for the kind of violence that this asks."""
    kind = ready.names.kinds.kind(question.group, question.labels)
    return kind if kind in ready.columns and ready.plan.columns[kind].ticks else ""


def _doubted(found: Sequence[Claim], question: Question, ready: Known) -> bool:
    """Whether the cells contradict what the header says. What it is called exactly counts before what it is called nearly:
    "adresse" is not doubted because no date stands there, as if it were short for "adressée le"."""
    whole = [(near, said) for _, near, said in found if near.whole]
    best = max((near.score for near, _ in whole), default=0.0)
    against = any(
        near.score == best and said.contradicts and not _is_listed(near, question, ready) for near, said in whole
    )
    return against and not any(said.supports for _, said in whole)


def _fit(question: Question, column: str, ready: Known) -> Fit:
    """Of a form's choices what they mean counts, by their names or by their labels; else what stands in the cells."""
    found = _meant(question, column, ready)
    asked = ready.columns[column]
    if question.spaced and isinstance(asked.transform, Codes):
        asked = replace(asked, transform=replace(asked.transform, several=True, separator="space"))
    if not found:
        said = [
            label for one in question.choices for label in one.labels[:1]
        ]  # and not the names that a form gives them
        return fit(asked, said or question.values, ready.plan.blank, ready.today)
    unknown = tuple(one.choice.name for one in found if one.meaning is None)
    told = Fit(len(found) - len(unknown), len(found), unknown)
    explained = {fold(one.choice.name) for one in found}
    others = [sign for sign in signs(question.values) if fold(sign) not in explained]
    return told if question.kind else told.and_(fit(asked, others, ready.plan.blank, ready.today))


def _meant(question: Question, column: str, ready: Known) -> tuple[Meant, ...]:
    transform = ready.columns[column].transform
    if transform is None or not any(one.labels for one in question.choices):
        return ()
    return tuple(meant(question.choices, transform, ready.words.get(column, ()), ready.today))


def _score(near: Near, said: Fit, question: Question, ready: Known) -> float:
    if near.initials:  # a question where signs stand in the cells; nothing where the cells cannot tell
        signs_alone = said.contradicts and _is_listed(near, question, ready)
        return near.score if signs_alone else near.score + SUPPORT if said.supports else 0.0
    if said.contradicts:
        if near.alike and not near.whole and (said.read or near.score >= NEARLY):
            return near.score * SOME_READ
        return near.score * (0.45 if not _is_coded(near.column, ready) else 0.75 if near.whole or near.alike else 0.6)
    return near.score + (SUPPORT if said.supports else 0.0)


def _tells(column: str, question: Question, ready: Known) -> bool:
    """Whether cells alone tell the column: only where few columns could be read so, and more than one word was."""
    transform = ready.columns[column].transform
    selective = isinstance(transform, Codes | Phones) or (isinstance(transform, Digits) and bool(transform.expect))
    shown = [label for one in question.choices for label in one.labels[:1]] or question.values
    return selective and len({value for value in shown if len(value) > SIGN}) > 1


def _is_listed(near: Near, question: Question, ready: Known) -> bool:
    """Signs that no list knows say nothing against a column that is called as it should be: somebody tells what they mean."""
    return _is_coded(near.column, ready) and are_codes(question.values, ready.plan.blank)


def _is_coded(column: str, ready: Known) -> bool:
    """Words that no list knows are no reason to doubt a column that is called as it should be: they are asked about."""
    return isinstance(ready.columns[column].transform, Codes)


def _line(question: Question, score: float, near: Near, said: Fit, ready: Known) -> Line:
    confidence = _confidence(score, near, said, ready.columns[near.column].transform)
    called = "called" if near.whole else "values-alone" if near.score < LOW else "like" if near.name else "alike"
    reasons: list[tuple[str, Mapping[str, str]]] = [(f"mapping.scaffold-{called}", {"name": near.name})]
    if said.tried:
        key = (
            "values-fit"
            if said.read == said.tried or said.supports
            else "values-signs"
            if said.contradicts and _is_listed(near, question, ready)
            else "values-contradict"
            if said.contradicts
            else "values-some"
        )
        reasons.append((f"mapping.scaffold-{key}", {"read": str(said.read), "tried": str(said.tried)}))
    if ready.plan.columns[near.column].transform is None:
        reasons.append(("mapping.scaffold-kept", {}))
    beyond_doubt = confidence == "high" and near.column in ready.shown and (said.share or 0) >= SURE_WORDS
    listed = near.whole and _is_listed(near, question, ready)
    shown = near.column in ready.shown or all(word.isdecimal() for word in said.unknown)
    sure = beyond_doubt or (listed and shown) or bool(question.kind)
    language = "ar" if ready.names.language(question.header) == "ar" else near.language
    told = _meant(question, near.column, ready)
    transform = ready.columns[near.column].transform
    several = isinstance(transform, Codes) and transform.several and transform.separator != "space"
    spaced = several and (question.spaced or question.kind == "select_multiple")
    return Line(
        question, near.column, confidence, tuple(reasons), language,
        said.unknown if sure else (), 0 if sure else len(said.unknown), spaced, told, near.alike and not near.whole,
    )  # fmt: skip


def _confidence(score: float, near: Near, said: Fit, transform: Transform | None) -> Confidence:
    """Cells that are not read as they should be make a question of everything but a code list, whose words are asked about. A
    name that is cut short is beyond doubt only where the cells are words of that very list."""
    coded = isinstance(transform, Codes)
    sure = not (near.cut or near.vague) or (said.supports and (coded or isinstance(transform, Phones)))
    sure &= not near.doubted
    if near.whole and sure and not said.contradicts and (said.share is None or said.share >= SURE_WORDS):
        return "high"
    doubtful = said.share is not None and not said.supports and not coded
    doubtful |= near.torn and not (said.supports and (coded or isinstance(transform, Phones)))
    return "medium" if score >= MEDIUM and not doubtful else "low"


def _tests(question: Question, ready: Known) -> Line:
    """Always a question: what a mapping leaves out is withdrawn (docs/adr/0066)."""
    language = ready.names.language(question.header)
    return Line(question, confidence="low", reasons=(("mapping.scaffold-tests", {}),), language=language, tests=True)


def _unmapped(question: Question, ready: Known, taken: set[str]) -> Line:
    near = next(iter(ready.names.near(question.header)), None)
    twice = near is not None and near.score >= LOW and near.column in taken
    reason = ("mapping.scaffold-twice", {"column": near.column}) if near and twice else ("mapping.scaffold-unknown", {})
    return Line(question, reasons=(reason,), language=ready.names.language(question.header))


def _order(lines: Sequence[Line], ready: Known) -> str:
    """Dates are read in one order in the whole file, or somebody is asked."""
    dates = [line for line in lines if line.column and isinstance(ready.columns[line.column].transform, DateText)]
    return date_order([value for line in dates for value in line.question.values])
