"""The questions of an XLSForm: what they are called in each language, and which choices they have.

https://xlsform.org/en/. Answers travel under the path of their groups and as the choices' names; labels never travel, but tell
what a question asks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.cells import columns as columns_of
from hub.mapping.model import Transform
from hub.mapping.plan import Branch, Plan
from hub.mapping.scaffold.choices import Choice
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question, Rows

Record = Mapping[str, str]
Named = Mapping[str, Any]
Steps = tuple[tuple[str, str], ...]
Place = tuple[str, Steps]


@dataclass(frozen=True, repr=False)
class Ready:
    """A ready mapping of tables. `said`: its columns as its file says them."""

    plan: Plan
    said: Named


_NOT_ASKED: Final = frozenset(
    {
        *(
            "note",
            "start",
            "end",
            "today",
            "deviceid",
            "username",
            "phonenumber",
            "simserial",
            "subscriberid",
            "audit",
            "hidden",
        ),
        *("start-geopoint", "background-audio", "xml-external", "csv-external"),
    }
)
_SPACED: Final = re.compile(r"^(begin|end|select) (group|repeat|one|multiple)\b", re.IGNORECASE)


def form(sheets: Sequence[Rows]) -> list[Question]:
    """The questions, by their paths; none when these sheets are no XLSForm."""
    survey = next((found for rows in sheets if (found := _records(rows, {"type", "name"}))), [])
    choices = next((found for rows in sheets if (found := _records(rows, {"list name", "name"}))), [])
    return list(_questions(survey, choices))


def _questions(survey: Sequence[Record], choices: Sequence[Record]) -> Iterator[Question]:
    path: list[tuple[str, bool, tuple[str, ...]]] = []
    for row in survey:
        kind, _, rest = _SPACED.sub(r"\1_\2", row.get("type", "").strip()).partition(" ")
        name = row.get("name", "").strip()
        what = f"{kind} {rest}".replace("_", " ").strip()
        if what.startswith(("begin group", "begin repeat")):
            path.append((name, what.startswith("begin repeat"), _labels(row)))
        elif what.startswith(("end group", "end repeat")):
            path = path[:-1]
        elif name and kind not in _NOT_ASKED:
            listed = rest.split()[0] if kind.startswith("select") and rest else ""
            offered = [one for one in choices if listed and one.get("list name") == listed]
            values = tuple(one.get("name", "") for one in offered)
            shown = tuple(Choice(one.get("name", ""), _labels(one)) for one in offered)
            asked = "/".join((*(group for group, *_ in path), name))
            repeated = any(repeats for _, repeats, _ in path)
            labels = (*_labels(row), _spoken(name), _spoken(asked))
            group = " ".join(label for one, _, shown in path[-1:] for label in dict.fromkeys((_spoken(one), *shown)))
            yield Question(asked, values, labels, repeated, kind, shown, group, path=True)


def _labels(row: Record) -> tuple[str, ...]:
    return tuple(text for column, text in row.items() if column.startswith("label") and text)


def _records(rows: Rows, wanted: set[str]) -> list[Record]:
    """The rows below a header that has all of these columns, as a form's sheets have it in their first row."""
    header = [fold(cell) for cell in rows[0]] if rows else []
    if not wanted <= set(header):
        return []
    return [dict(zip(header, row, strict=False)) for row in rows[1:]]


def crossed(plan: Plan, tables: Sequence[Ready], lexicon: Named) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns as files say them, and a lexicon, for a form whose columns are paths: each is called by its own path, and as the
    columns of ready tables are that go to the same element."""
    twins = twins_of(plan, tables)
    columns, names, sentences = {}, {}, {}
    asked = lexicon.get("sentences", {})
    for name in plan.columns:
        headers = {"fr": [_spoken(name)]}
        for table, twin in twins.get(name, ()):
            headers = _together(headers, (table.said.get(twin) or {}).get("headers") or {})
        columns[name] = {"headers": headers}
        known = [lexicon["names"][twin] for _, twin in twins.get(name, ()) if twin in lexicon.get("names", {})]
        if known:
            names[name] = known[0]
        said = [asked[twin] for _, twin in twins.get(name, ()) if twin in asked]
        if said:
            sentences[name] = said[0]
    of_twins = {name: {twin for _, twin in every} for name, every in twins.items()}
    hers, agreed = (
        [name for name, every in of_twins.items() if every & set(lexicon.get(key, ()))] for key in ("hers", "agreed")
    )
    kinds = {
        kind: {**one, "columns": [name for name in columns if of_twins.get(name, {name}) & set(one["columns"])]}
        for kind, one in lexicon.get("asks", {}).items()
    }
    called: dict[str, list[str]] = {}
    for name, every in of_twins.items():
        for twin in every:
            called.setdefault(twin, []).append(name)
    return columns, {
        **lexicon,
        "called": called,
        "names": names,
        "sentences": {**_nothing(asked), **sentences},
        "hers": hers,
        "agreed": agreed,
        "asks": kinds,
    }


def _nothing(asked: Named) -> dict[str, Any]:
    return {name: said for name, said in asked.items() if name == NOTHING}


def readers_of(plan: Plan, tables: Sequence[Ready]) -> dict[str, list[Transform]]:
    """By what the labels of choices are read: the transforms of those columns."""
    return {
        name: [transform for table, twin in twins if (transform := table.plan.columns[twin].transform) is not None]
        for name, twins in twins_of(plan, tables).items()
    }


def twins_of(plan: Plan, tables: Sequence[Ready]) -> dict[str, list[tuple[Ready, str]]]:
    """The columns of tables that go to the same element of the same profile as each column of this plan."""
    found: dict[str, list[tuple[Ready, str]]] = {}
    for table in tables:
        theirs = {place: name for name, place in reversed(list(elements_of(table.plan).items()))}
        for name, place in elements_of(plan).items():
            if place in theirs:
                found.setdefault(name, []).append((table, theirs[place]))
    return found


def elements_of(plan: Plan) -> dict[str, Place]:
    """What each column is about: the element, in its profile, that it goes to and comes back from, else the first that it goes
    to; and the resource that is there because of its answer."""
    found: dict[str, Place] = {column: (block.profile, ()) for block in plan.blocks for column, _ in block.proves}
    for inverts in (True, False):
        for block in plan.blocks:
            for steps, branch in _steps(block.root):
                for column in columns_of(branch, inverts=inverts):
                    found.setdefault(column, (block.profile, steps))
    return found


def _steps(branch: Branch, above: Steps = ()) -> Iterator[tuple[Steps, Branch]]:
    """Each element with its way from the top: names and slices."""
    yield above, branch
    for step, child in branch.children.items():
        yield from _steps(child, (*above, step))


def _spoken(path: str) -> str:
    return path.replace("/", " ").replace("_", " ")


def _together(own: Mapping[str, list[str]], more: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: [*own.get(key, ()), *more.get(key, ())] for key in dict.fromkeys((*own, *more))}
