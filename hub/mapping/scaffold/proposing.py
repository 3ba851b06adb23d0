"""A first mapping for a register or a form that nobody has seen: which column each question is, how sure that is, and why.

Nothing is decided here in silence. What is called exactly as something known, and holds what that holds, is proposed with high
confidence; what is only like something, with medium or low; two columns for one meaning, words that no code list knows, and dates
that could be read two ways are asked about; the rest is listed as unmapped.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from hub.mapping.model import Transform
from hub.mapping.plan import Column, Plan
from hub.mapping.scaffold.adding import SURE, Added, Confidence, called_again, is_added_to, numbered, with_more
from hub.mapping.scaffold.apart import NAMED, Claim, part, yield_to_called, yield_to_plainer
from hub.mapping.scaffold.below import Word, words_below
from hub.mapping.scaffold.choices import Meant
from hub.mapping.scaffold.claims import CALCULATED, LOW, MEDIUM, claims, fitted, is_listed, meanings
from hub.mapping.scaffold.doubts import doubted, names_alone
from hub.mapping.scaffold.known import Known, known
from hub.mapping.scaffold.left_out import is_left_out
from hub.mapping.scaffold.names import EXACT, Near
from hub.mapping.scaffold.none import Reason, none, without_number
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.ticked import tick
from hub.mapping.scaffold.values import Fit, are_answers, date_order
from hub.mapping.scaffold.whole import decided, is_far_from
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.dates import DateText
from hub.mapping.transforms.phones import Phones

LIKELY: Final = 0.66  # what only resembles, and beyond that is sure
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
    hidden: tuple[str, ...] = ()  # such words that are not shown: nobody has said yet that this is the column
    spaced: bool = False  # several answers stand between spaces, where the ready mapping reads commas
    meant: tuple[Meant, ...] = ()  # what the choices of a form, or the signs of a legend, would mean
    alike: bool = False  # by what headers it is like alone
    unlikely: bool = (
        False  # called so, and its neighbours say otherwise: of which mapping it is a column says that nothing
    )
    optional: bool = False  # a word that no list knows is left out, and its record comes in
    more: bool = False  # another line has this column, too, and what stands here is added to that
    kept: bool = False  # that is not read
    ticks: str = ""  # the word of the column that is ticked here; the header, where no list knows that yet
    tests: bool = False  # it tells tests from cases, and no column of a ready mapping is meant

    @property
    def is_in_force(self) -> bool:
        """Whether it is read as it is proposed."""
        return self.confidence in {"high", "medium"}

    @property
    def unexplained(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word not in {one.choice.name for one in self.meant})


@dataclass(frozen=True, repr=False)
class Proposal:
    """All lines, what the mapping must have and no question gives, and the order of day and month ("?": it cannot be told).
    `gathering`: it looks like a list of who came to a training or a talk, and like no register. `header_again`: the first
    record may be the header in another language."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...] = ()
    order: str = ""
    gathering: bool = False
    header_again: bool = False

    def score(self, plan: Plan) -> tuple[int, int]:
        """How much of it this mapping knows, where what it reads counts twice, and how much it reads. What is only alike
        weighs as a question does."""
        weights = {"high": 8, "medium": 4, "low": 2, "none": 0}
        known = [
            (
                2 if one.alike else weights["high" if one.unlikely else one.confidence],
                plan.columns[one.column].transform,
            )
            for one in self.lines
            if one.column
        ]
        read = sum(weight for weight, transform in known if transform)
        return read + sum(weight for weight, _ in known), read


