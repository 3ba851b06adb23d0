"""JSON Patch: a document changed by a list of operations, all or none.

RFC 6902 (operations), RFC 6901 (pointers) · https://hl7.org/fhir/R4/http.html#patch
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
MOST_OPERATIONS: Final = 200
_LARGEST: Final = 100_000  # nodes: a document copied into itself doubles with every operation
_DEEPEST: Final = 100


class BadPatch(ValueError):  # noqa: N818 — the field's word
    """The patch itself is malformed. `operation` counts from 1; 0: the list as a whole. No value is quoted."""

    def __init__(self, operation: int = 0) -> None:
        super().__init__(f"operation {operation} is malformed")
        self.operation = operation


class PatchFailed(ValueError):  # noqa: N818 — the field's word
    """The patch is well formed but does not fit the document: a `test` failed or a path does not exist."""

    def __init__(self, operation: int = 0) -> None:
        super().__init__(f"operation {operation} does not fit")
        self.operation = operation


def apply(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """The patched document; `document` itself is left as it was. Raises BadPatch or PatchFailed."""
    if not isinstance(operations, list) or not operations or len(operations) > MOST_OPERATIONS:
        raise BadPatch
    changed = deepcopy(document)
    for number, operation in enumerate(operations, 1):
        try:
            changed = _step(changed, operation)
            if number == len(operations):
                _weight(changed)
        except (_Malformed, RecursionError):
            raise BadPatch(number) from None
        except _Misfit:
            raise PatchFailed(number) from None
    return changed


class _Malformed(Exception):  # noqa: N818
    pass


class _Misfit(Exception):  # noqa: N818
    pass


Path = list[str]


def _step(document: Any, operation: Mapping[str, Any]) -> Any:
    name = operation.get("op") if isinstance(operation, dict) else None
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise _Malformed
    return _OPERATIONS[name](document, operation)


def _pointer(operation: Mapping[str, Any], name: str = "path") -> Path:
    text = operation.get(name)
    if not isinstance(text, str) or (text and not text.startswith("/")) or re.search(r"~(?![01])", text):
        raise _Malformed
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _value(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise _Malformed
    return deepcopy(operation["value"])


# --- the document ----------------------------------------------------------------------------------------------------


def _position(array: list[Any], token: str, last: int) -> int:
    if not _INDEX.fullmatch(token) or int(token) > last:
        raise _Misfit
    return int(token)


def _get(document: Any, path: Path) -> Any:
    for token in path:
        if isinstance(document, list):
            document = document[_position(document, token, len(document) - 1)]
        elif isinstance(document, dict) and token in document:
            document = document[token]
        else:
            raise _Misfit
    return document


def _put(document: Any, path: Path, value: Any) -> Any:
    """Add: insert into an array, set a member of an object."""
    if not path:
        return value
    parent, last = _get(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _position(parent, last, len(parent)), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _Misfit
    return document


def _take(document: Any, path: Path) -> Any:
    if not path:
        raise _Misfit  # a resource without content is none
    _get(document, path)
    parent, last = _get(document, path[:-1]), path[-1]
    del parent[int(last) if isinstance(parent, list) else last]
    return document


# --- the operations --------------------------------------------------------------------------------------------------


def _add(document: Any, operation: Mapping[str, Any]) -> Any:
    return _put(document, _pointer(operation), _value(operation))


def _remove(document: Any, operation: Mapping[str, Any]) -> Any:
    return _take(document, _pointer(operation))


def _replace(document: Any, operation: Mapping[str, Any]) -> Any:
    path, value = _pointer(operation), _value(operation)
    _get(document, path)
    return _put(_take(document, path), path, value) if path else value


def _move(document: Any, operation: Mapping[str, Any]) -> Any:
    source, path = _pointer(operation, "from"), _pointer(operation)
    if path[: len(source)] == source and path != source:
        raise _Malformed  # a value cannot move into itself
    value = _get(document, source)
    return document if path == source else _put(_take(document, source), path, value)


def _copy(document: Any, operation: Mapping[str, Any]) -> Any:
    source, path = _pointer(operation, "from"), _pointer(operation)
    changed = _put(document, path, deepcopy(_get(document, source)))
    _weight(changed)
    return changed


def _weight(node: Any, level: int = 0) -> int:
    """The nodes of a document that is neither too large nor too deep."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    weight = 1 + sum(_weight(child, level + 1) for child in children)
    if weight > _LARGEST or level > _DEEPEST:
        raise _Malformed
    return weight


def _test(document: Any, operation: Mapping[str, Any]) -> Any:
    path, value = _pointer(operation), _value(operation)
    if not _same(_get(document, path), value):
        raise _Misfit
    return document


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON: `1` and `1.0` are equal, `1` and `true` are not, which Python alone would say."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


_OPERATIONS: Final[dict[str, Callable[[Any, Mapping[str, Any]], Any]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
