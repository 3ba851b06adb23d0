"""What one question may be, and how much speaks for each: what it is called, what it is like, and what stands in its cells."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hub.fhir.folding import fold
from hub.mapping.scaffold.apart import Claim
from hub.mapping.scaffold.choices import Meant, meant
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.legend import signs
from hub.mapping.scaffold.names import Near
from hub.mapping.scaffold.second import is_plain, second
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import NAMED, Question
from hub.mapping.scaffold.values import Fit, are_answers, are_codes, fit
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits

MEDIUM: Final = 0.62
LOW: Final = 0.42
SUPPORT: Final = 0.2
VALUES_ALONE: Final = 0.44
BELOW: Final = 0.97  # called so together with the heading above
SOME_READ: Final = 0.7  # of what a header is most like, where some cells are read
NEARLY: Final = 0.8  # or where it is nearly called so, too
CALLED: Final = 0.48  # of what is called so, where no cell is read: still a question
UNCALLED: Final = 0.45
UNHEARD: Final = 0.5  # at most: what the labels do not ask for
PERPETRATOR: Final = "perpetrator"
APART: Final = 0.02
SIGN: Final = 3  # letters of a sign that may mean anything: "oui", "F", "12"
FREE: Final = frozenset({"text", "integer", "decimal", "date"})  # questions of a form that are answered with no choice
CALCULATED: Final = "calculate"  # a form computes a lot for itself, which nobody needs to hear of


def called(question: Question, ready: Known) -> tuple[str, ...]:
    """What people read, and what that is called below its heading."""
    _, inside = _below(question, ready)
    return (*inside, *(_understood(question, ready) or question.shown))


def _understood(question: Question, ready: Known) -> list[str]:
    """Of a header in two languages the names that are like any at all: the other says nothing against them."""
    return [text for text in question.shown if ready.likely.by_header([text])] if question.both else []


def agree(question: Question, column: str, ready: Known) -> bool:
    """Whether each name of a header in two languages is at least like this column's; of one in one language nothing is asked."""
    return all(
        any(near.column == column and near.score >= LOW for near in ready.names.near(text))
        or next(iter(ready.likely.by_header([text])), "") == column
        for text in question.both
    )


def _below(question: Question, ready: Known) -> tuple[str, list[str]]:
    """What it is called together with its heading; the way to a form's question is no name."""
    return ready.names.below(question.group, question.labels[:-1] if question.kind else question.texts)


def is_nothing(question: Question, ready: Known) -> bool:
    """Whether its labels ask for what is no column's."""
    return any(one.column == NOTHING for one in ready.names.asked(question.shown))


def named(question: Question, ready: Known) -> dict[str, Near]:
    """By its names; those below a heading that says whose it is come first."""
    nears: dict[str, Near] = {}
    role, inside = _below(question, ready)
    whose = " ".join(inside)
    for text in (*inside, *question.texts):
        for near in ready.names.near(text):
            joined = text in inside and role != PERPETRATOR
            if joined and not near.whole:  # what is merely like a heading and a header together
                continue
            if not ready.names.forbids(whose, near.column):
                one = near._replace(score=min(near.score, BELOW), cut=True) if joined else near
                nears[near.column] = max(nears.get(near.column, one), one, key=lambda one: one.score)
    _by_its_labels(question, nears, ready)
    _hear(question, ready.names.asked(question.shown), nears, ready)
    return nears


def forbidden(question: Question, column: str, ready: Known, *, plainly: bool = False) -> bool:
    """Whether a word of it, or of the heading above, says that it is another thing."""
    _, inside = _below(question, ready)
    texts = (
        question.labels[:-1] if question.kind else (*question.texts, question.header)
    )  # the way to it is no word of it
    said = " ".join((*texts, *inside))
    return ready.names.forbids(said, column, plainly=plainly)


def _nears(question: Question, ready: Known) -> dict[str, Near]:
    """By its names, and by what it is like beside them."""
    if is_nothing(question, ready):
        return {}
    nears = _answered(question, _free(question, named(question, ready), ready), ready)
    likely = ready.likely.by_header(called(question, ready))
    for column in [one for one, known in ready.columns.items() if one not in nears and not known.ticks]:
        if not forbidden(question, column, ready, plainly=is_plain(column, likely)):
            nears[column] = Near(0.0, column, "", ready.names.language(question.header))
    return second(nears, likely)


def _free(question: Question, nears: dict[str, Near], ready: Known) -> dict[str, Near]:
    """What is answered with no choice, or with the thing itself, asks for that: "a safe number", for the number."""
    best: dict[str, Near] = {}
    for column, near in nears.items():
        meant = ready.names.free.get(column, column)
        to = meant if meant in nears and (column == meant or _is_free(question, meant, ready)) else column
        best[to] = max(best.get(to, near), near, key=lambda one: one.score)._replace(column=to)
    return best


def _answered(question: Question, nears: dict[str, Near], ready: Known) -> dict[str, Near]:
    """What is answered with yes or no is no day of it."""
    if not nears.keys() & ready.names.answered.keys() or not are_answers(question.values):
        return nears
    found: dict[str, Near] = {}
    for column, near in nears.items():
        to = ready.names.answered.get(column, column)
        to = to if to in ready.columns else column
        found[to] = max(found.get(to, near), near, key=lambda one: one.score)._replace(column=to)
    return found