def propose(questions: Sequence[Question], ready: Known) -> Proposal:
    """One line for each question, in their order. A column is given to one question, the nearest."""
    marks = {at for at, one in enumerate(questions) if ready.names.marks_tests(one.shown)}
    asked = {at: one for at, one in enumerate(questions) if not one.again and not is_left_out(one) and at not in marks}
    found = {at: claims(one, ready) for at, one in without_number(asked).items()}
    ticked = tick(found, asked, ready)
    below = words_below({at: one for at, one in asked.items() if at not in ticked}, found, ready)
    found |= {at: [] for at in below}
    ticked |= below.keys()
    no_columns = none(found, {at: one for at, one in asked.items() if at not in ticked})
    found |= {at: [] for at in no_columns}
    yield_to_plainer(found)
    yield_to_called(found)
    part(found)
    weighed = {at: one for at, one in asked.items() if at not in ticked}
    taken, added = _weighed(_given(found), weighed, no_columns.keys(), ready)
    columns = {near.column for _, near, _ in taken.values()} | {one.column for one in below.values()}
    added |= numbered(weighed, taken, no_columns, ready)
    given = {at: near.column for at, (_, near, _) in taken.items()} | {at: column for at, (column, *_) in added.items()}
    alone = names_alone(weighed, given, ready)
    lines = tuple(
        _alone(at in alone, _line(question, *with_more(taken[at], question, added, questions, ready), ready))
        if at in taken
        else _more(question, *added[at], ready)
        if at in added
        else _below(question, below[at], ready)
        if at in below
        else _tests(question, ready)
        if at == min(marks, default=None)  # of two such columns one is asked about
        else _unmapped(question, ready, columns, no_columns.get(at))
        for at, question in enumerate(questions)
    )
    lines = tuple(_again(line, lines) for line in lines if line.column or line.question.kind != CALCULATED)
    lines = tuple(_twin(line) if line.question.twin else line for line in lines)
    required = {name for name, column in ready.columns.items() if _is_required(column)}
    return Proposal(lines, tuple(sorted(required - columns)), _order(lines, ready))


def _given(found: Mapping[int, Sequence[Claim]]) -> dict[int, Claim]:
    """Each column to the question that claims it most."""
    every = sorted(
        (
            (score, (near.whole and said.share) or 0.0, -at, near, said)
            for at, claimed in found.items()
            for score, near, said in claimed
        ),
        key=lambda claim: claim[:3],
        reverse=True,
    )
    taken: dict[int, Claim] = {}
    columns: set[str] = set()
    for score, _, position, near, said in every:
        if -position not in taken and near.column not in columns:
            taken[-position] = score, near, said
            columns.add(near.column)
    return taken


def _weighed(
    taken: Mapping[int, Claim], asked: Mapping[int, Question], no_columns: AbstractSet[int], ready: Known
) -> tuple[dict[int, Claim], dict[int, Added]]:
    """What is called so, and of the rest what all that is known of the table makes likeliest. What a mapping must have, by
    what records are told apart, and what is called so though its cells say otherwise, is asked about where nothing is
    likelier. And what adds to one of these."""
    taken = {at: _heard(claim, asked[at], ready) if at in asked else claim for at, claim in taken.items()}
    settled = {at: claim for at, claim in taken.items() if claim[1].whole or at not in asked}
    called = {at: near.column for at, (_, near, _) in settled.items()}
    again = called_again(asked, called, no_columns, ready)
    likeliest = decided(asked, called | again | dict.fromkeys(no_columns, NOTHING), ready)
    found = doubted(settled, asked, no_columns, ready) | {
        at: _resembling(asked[at], one.column, one.sure, taken.get(at), ready)
        for at, one in likeliest.items()
        if not one.more
    }
    first = {near.column: at for at, (_, near, _) in found.items()}
    added = {
        at: (one.column, asked[first[one.column]].header, is_added_to(asked[at], one, ready))
        for at, one in likeliest.items()
        if one.more and one.column in first
    } | {at: (column, asked[first[column]].header, "low") for at, column in again.items() if column in first}
    given = {near.column for _, near, _ in found.values()}
    must = {name for name, column in ready.columns.items() if _is_required(column) or name in ready.plan.key}
    others = {
        at: claim
        for at, claim in taken.items()
        if at not in found
        and at not in added
        and claim[1].column not in given
        and (claim[1].column in must or _is_called(claim[1]))
    }
    return found | others, added


