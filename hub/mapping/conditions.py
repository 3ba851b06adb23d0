"""Conditions, a closed list: `present`, `absent`, `equals`, `one_of`, and `all` or `any` of these.

when: {all: [{present: referred_to}, {equals: {consent: yes}}]}
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from hub.mapping.model import Values, tokens

Condition = Callable[[Values], bool]
UNSAID: Final = object()
"""In the place of a value that nobody could tell: every condition may hold of it."""
KINDS: Final = ("present", "absent", "equals", "one_of", "all", "any")


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


def condition(written: Any) -> Condition:
    """The compiled condition. Raises UnknownCondition."""
    kind, asked = _single(written)
    if kind in {"all", "any"}:
        inner = tuple(condition(one) for one in asked)
        return _all(inner) if kind == "all" else _any(inner)
    if kind in {"equals", "one_of"}:
        return _all(tuple(_among(column, frozenset(_words(wanted))) for column, wanted in asked.items()))
    names = (asked,) if isinstance(asked, str) else tuple(asked)
    return _present(names) if kind == "present" else _absent(names)


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


def _all(inner: Sequence[Condition]) -> Condition:
    """One function for each pair: a loop would cost more than what it asks."""
    if len(inner) < 2:
        return inner[0] if inner else lambda values: True
    first, others = inner[0], _all(inner[1:])
    return lambda values: first(values) and others(values)


def _any(inner: Sequence[Condition]) -> Condition:
    if len(inner) < 2:
        return inner[0] if inner else lambda values: False
    first, others = inner[0], _any(inner[1:])
    return lambda values: first(values) or others(values)


def _present(names: tuple[str, ...]) -> Condition:
    if len(names) == 1:
        name = names[0]
        return lambda values: values.get(name) is not None
    return _all(tuple(_present((name,)) for name in names))


def _absent(names: tuple[str, ...]) -> Condition:
    if len(names) == 1:
        name = names[0]
        return lambda values: (value := values.get(name)) is None or value is UNSAID
    return _all(tuple(_absent((name,)) for name in names))


def _among(column: str, wanted: frozenset[str]) -> Condition:
    def holds(values: Values) -> bool:
        value = values.get(column)
        if type(value) is str:
            return value in wanted
        return value is UNSAID or (value is not None and not wanted.isdisjoint(tokens(value)))

    return holds
