"""Conditions, a closed list: `present`, `absent`, `equals`, `one_of`, and `all` or `any` of these.

when: {all: [{present: referred_to}, {equals: {consent: yes}}]}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.mapping.model import Values, tokens

UNSAID: Final = object()
"""In the place of a value that nobody could tell: every condition may hold of it."""
KINDS: Final = ("present", "absent", "equals", "one_of", "all", "any")


@dataclass(frozen=True, slots=True)
class Present:
    column: str

    def __call__(self, values: Values) -> bool:
        return values.get(self.column) is not None


@dataclass(frozen=True, slots=True)
class Absent:
    column: str

    def __call__(self, values: Values) -> bool:
        return (value := values.get(self.column)) is None or value is UNSAID


@dataclass(frozen=True, slots=True)
class Among:
    """A column says one of these words."""

    column: str
    wanted: frozenset[str]

    def __call__(self, values: Values) -> bool:
        return self.holds(values.get(self.column))

    def holds(self, value: Any) -> bool:
        if type(value) is str:
            return value in self.wanted
        return value is UNSAID or (value is not None and not self.wanted.isdisjoint(tokens(value)))


@dataclass(frozen=True, slots=True)
class All:
    inner: tuple["Condition", ...]

    def __call__(self, values: Values) -> bool:
        return all(one(values) for one in self.inner)


@dataclass(frozen=True, slots=True)
class Either:
    inner: tuple["Condition", ...]

    def __call__(self, values: Values) -> bool:
        return any(one(values) for one in self.inner)


Condition = Present | Absent | Among | All | Either


class UnknownCondition(ValueError):  # noqa: N818 — what it is
    """The text says what is wrong with it, for the author of the mapping."""


def columns(written: Any) -> Iterator[str]:
    """The columns that a condition asks about."""
    kind, asked = _single(written)
    if kind in {"all", "any"}:
        for inner in asked:
            yield from columns(inner)
    elif kind in {"equals", "one_of"}:
        yield from asked
    else:
        yield from [asked] if isinstance(asked, str) else asked


def asked(condition_: Condition) -> Iterator[str]:
    """The same of one that was read."""
    if isinstance(condition_, All | Either):
        for inner in condition_.inner:
            yield from asked(inner)
    else:
        yield condition_.column


def condition(written: Any) -> Condition:
    """Raises UnknownCondition."""
    kind, asked = _single(written)
    if kind in {"all", "any"}:
        inner = tuple(condition(one) for one in asked)
        return All(inner) if kind == "all" else Either(inner)
    if kind in {"equals", "one_of"}:
        return All(tuple(Among(column, frozenset(_words(wanted))) for column, wanted in asked.items()))
    names = (asked,) if isinstance(asked, str) else tuple(asked)
    return All(tuple((Present if kind == "present" else Absent)(name) for name in names))


def proves(written: Any) -> Iterator[tuple[str, str]]:
    """What must have stood in a column for the condition to hold: the inverse of `equals`, alone or under `all`."""
    kind, asked = _single(written)
    if kind == "all":
        for inner in asked:
            yield from proves(inner)
    elif kind == "equals":
        for column, wanted in asked.items():
            yield column, _words(wanted)[0]


def _single(written: Any) -> tuple[str, Any]:
    if not isinstance(written, dict) or len(written) != 1:
        raise UnknownCondition(f"one of {', '.join(KINDS)}")
    kind, asked = next(iter(written.items()))
    expected: dict[str, type | tuple[type, ...]] = {
        "present": (str, list),
        "absent": (str, list),
        "equals": dict,
        "one_of": dict,
    }
    if kind not in KINDS or not isinstance(asked, expected.get(kind, list)):
        raise UnknownCondition(f"one of {', '.join(KINDS)}")
    return kind, asked


def _words(wanted: Any) -> list[str]:
    several = wanted if isinstance(wanted, list) else [wanted]
    return [word for one in several for word in tokens(one)]