def _heard(claim: Claim, question: Question, ready: Known) -> Claim:
    """A name that says little ("État") is none where nearly all else speaks for something else."""
    score, near, said = claim
    unheard = near.whole and near.vague and not said.supports and is_far_from(question, near.column, ready)
    return (score, near._replace(whole=False), said) if unheard and not question.kind else claim


def _more(question: Question, column: str, first: str, confidence: Confidence, ready: Known) -> Line:
    """What adds to another column. Its words are asked about there."""
    kept = ready.plan.columns[column].transform is None
    reasons = (("mapping.scaffold-more-kept" if kept else "mapping.scaffold-more", {"name": first}),)
    return Line(question, column, confidence, reasons, ready.names.language(question.header), more=True, kept=kept)


def _below(question: Question, word: Word, ready: Known) -> Line:
    """A word of a column, ticked below that as its heading or beside others of its list. What no list knows is asked."""
    label, heading = next(iter(question.labels), question.header), question.group
    reasons = (("mapping.scaffold-below", {"name": heading}) if heading else ("mapping.scaffold-beside", {}),)
    return Line(
        question, word.column, "medium" if word.said and word.sure else "low", reasons,
        ready.names.language(question.header), words=() if word.said else (label,), ticks=word.said or label,
    )  # fmt: skip


def _is_called(near: Near) -> bool:
    """Whether it is called so, or by the first letters of that, though its cells say otherwise."""
    return near.score >= NAMED or near.initials


def _resembling(question: Question, column: str, sure: float, before: Claim | None, ready: Known) -> Claim:
    """Where names alone claim another column, it is a question which of them it is."""
    if before and before[1].column == column:
        return before
    said = fitted(question, column, ready)
    doubted = before is not None or said.contradicts or question.kind == CALCULATED
    score = LIKELY if sure >= SURE and not doubted else LOW
    return score, Near(score, column, "", ready.names.language(question.header), alike=True), said


def _is_required(column: Column) -> bool:
    return column.required and not column.within


def _again(line: Line, lines: Sequence[Line]) -> Line:
    """One answer of a question, said again in a column of its own, is no column: it is not read twice."""
    said = next((one for one in lines if line.question.again and one.question.header == line.question.again), None)
    if said is None or not said.column:
        return line
    reason = ("mapping.scaffold-again", {"name": said.question.header})
    return Line(line.question, reasons=(reason,), language=said.language)


def _twin(line: Line) -> Line:
    """Of two columns that are called the same the first is read; that it is the right one nobody can be sure of."""
    confidence: Confidence = "medium" if line.confidence == "high" else line.confidence
    return replace(line, confidence=confidence, reasons=(*line.reasons, ("mapping.scaffold-twin", {})))


def _line(question: Question, score: float, near: Near, said: Fit, ready: Known) -> Line:
    confidence = _confidence(score, near, said, ready.columns[near.column].transform)
    if confidence == "high" and (near.cut or near.vague) and are_answers(question.values):
        confidence = "medium"  # a tick says nothing of what is ticked
    if confidence == "medium" and not near.whole and _needs_a_name(question, near, ready):
        confidence = "low"
    called = "called" if near.whole else "values-alone" if near.score < LOW else "like" if near.name else "alike"
    reasons: list[tuple[str, Mapping[str, str]]] = [(f"mapping.scaffold-{called}", {"name": near.name})]
    if said.tried:
        key = (
            "values-fit"
            if said.read == said.tried or said.supports
            else "values-signs"
            if said.contradicts and is_listed(near, question, ready)
            else "values-contradict"
            if said.contradicts
            else "values-some"
        )
        reasons.append((f"mapping.scaffold-{key}", {"read": str(said.read), "tried": str(said.tried)}))
    if ready.plan.columns[near.column].transform is None:
        reasons.append(("mapping.scaffold-kept", {}))
    beyond_doubt = confidence == "high" and near.column in ready.shown and (said.share or 0) >= SURE_WORDS
    listed = near.whole and is_listed(near, question, ready)
    shown = near.column in ready.shown or all(word.isdecimal() for word in said.unknown)
    sure = beyond_doubt or (listed and shown) or bool(question.kind)
    spoken = ready.names.language(question.header)
    language = spoken if spoken == "ar" or (question.both and near.language == "ar") else near.language
    told = meanings(question, near.column, ready)
    transform = ready.columns[near.column].transform
    several = isinstance(transform, Codes) and transform.several and transform.separator != "space"
    spaced = several and (question.spaced or question.kind == "select_multiple")
    return Line(
        question, near.column, confidence, tuple(reasons), language,
        said.unknown if sure else (), () if sure else said.unknown, spaced, told,
        near.alike and not near.whole, near.unlikely, near.column in ready.optional,
    )  # fmt: skip


