"""The questions of an XLSForm: what they are called in each language, and which choices they have.

https://xlsform.org/en/. Answers travel under the path of their groups and as the choices' names; labels never travel, but tell
what a question asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.cells import places
from hub.mapping.plan import Plan
from hub.mapping.scaffold_table import Question, Rows

Record = Mapping[str, str]
Named = Mapping[str, Any]

_NOT_ASKED: Final = frozenset(
    "note start end today deviceid username phonenumber simserial subscriberid audit calculate hidden".split()  # noqa: SIM905
)


def form(sheets: Sequence[Rows]) -> list[Question]:
    """The questions, by their paths; none when these sheets are no XLSForm."""
    survey = next((found for rows in sheets if (found := _records(rows, {"type", "name"}))), [])
    choices = next((found for rows in sheets if (found := _records(rows, {"list name", "name"}))), [])
    return list(_questions(survey, choices))


def _questions(survey: Sequence[Record], choices: Sequence[Record]) -> Iterator[Question]:
    path: list[tuple[str, bool]] = []
    for row in survey:
        kind, _, rest = row.get("type", "").strip().partition(" ")
        name = row.get("name", "").strip()
        what = f"{kind} {rest}".replace("_", " ").strip()
        if what.startswith(("begin group", "begin repeat")):
            path.append((name, what.startswith("begin repeat")))
        elif what.startswith(("end group", "end repeat")):
            path = path[:-1]
        elif name and kind not in _NOT_ASKED:
            listed = rest.split()[0] if kind.startswith("select") and rest else ""
            values = tuple(one.get("name", "") for one in choices if listed and one.get("list name") == listed)
            asked = "/".join((*(group for group, _ in path), name))
            repeated = any(repeats for _, repeats in path)
            yield Question(asked, values, (*_labels(row), _spoken(name)), repeated, kind)


def _labels(row: Record) -> tuple[str, ...]:
    return tuple(text for column, text in row.items() if column.startswith("label") and text)


def _records(rows: Rows, wanted: set[str]) -> list[Record]:
    """The rows below a header that has all of these columns, as a form's sheets have it in their first row."""
    header = [fold(cell) for cell in rows[0]] if rows else []
    if not wanted <= set(header):
        return []
    return [dict(zip(header, row, strict=False)) for row in rows[1:]]


def crossed(
    plan: Plan, other: Plan, said: Mapping[str, Any], lexicon: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns as files say them, and a lexicon, for a form whose columns are paths: each is called as the column of another ready
    mapping that goes to the same element, and by its own path."""
    theirs = {path: name for name, (path, _) in reversed(list(places(other).items()))}
    named = {name: theirs.get(places(plan).get(name, ("", ""))[0], "") for name in plan.columns}
    columns = {
        name: {"headers": _together({"fr": [_spoken(name)]}, (said.get(twin) or {}).get("headers") or {})}
        for name, twin in named.items()
    }
    names = lexicon.get("names", {})
    return columns, {**lexicon, "names": {name: names[twin] for name, twin in named.items() if twin in names}}


def _spoken(path: str) -> str:
    return path.replace("/", " ").replace("_", " ")


def _together(own: Mapping[str, list[str]], more: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: [*own.get(key, ()), *more.get(key, ())] for key in dict.fromkeys((*own, *more))}
