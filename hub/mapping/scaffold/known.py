"""A ready mapping, as a first mapping is compared with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from hub.fhir.folding import fold
from hub.mapping.cells import places
from hub.mapping.plan import Column, Plan
from hub.mapping.scaffold.choices import Words
from hub.mapping.scaffold.likely import Likely
from hub.mapping.scaffold.names import Names
from hub.mapping.scaffold.table import Question
from hub.mapping.transforms import TRANSFORMS
from hub.mapping.transforms.codes import Codes


@dataclass(frozen=True, repr=False)
class Known:
    """A ready mapping to compare with. `shown`: its columns whose values identify nobody; `headers`: those that it names itself,
    folded; `optional`: those of whose words no referral depends, so that one which no list knows need not stop a record."""

    plan: Plan
    names: Names
    shown: frozenset[str]
    today: date
    columns: Mapping[str, Column] = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    likely: Likely = field(default_factory=Likely)
    optional: frozenset[str] = frozenset()

    def names_itself(self, asked: Iterable[Question]) -> int:
        """How many columns are called exactly as this mapping calls its own."""
        return sum(any(fold(text) in self.headers for text in one.texts) for one in asked)


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
    return Known(plan, Names(lexicon, named), shown, today, columns, words, own, Likely(lexicon), _optional(plan))


def _optional(plan: Plan) -> frozenset[str]:
    """Words about what has happened."""
    of = {name: path for name, (path, _) in places(plan).items() if path.startswith("Observation.")}
    return frozenset(
        name for name in of if isinstance(plan.columns[name].transform, Codes) and not plan.columns[name].warns
    )


def _evident(column: Column, said: Mapping[str, Any]) -> Column:
    """What is known and not read may still say what would stand in it."""
    kind = str(said.get("transform", ""))
    if column.transform is not None or kind not in {"date", "integer"}:
        return column
    return replace(column, transform=TRANSFORMS[kind]())


__all__ = ["Known", "known"]