def _alone(alone: bool, line: Line) -> Line:
    """What nothing but its name says is not beyond doubt; it stays in force, and its words are asked about as before."""
    if not alone or line.confidence != "high":
        return line
    return replace(line, confidence="medium", reasons=(*line.reasons, ("mapping.scaffold-alone", {})), unlikely=True)


def _needs_a_name(question: Question, near: Near, ready: Known) -> bool:
    """Whether a person must say that it is this column, which it is merely like: a tick says nothing of what is ticked, and an
    agreement is never supposed."""
    return near.column in ready.names.agreed or (not question.kind and are_answers(question.values))


def _confidence(score: float, near: Near, said: Fit, transform: Transform | None) -> Confidence:
    """Cells that are not read as they should be make a question of everything but a code list, whose words are asked about. A
    name that is cut short is beyond doubt only where the cells are words of that very list."""
    coded = isinstance(transform, Codes)
    sure = not (near.cut or near.vague) or (said.supports and (coded or isinstance(transform, Phones)))
    sure &= not (near.doubted or near.unlikely)
    if near.whole and sure and not said.contradicts and (said.share is None or said.share >= SURE_WORDS):
        return "high"
    doubtful = said.share is not None and not said.supports and not coded
    doubtful |= near.torn and not (said.supports and (coded or isinstance(transform, Phones)))
    return "medium" if score >= MEDIUM and not doubtful else "low"


def pointed_at(line: Line, column: str, ready: Known) -> Line:
    """A line of which somebody has said which column it is."""
    said = fitted(line.question, column, ready)
    near = Near(EXACT, column, "", ready.names.language(line.question.header), whole=True)
    found = _line(line.question, EXACT, near, said, ready)
    shown = column in ready.shown
    words, hidden = (found.hidden or found.words, ()) if shown else (found.words, found.hidden)
    return replace(found, confidence="medium", reasons=(("mapping.scaffold-told", {}),), words=words, hidden=hidden)


def _tests(question: Question, ready: Known) -> Line:
    """Always a question: what a mapping leaves out is withdrawn (docs/adr/0066)."""
    language = ready.names.language(question.header)
    return Line(question, confidence="low", reasons=(("mapping.scaffold-tests", {}),), language=language, tests=True)


def _unmapped(question: Question, ready: Known, taken: set[str], why: Reason | None = None) -> Line:
    if why:
        return Line(question, reasons=(why,), language=ready.names.language(question.header))
    near = next(iter(ready.names.near(question.header)), None)
    twice = near is not None and near.score >= LOW and near.column in taken
    reason = ("mapping.scaffold-twice", {"column": near.column}) if near and twice else ("mapping.scaffold-unknown", {})
    return Line(question, reasons=(reason,), language=ready.names.language(question.header))


def _order(lines: Sequence[Line], ready: Known) -> str:
    """Dates are read in one order in the whole file, or somebody is asked."""
    dates = [line for line in lines if line.column and isinstance(ready.columns[line.column].transform, DateText)]
    return date_order([value for line in dates for value in line.question.values])


__all__ = ["Confidence", "Known", "Line", "Proposal", "known", "pointed_at", "propose"]
