"""The FHIRPath of a search parameter as the JSON properties that it reads: a choice by each of its types.

https://hl7.org/fhir/R4/search.html#table · https://hl7.org/fhirpath/N1/. Definitions use a small part of FHIRPath: elements,
unions, `as` and `ofType`, an extension by its url, items with a value (`telecom.where(system='phone')`), and references to one
type (`where(resolve() is Patient)`). Anything else is Unreadable.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from hub.fhir.r4 import tables


class Unreadable(ValueError):  # noqa: N818 — said of an expression
    """FHIRPath beyond what definitions use, or an element that the tables do not have."""


@dataclass(frozen=True)
class Step:
    """`name`: the property in JSON; `element`: its name in R4, as `value[x]`. `where`: only items with this value."""

    name: str
    element: str
    type: str
    below: str  # R4 path under which its children are listed
    where: tuple[str, str] | None = None


@dataclass(frozen=True)
class Path:
    """From a resource, or from an item of a composite. `target`: only references to this type."""

    steps: tuple[Step, ...] = ()
    target: str = ""

    def __str__(self) -> str:
        return ".".join(f"{s.name}({s.where[1]})" if s.where else s.name for s in self.steps)

    @property
    def type(self) -> str:
        """The FHIR type of what is read."""
        return self.steps[-1].type if self.steps else ""

    def __add__(self, other: "Path") -> "Path":
        return Path(self.steps + other.steps, other.target)


NOWHERE: Final = Path()
"""The resource, or the item, itself."""


def compiled(expression: str, type_: str) -> tuple[Path, ...]:
    """What an expression reads of a resource of this type. Raises Unreadable."""
    found = (path for one in expression.split("|") for path in _alternative(one.strip(), type_, Path(), type_))
    return tuple(dict.fromkeys(found))


def compiled_below(expression: str, path: Path, type_: str) -> tuple[Path, ...]:
    """What an expression reads of each item that `path` leads to. Raises Unreadable."""
    length = len(path.steps)
    found = (one for part in expression.split("|") for one in _alternative(part.strip(), "", path, type_))
    return tuple(dict.fromkeys(Path(one.steps[length:], one.target) for one in found))


# --- the steps of one expression -------------------------------------------------------------------------------------

_CAST: Final = re.compile(r"\((?P<path>[\w.]+) as (?P<type>\w+)\)")


def _alternative(text: str, root: str, start: Path, type_: str) -> Iterator[Path]:
    cast = _CAST.match(text)
    if cast:
        paths = [one for one in _alternative(cast["path"], root, start, type_) if _is_of(one, cast["type"])]
        yield from _followed(text[cast.end() :].removeprefix("."), paths, type_)
    elif root:
        first, _, rest = text.partition(".")
        if first != root:
            raise Unreadable(text)
        yield from _followed(rest, [start], type_)
    else:
        yield from _followed(text, [start], type_)


def _followed(text: str, paths: list[Path], type_: str) -> list[Path]:
    while text:
        matches = ((pattern.match(text), follow) for pattern, follow in _STEPS)
        found = next(((match, follow) for match, follow in matches if match), None)
        if found is None:
            raise Unreadable(text)
        match, follow = found
        paths = [one for path in paths for one in follow(path, match, type_)]
        text = text[match.end() :]
    return paths


def _is_of(path: Path, type_: str) -> bool:
    return path.type.lower() == type_.lower()  # HL7 also writes `DateTime`


def _narrow(path: Path, match: re.Match[str], _: str) -> Iterable[Path]:
    return (path,) if _is_of(path, match[1]) else ()


def _point(path: Path, match: re.Match[str], _: str) -> Iterable[Path]:
    return (replace(path, target=match[1]),)


def _keep(path: Path, match: re.Match[str], _: str) -> Iterable[Path]:
    return (Path((*path.steps[:-1], replace(path.steps[-1], where=(match[1], match[2])))),)


def _extend(path: Path, match: re.Match[str], _: str) -> Iterable[Path]:
    """What extends a primitive stands beside it, under its name with `_`."""
    steps = path.steps
    if steps and steps[-1].type[0].islower():
        steps = (*steps[:-1], replace(steps[-1], name=f"_{steps[-1].name}"))
    return (Path((*steps, Step("extension", "extension", "Extension", "Extension", ("url", match[1])))),)


def _descend(path: Path, match: re.Match[str], type_: str) -> Iterable[Path]:
    below, name, rows = path.steps[-1].below if path.steps else type_, match[1], tables().rows
    row = rows.get(f"{below}.{name}")
    if row is not None:
        types = rows[row.content].types if row.content else row.types
        backbone = row.content or (row.path if row.path in tables().children else "")
        return (Path((*path.steps, Step(name, name, types[0], backbone or types[0]))),)
    choice = rows.get(f"{below}.{name}[x]")
    if choice is None:
        raise Unreadable(f"{below}.{name}")
    return [
        Path((*path.steps, Step(f"{name}{one[0].upper()}{one[1:]}", f"{name}[x]", one, one))) for one in choice.types
    ]


_STEPS: Final[tuple[tuple[re.Pattern[str], Callable[[Path, re.Match[str], str], Iterable[Path]]], ...]] = (
    (re.compile(r"(?:as|ofType)\((\w+)\)(?:\.|$)"), _narrow),
    (re.compile(r"where\(resolve\(\) is (\w+)\)(?:\.|$)"), _point),
    (re.compile(r"where\((\w+) ?= ?'([^']*)'\)(?:\.|$)"), _keep),
    (re.compile(r"extension\('([^']*)'\)(?:\.|$)"), _extend),
    (re.compile(r"(\w+)(?:\.|$)"), _descend),
)
