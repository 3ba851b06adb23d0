"""Which columns are ticked for a kind of violence: below a heading that says so, by the first letter of the word for it, or side
by side (`ticks` knows what the kinds are called)."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from hub.mapping.plan import Column
from hub.mapping.scaffold.apart import Claim, is_in_full
from hub.mapping.scaffold.known import Known
from hub.mapping.scaffold.names import EXACT, Near
from hub.mapping.scaffold.table import Question
from hub.mapping.scaffold.values import fit
from hub.mapping.transforms.answers import Answer

MOSTLY: Final = 0.6  # of the cells of a ticked column are ticks: a row of totals has others
BODILY: Final = frozenset({"violence_physical", "violence_sexual"})
BY_INITIAL: Final = 3  # kinds of violence whose headers begin with its first letter
SEVERAL: Final = 2  # kinds below one heading, by which it is known without a tick


def tick(found: dict[int, list[Claim]], asked: Mapping[int, Question], ready: Known) -> set[int]:
    """What is ticked below a heading of violence is one kind of it, and no service of that name. Returned are those of which
    nothing else is asked."""
    kinds = _kinds(asked, ready)
    of = {at: fit(ready.columns[kind], asked[at].values, ready.plan.blank, ready.today) for at, kind in kinds.items()}
    several = Counter(group for group, _ in {(asked[at].group, kind) for at, kind in kinds.items()})
    for at, kind in kinds.items():
        said, one = of[at], asked[at]
        alone = not said.tried and several[one.group] < SEVERAL and not ready.names.kinds.says_in_full(one.labels[0])
        if (said.read >= MOSTLY * said.tried and not alone) or said.supports:
            name = next(iter(ready.columns[kind].headers), kind)
            found[at] = [(EXACT, Near(EXACT, kind, name, ready.names.language(one.header), whole=True), said)]
    below = {at for at in found.keys() - kinds.keys() if ready.names.kinds.is_heading(asked[at].group)}
    others = set()
    for at in below:
        ticks = fit(Column("", (), Answer()), asked[at].values, ready.plan.blank, ready.today)
        if not asked[at].kind and ticks.read >= MOSTLY * ticks.tried:
            found[at] = [claim for claim in found[at] if _may_stand_there(claim[1], ready, ticked=ticks.tried > 0)]
            others.add(at)
    return {*kinds, *others}


def _may_stand_there(near: Near, ready: Known, *, ticked: bool) -> bool:
    """Whether a column of signs among the kinds of violence may be something else: it is called so, and is no service."""
    return is_in_full(near) or (not ready.names.kinds.forbids(near.column) and (near.whole or not ticked))


def _kinds(asked: Mapping[int, Question], ready: Known) -> dict[int, str]:
    """Those that say a kind of violence, by themselves or below their heading; by the first letter of the word for it where three
    kinds are said so."""
    columns = {at: one for at, one in asked.items() if not one.kind}
    found = {at: kind for at, one in columns.items() if (kind := _kind(one, ready))}
    by_initial = {at: ready.names.kinds.kind_by_initial(one.labels) for at, one in columns.items() if at not in found}
    said = {at: kind for at, kind in by_initial.items() if _is_ticked(kind, ready)}
    found |= said if len({*said.values()}) >= BY_INITIAL else {}
    return found | _kinds_in_a_row({at: one for at, one in columns.items() if at not in found}, ready)


def _kinds_in_a_row(asked: Mapping[int, Question], ready: Known) -> dict[int, str]:
    """Ticked columns side by side, each called as another kind, that of the body and that against sexual freedom among them: no
    services are called so. What is ticked between them may have a name that nobody knows."""
    rows: list[dict[int, str]] = [{}]
    last = -1
    for at, one in asked.items():
        kind = ready.names.kinds.kind_alone(one.labels)
        is_kind = _is_ticked(kind, ready) and not one.group
        if last != at - 1:
            rows.append({})
        if is_kind:
            rows[-1][at] = kind
        last = at if is_kind or _is_ticked_below_no_heading(one, ready) else last
    return {
        at: kind
        for row in rows
        if {*row.values()} >= BODILY and len({*row.values()}) == len(row) >= BY_INITIAL
        for at, kind in row.items()
    }


def _is_ticked_below_no_heading(question: Question, ready: Known) -> bool:
    ticks = fit(Column("", (), Answer()), question.values, ready.plan.blank, ready.today)
    return not question.group and ticks.supports


def _kind(question: Question, ready: Known) -> str:
    """The column of the ready mapping for the kind of violence that this asks."""
    kind = ready.names.kinds.kind(question.group, question.labels)
    return kind if _is_ticked(kind, ready) else ""


def _is_ticked(column: str, ready: Known) -> bool:
    return column in ready.columns and bool(ready.plan.columns[column].ticks)


__all__ = ["tick"]