def _is_free(question: Question, column: str, ready: Known) -> bool:
    if question.kind:
        return question.kind in FREE
    said = fitted(question, column, ready)
    return said.share is not None and not said.contradicts


def _by_its_labels(question: Question, nears: dict[str, Near], ready: Known) -> None:
    """The short name that a form gives a question says less than its labels: what these do not say is a question at most."""
    labels = question.labels[:-NAMED]
    if not question.kind or not labels:
        return
    said = [near for text in labels for near in ready.names.near(text)]
    for column, near in nears.items():
        if not any(one.column == column for one in said):
            nears[column] = near._replace(score=min(near.score, UNHEARD), whole=False)
        elif near.whole and not any(one.column == column and one.whole for one in said):
            nears[column] = near._replace(vague=True)


def _hear(question: Question, asked: Sequence[Near], nears: dict[str, Near], ready: Known) -> None:
    """What its labels ask for as sentences counts more than what its name is like, and than a sentence that is like a name."""
    said = {one.column for text in question.shown for one in ready.names.near(text) if one.whole and not one.vague}
    heard = [one for one in asked if one.column in ready.columns]
    for column in [one for one in nears if heard and one not in said]:
        nears[column] = nears[column]._replace(score=min(nears[column].score, UNHEARD), whole=False)
    for one in heard:
        nears[one.column] = max(nears.get(one.column, one), one, key=lambda near: near.score)


def claims(question: Question, ready: Known) -> list[Claim]:
    """What this question may be, and how much speaks for it."""
    nears = _nears(question, ready)
    found = []
    for near in nears.values():
        if bool(ready.columns[near.column].within) != question.repeated:
            continue
        said = fitted(question, near.column, ready)
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
    return [
        (score - _apart(near, question, ready), near._replace(whole=near.whole and rivals < 2), said)
        for score, near, said in found
    ]


def _apart(near: Near, question: Question, ready: Known) -> float:
    """What one language alone calls so yields to what both call so."""
    return 0.0 if not near.whole or agree(question, near.column, ready) else APART


def _doubted(found: Sequence[Claim], question: Question, ready: Known) -> bool:
    """Whether the cells contradict what the header says. What it is called exactly counts before what it is called nearly:
    "adresse" is not doubted because no date stands there, as if it were short for "adressée le"."""
    whole = [(near, said) for _, near, said in found if near.whole]
    best = max((near.score for near, _ in whole), default=0.0)
    called = [(near, said) for near, said in whole if near.score == best]
    against = [near for near, said in called if said.contradicts and not is_listed(near, question, ready)]
    against = against if len(against) == len(called) else [one for one in against if not _is_coded(one.column, ready)]
    return bool(against) and not any(said.supports for _, said in whole)


def fitted(question: Question, column: str, ready: Known) -> Fit:
    """Of a form's choices what they mean counts, by their names or by their labels; else what stands in the cells."""
    if lacks_its_sign(question, column, ready):
        return Fit(0, len([value for value in question.values if value.strip()]))
    found = meanings(question, column, ready)
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


def lacks_its_sign(question: Question, column: str, ready: Known) -> bool:
    """Whether something stands in the cells, and in none what each cell of the column holds."""
    sign = ready.names.holds.get(column, "")
    return (
        bool(sign)
        and not question.kind
        and any(map(str.strip, question.values))
        and sign not in "".join(question.values)
    )


def meanings(question: Question, column: str, ready: Known) -> tuple[Meant, ...]:
    transform = ready.columns[column].transform
    if transform is None or not any(one.labels for one in question.choices):
        return ()
    return tuple(meant(question.choices, transform, ready.words.get(column, ()), ready.today))


def _score(near: Near, said: Fit, question: Question, ready: Known) -> float:
    if near.initials:  # a question where signs stand in the cells; nothing where the cells cannot tell
        signs_alone = said.contradicts and is_listed(near, question, ready)
        return near.score if signs_alone else near.score + SUPPORT if said.supports else 0.0
    if said.contradicts:
        if near.alike and not near.whole and (said.read or near.score >= NEARLY):
            return near.score * SOME_READ
        doubt = CALLED if near.whole else UNCALLED
        return near.score * (doubt if not _is_coded(near.column, ready) else 0.75 if near.whole or near.alike else 0.6)
    return near.score + (SUPPORT if said.supports else 0.0)


def _tells(column: str, question: Question, ready: Known) -> bool:
    """Whether cells alone tell the column: only where few columns could be read so, and more than one word was."""
    transform = ready.columns[column].transform
    selective = isinstance(transform, Codes | Phones) or (isinstance(transform, Digits) and bool(transform.expect))
    shown = [label for one in question.choices for label in one.labels[:1]] or question.values
    return selective and len({value for value in shown if len(value) > SIGN}) > 1


def is_listed(near: Near, question: Question, ready: Known) -> bool:
    """Signs that no list knows say nothing against a column that is called as it should be: somebody tells what they mean."""
    return _is_coded(near.column, ready) and are_codes(question.values, ready.plan.blank)


def _is_coded(column: str, ready: Known) -> bool:
    """Words that no list knows are no reason to doubt a column that is called as it should be: they are asked about."""
    return isinstance(ready.columns[column].transform, Codes)


__all__ = [
    "CALCULATED",
    "FREE",
    "LOW",
    "MEDIUM",
    "agree",
    "called",
    "claims",
    "fitted",
    "forbidden",
    "is_listed",
    "is_nothing",
    "lacks_its_sign",
    "meanings",
    "named",
]
