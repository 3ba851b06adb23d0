"""By what an organisation finds its own subscriptions (pure).

https://hl7.org/fhir/R4/subscription.html#search
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.fhir import Resource

PAGE: Final = "_page"
_RESULT: Final = frozenset({"_sort", "_count", "_total", PAGE})  # the total is exact, whatever is asked
_DIGITS: Final = 6
_R4: Final = "http://hl7.org/fhir/SearchParameter"


@dataclass(frozen=True)
class Parameter:
    """`path`: of the element; of a token the codes have no system."""

    name: str
    type: str
    definition: str
    path: tuple[str, ...]

    def value(self, resource: Resource) -> str:
        found = resource
        for name in self.path:
            found = found[name]
        return str(found)


FOUND_BY: Final[Mapping[str, Parameter]] = {
    one.name: one
    for one in (
        Parameter("_id", "token", f"{_R4}/Resource-id", ("id",)),
        Parameter("criteria", "string", f"{_R4}/Subscription-criteria", ("criteria",)),
        Parameter("payload", "token", f"{_R4}/Subscription-payload", ("channel", "payload")),
        Parameter("status", "token", f"{_R4}/Subscription-status", ("status",)),
        Parameter("type", "token", f"{_R4}/Subscription-type", ("channel", "type")),
        Parameter("url", "uri", f"{_R4}/Subscription-url", ("channel", "endpoint")),
    )
}


@dataclass(frozen=True)
class Finding:
    """What is looked for, in which order, and which page of it."""

    tests: tuple[Callable[[Resource], bool], ...]
    order: tuple[tuple[Parameter, bool], ...] = ()
    count: int = 0
    page: int = 1

    def found(self, known: Iterable[Resource]) -> list[Resource]:
        found = [one for one in known if all(test(one) for test in self.tests)]
        for parameter, is_falling in reversed(self.order):
            found.sort(key=parameter.value, reverse=is_falling)
        return found

    def paged(self, found: Sequence[Resource]) -> Sequence[Resource]:
        return found[self.count * (self.page - 1) : self.count * self.page] if self.count else found

    def goes_on(self, found: Sequence[Resource]) -> bool:
        return bool(self.count) and self.count * self.page < len(found)


def finding(pairs: Iterable[tuple[str, str]]) -> Finding:
    """Raises KeyError for what is not known; there are few subscriptions, and none is left out unseen."""
    tests, said = [], dict[str, str]()
    for name, value in pairs:
        if name in _RESULT:
            said[name] = value
        elif value:
            tests.append(_condition(name, value))
    order = tuple((FOUND_BY[one.removeprefix("-")], one[:1] == "-") for one in said.get("_sort", "").split(",") if one)
    return Finding(tuple(tests), order, _whole(said.get("_count", "0")), _whole(said.get(PAGE, "1")) or 1)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise KeyError(text)
    return int(text)


def _condition(name: str, value: str) -> Callable[[Resource], bool]:
    """Whether a subscription meets one parameter, of which one value is enough."""
    code, _, modifier = name.partition(":")
    parameter = FOUND_BY[code]
    test = _TESTS[parameter.type, modifier]
    values = list(_values(value))
    if modifier == "missing" and values not in (["true"], ["false"]):
        raise KeyError(name)
    return lambda resource: test(parameter.value(resource), values)


def _values(text: str) -> Iterator[str]:
    """Separated by commas that no backslash hides: https://hl7.org/fhir/R4/search.html#escaping"""
    value, is_hidden = "", False
    for letter in text:
        if letter == "," and not is_hidden:
            yield value
            value = ""
        elif letter != "\\" or is_hidden:
            value += letter
        is_hidden = letter == "\\" and not is_hidden
    yield value


def _is_one(found: str, values: list[str]) -> bool:
    return any(found == one.removeprefix("|") for one in values)


_TESTS: Final[Mapping[tuple[str, str], Callable[[str, list[str]], bool]]] = {
    ("token", ""): _is_one,
    ("token", "not"): lambda found, values: not _is_one(found, values),
    ("string", ""): lambda found, values: any(found.casefold().startswith(one.casefold()) for one in values),
    ("string", "exact"): lambda found, values: found in values,
    ("string", "contains"): lambda found, values: any(one.casefold() in found.casefold() for one in values),
    ("uri", ""): lambda found, values: found in values,
    **{(kind, "missing"): lambda _, values: values == ["false"] for kind in ("token", "string", "uri")},
}
"""Type of parameter and modifier; all of these elements are always there."""
