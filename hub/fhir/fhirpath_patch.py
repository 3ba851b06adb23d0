"""FHIRPath Patch: a resource changed by the operations of a Parameters resource, all or none.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from hub.fhir import Resource, places
from hub.fhir.json_patch import MOST_OPERATIONS, BadPatch, PatchFailed
from hub.fhir.places import NotSimple, Place
from hub.fhir.r4 import Row

_DEEPEST: Final = 16

Part = Mapping[str, Any]


class BadFhirPathPatch(BadPatch):
    """It is this form of patch that is malformed."""


class _Malformed(Exception):  # noqa: N818
    pass


class _Misfit(Exception):  # noqa: N818
    pass


def apply(document: Resource, parameters: Resource) -> Resource:
    """The patched resource; `document` itself is left as it was. Raises BadFhirPathPatch or PatchFailed."""
    operations = parameters.get("parameter")
    if "parameter" not in parameters:  # no operation, and so no difference
        return deepcopy(document)
    if not isinstance(operations, list) or not operations or len(operations) > MOST_OPERATIONS:
        raise BadFhirPathPatch
    changed = deepcopy(document)
    for number, operation in enumerate(operations, 1):
        try:
            _step(changed, _parts(operation))
        except (_Malformed, NotSimple):
            raise BadFhirPathPatch(number) from None
        except _Misfit:
            raise PatchFailed(number) from None
    return changed


def _parts(operation: Any) -> dict[str, Part]:
    if not isinstance(operation, dict) or operation.get("name") != "operation":
        raise _Malformed
    parts = operation.get("part")
    if not isinstance(parts, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in parts
    ):
        raise _Malformed
    return {one["name"]: one for one in parts}


def _step(document: Resource, parts: dict[str, Part]) -> None:
    kind = _text(parts, "type")
    if kind not in _OPERATIONS:
        raise _Malformed
    _OPERATIONS[kind](document, parts)


def _text(parts: Mapping[str, Part], name: str) -> str:
    value = next((v for k, v in parts.get(name, {}).items() if k.startswith("value")), None)
    if not isinstance(value, str):
        raise _Malformed
    return value


def _index(parts: Mapping[str, Part], name: str) -> int:
    value = parts.get(name, {}).get("valueInteger")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Malformed
    return value


# --- the operations ---------------------------------------------------------------------------------------------------


def _add(document: Resource, parts: Mapping[str, Part]) -> None:
    (place,) = _exactly_one(places.find(document, _text(parts, "path")))
    _put(place.value, place.type, _text(parts, "name"), parts.get("value", {}))


def _insert(document: Resource, parts: Mapping[str, Part]) -> None:
    path, at = _text(parts, "path"), _index(parts, "index")
    listed = places.find(document, path)
    if not listed and at == 0:  # the first of a list that is not there yet
        above, _, name = path.rpartition(".")
        (place,) = _exactly_one(places.find(document, above))
        _put(place.value, place.type, name, parts.get("value", {}))
        return
    one = _of_one_list(listed)
    if at > len(one.holder):
        raise _Misfit
    beside, value = _beside(one), _value(parts.get("value", {}), one.type)[1]
    one.holder.insert(at, value)
    if beside:
        beside.insert(at, None)


def _delete(document: Resource, parts: Mapping[str, Part]) -> None:
    found = places.find(document, _text(parts, "path"))
    if not found:  # https://hl7.org/fhir/R4/fhirpatch.html: not an error
        return
    (place,) = _exactly_one(found)
    if place.holder is None or place.row is None:
        raise _Misfit
    beside = _beside(place)
    del place.holder[place.key]
    if isinstance(place.holder, dict):
        place.holder.pop(f"_{place.key}", None)
    elif beside:
        del beside[place.key]
        if not any(beside):
            del place.owner[f"_{place.name}"]
    _drop_empty(document)


def _drop_empty(node: Any) -> None:
    """Nothing is left of what has no content any more: no object and no list of JSON is empty in FHIR."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, value in reversed(items):
        _drop_empty(value)
        if value in ({}, []):
            del node[key]


def _beside(place: Place) -> list[Any] | None:
    """The list of what belongs to each item of a list of primitives, where there is one, filled up to the same length."""
    beside = place.owner.get(f"_{place.name}") if isinstance(place.owner, dict) else None
    if isinstance(beside, list):
        beside.extend([None] * (len(place.holder) - len(beside)))
    return beside if isinstance(beside, list) else None


def _replace(document: Resource, parts: Mapping[str, Part]) -> None:
    (place,) = _exactly_one(places.find(document, _text(parts, "path")))
    if place.row is None:
        raise _Misfit
    type_, value = _value(parts.get("value", {}), place.type)
    if place.row.path.endswith("[x]") and isinstance(place.holder, dict):
        del place.holder[place.key]
        place.holder[places.key_of(place.row, place.row.path.rpartition(".")[2].removesuffix("[x]"), type_)] = value
    else:
        place.holder[place.key] = value


def _move(document: Resource, parts: Mapping[str, Part]) -> None:
    one = _of_one_list(places.find(document, _text(parts, "path")))
    source, destination = _index(parts, "source"), _index(parts, "destination")
    if max(source, destination) >= len(one.holder):
        raise _Misfit
    for listed in filter(None, (one.holder, _beside(one))):
        listed.insert(destination, listed.pop(source))


_OPERATIONS: Final[dict[str, Callable[[Resource, Mapping[str, Part]], None]]] = {
    "add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move,
}  # fmt: skip


def _exactly_one(found: list[Place]) -> list[Place]:
    if len(found) != 1:
        raise _Misfit
    return found


def _of_one_list(found: list[Place]) -> Place:
    if not found or not all(isinstance(one.holder, list) and one.holder is found[0].holder for one in found):
        raise _Misfit
    return found[0]


# --- values -----------------------------------------------------------------------------------------------------------


def _put(holder: Any, type_: str, name: str, part: Part, depth: int = 0) -> None:
    """Give an object one more element: at the end of its list, or where there is none yet."""
    row = places.child(type_, name)
    if row is None:
        raise _Malformed
    if not isinstance(holder, dict):
        raise _Misfit
    kind, value = _value(part, places.type_of(row), depth)
    key = places.key_of(row, name, kind)
    if row.max is None or row.max > 1:
        holder.setdefault(key, []).append(value)
    elif any(one in holder for one in _spellings(row, name)):
        raise _Misfit
    else:
        holder[key] = value


def _spellings(row: Row, name: str) -> list[str]:
    return [places.key_of(row, name, type_) for type_ in row.types] or [name]


def _value(part: Part, type_: str, depth: int = 0) -> tuple[str, Any]:
    """The type and the value of a part; one of a type that has no `value[x]` is given by parts of its own."""
    named = [(key.removeprefix("value"), value) for key, value in part.items() if key.startswith("value")]
    inner = part.get("part")
    if len(named) == 1 and inner is None:
        return named[0][0], deepcopy(named[0][1])
    if named or not isinstance(inner, list) or not inner or depth > _DEEPEST:
        raise _Malformed
    built: dict[str, Any] = {}
    for one in inner:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise _Malformed
        _put(built, type_, one["name"], one, depth + 1)
    return "", built
