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
from datetime import datetime
from functools import cache
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.folding import fold
from hub.fhir.query import ParameterType
from hub.search.dates import EARLIEST, LATEST, span
from hub.search.parameters import PARAMETERS, Parameter

_NAME_PARTS: Final = ("text", "family", "given", "prefix", "suffix")

Reader = Callable[[list[Any]], list[Any]]
"""The database values of some elements."""


def index(resource: Resource) -> dict[str, list[Any]]:
    """Parameter name → its values in this resource. A parameter without values is absent."""
    found: dict[str, list[Any]] = {}
    for names, key, rest, read in _PLANS[resource["resourceType"]]:
        node = resource.get(key)
        if node is None:
            continue
        nodes = node if isinstance(node, list) else [node]
        values = read(_leaves(nodes, rest) if rest else nodes)
        if values:
            for name in names:
                found[name] = found[name] + values if name in found else values
    return found


def _leaves(nodes: list[Any], path: tuple[str, ...]) -> list[Any]:
    for step in path:
        if step.startswith("="):
            nodes = [one for one in nodes if one.get("url") == step[1:]]
        else:
            found = [one[step] for one in nodes if step in one]
            nodes = [leaf for one in found for leaf in (one if isinstance(one, list) else (one,))]
    return nodes


def _read_tokens(nodes: list[Any]) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        if isinstance(node, str):
            values.append(node)
        elif isinstance(node, bool):
            values.append("true" if node else "false")
        else:  # CodeableConcept, or Coding or Identifier
            for one in node.get("coding", (node,)):
                code = one.get("code") or one.get("value")
                if code is not None:
                    values += (f"{one.get('system', '')}|{code}", code)
    return values


def _read_dates(nodes: list[Any]) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        if isinstance(node, str) or "start" in node or "end" in node:
            low, high = _range(node)
            values.append({"l": low, "h": high})
    return values


def _range(node: Any) -> tuple[datetime, datetime]:
    if isinstance(node, str):
        return span(node)
    low = span(node["start"])[0] if "start" in node else EARLIEST
    return low, span(node["end"])[1] if "end" in node else LATEST


def _read_texts(nodes: list[Any]) -> list[Any]:
    """A name of a person is all of its parts: https://hl7.org/fhir/R4/datatypes.html#HumanName."""
    values: list[Any] = []
    for node in nodes:
        if isinstance(node, str):
            values.append(node)
        else:
            for part in _NAME_PARTS:
                if part in node:
                    values += node[part] if isinstance(node[part], list) else [node[part]]
    return values


def _read_folded(nodes: list[Any]) -> list[Any]:
    return [fold(text) for text in _read_texts(nodes)]


@cache
def _reference_reader(prefixes: tuple[str, ...]) -> Reader:
    def read(nodes: list[Any]) -> list[Any]:
        values: list[Any] = []
        for node in nodes:
            literal = node.get("reference")
            if literal is not None and literal.startswith(prefixes):
                values.append(literal if "/_history/" not in literal else literal.partition("/_history/")[0])
        return values

    return read


_READERS: Final[dict[ParameterType, Reader]] = {"token": _read_tokens, "date": _read_dates, "uri": _read_texts}


def _readers(parameter: Parameter) -> Iterable[tuple[str, Reader]]:
    if parameter.type == "string":
        return (parameter.name, _read_folded), (f"{parameter.name}:exact", _read_texts)
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
