"""What a resource can be found by: the value of every search parameter, ready for the database.

https://hl7.org/fhir/R4/search.html#ptypes

=========  ========================================================================================================
token      `system|code` (`|code` where there is no system) and `code`; of a `code` or `boolean` element the value alone
reference  `Type/id`, without a version; a foreign absolute URL as it is
date       `{"l": low, "h": high}`: the half-open range that the value's precision means, in UTC
string     folded text under the parameter's name, the text itself under `name:exact`
uri        the text
=========  ========================================================================================================

`_id` and `_lastUpdated` are left out: the store keeps both beside the document.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.folding import fold
from hub.fhir.query import ParameterType
from hub.search.dates import EARLIEST, LATEST, span
from hub.search.parameters import PARAMETERS, Parameter

_NAME_PARTS: Final = ("text", "family", "given", "prefix", "suffix")

Reader = Callable[[Any, list[Any]], None]
"""Appends the database values of one element (or of a list of them)."""


def index(resource: Resource) -> dict[str, list[Any]]:
    """Parameter name → its values in this resource. A parameter without values is absent."""
    found: dict[str, list[Any]] = {}
    for names, key, rest, read in _PLANS[resource["resourceType"]]:
        node = resource.get(key)
        if node is None:
            continue
        values: list[Any] = []
        if rest:
            for leaf in _leaves(node, rest):
                read(leaf, values)
        else:
            read(node, values)
        if values:
            for name in names:
                found[name] = found[name] + values if name in found else values
    return found


def _leaves(node: Any, path: tuple[str, ...]) -> list[Any]:
    nodes = node if isinstance(node, list) else [node]
    for step in path:
        if step.startswith("="):
            nodes = [one for one in nodes if one.get("url") == step[1:]]
        else:
            found = [one[step] for one in nodes if step in one]
            nodes = [leaf for one in found for leaf in (one if isinstance(one, list) else (one,))]
    return nodes


def _read_token(node: Any, values: list[Any]) -> None:
    if isinstance(node, str):
        values.append(node)
    elif isinstance(node, bool):
        values.append("true" if node else "false")
    elif isinstance(node, list):
        for child in node:
            _read_token(child, values)
    elif "coding" in node:
        for coding in node["coding"]:
            _read_token(coding, values)
    else:
        code = node.get("code") or node.get("value")  # Coding, Identifier
        if code is not None:
            values += (f"{node.get('system', '')}|{code}", code)


def _read_date(node: Any, values: list[Any]) -> None:
    if isinstance(node, str):
        low, high = span(node)
        values.append({"l": low, "h": high})
    elif isinstance(node, list):
        for child in node:
            _read_date(child, values)
    elif "start" in node or "end" in node:
        low = span(node["start"])[0] if "start" in node else EARLIEST
        high = span(node["end"])[1] if "end" in node else LATEST
        values.append({"l": low, "h": high})


def _read_text(node: Any, values: list[Any]) -> None:
    """A name of a person is all of its parts: https://hl7.org/fhir/R4/datatypes.html#HumanName."""
    if isinstance(node, str):
        values.append(node)
    elif isinstance(node, list):
        for item in node:
            _read_text(item, values)
    elif isinstance(node, dict):
        for part in _NAME_PARTS:
            if part in node:
                _read_text(node[part], values)


def _read_folded(node: Any, values: list[Any]) -> None:
    texts: list[str] = []
    _read_text(node, texts)
    values += map(fold, texts)


@cache
def _reference_reader(prefixes: tuple[str, ...]) -> Reader:
    def read(node: Any, values: list[Any]) -> None:
        if isinstance(node, list):
            for child in node:
                read(child, values)
        elif (literal := node.get("reference")) is not None and literal.startswith(prefixes):
            values.append(literal if "/_history/" not in literal else literal.partition("/_history/")[0])

    return read


_READERS: Final[dict[ParameterType, Reader]] = {"token": _read_token, "date": _read_date, "uri": _read_text}


def _readers(parameter: Parameter) -> Iterable[tuple[str, Reader]]:
    if parameter.type == "string":
        return (parameter.name, _read_folded), (f"{parameter.name}:exact", _read_text)
    if parameter.type == "reference":
        return ((parameter.name, _reference_reader((*(f"{t}/" for t in parameter.targets), "http", "urn:"))),)
    return ((parameter.name, _READERS[parameter.type]),)


def _steps(path: str) -> Iterator[str]:
    """`extension(capacity).extension(status).valueCode`: elements, and after an extension `=` and the url it must have. The
    parts of an extension of ours have plain urls."""
    urls = 0
    for step in path.split("."):
        name, _, url = step.removesuffix(")").partition("(")
        yield name
        if url:
            yield f"={url if urls else profile(url)}"
            urls += 1


Plan = tuple[tuple[tuple[str, ...], str, tuple[str, ...], Reader], ...]
"""What to read for one type: parameter names, first element, elements below it, reader."""


def _plan(parameters: Iterable[Parameter]) -> Plan:
    names: dict[tuple[str, Reader], tuple[str, ...]] = {}
    for parameter in parameters:
        for path in parameter.paths:
            for name, read in _readers(parameter):  # `patient` and `subject` read the same: once is enough
                names[path, read] = (*names.get((path, read), ()), name)
    split = {path: list(_steps(path)) for path, _ in names}
    return tuple((group, split[path][0], tuple(split[path][1:]), read) for (path, read), group in names.items())


_PLANS: Final = {type_: _plan(parameters.values()) for type_, parameters in PARAMETERS.items()}
