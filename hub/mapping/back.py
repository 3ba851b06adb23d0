"""From stored resources to the cells they came from, and from a referral's task to the source's follow-up columns.

What cannot be turned round (derivations, `direction: forward`) is left out: see the README of the room for what "lossless"
means here. Items of a repeat are named as in XPath, `references[1]/service`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.fhir import Resource
from hub.mapping.conditions import Condition
from hub.mapping.encode import Decode, codec
from hub.mapping.leaves import YEAR
from hub.mapping.model import Code, Transform
from hub.mapping.plan import Alternative, Block, Branch, Column, Composed, Constant, FollowUp, ForEach, FromColumn, Plan
from hub.mapping.transforms.answers import Answer, Boolean
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.texts import Text


@dataclass(repr=False)
class Found:
    """What resources say about columns: pieces of values, several values of a column, items of a repeat."""

    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    many: dict[str, list[Any]] = field(default_factory=dict)
    items: dict[str, list["Found"]] = field(default_factory=dict)
    doubtful: list[tuple[Condition, str, str, Any]] = field(default_factory=list)  # holds only when the condition does
    composed: list[tuple[Composed, str]] = field(default_factory=list)
    proved: dict[str, str] = field(default_factory=dict)

    def put(self, column: str, part: str, value: Any) -> None:
        self.parts.setdefault(column, {}).setdefault(part, value)


class Back:
    """The way back of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._columns = plan.columns
        self._blocks = sorted(plan.blocks, key=lambda one: not _is_exact(one))

    def __call__(self, resources: Mapping[str, Resource], beside: Mapping[str, int]) -> dict[str, str]:
        found = Found()
        claimed: set[str] = set()
        for block in self._blocks:
            for local, resource in resources.items():
                if local not in claimed and _claims(block, local, resource):
                    claimed.add(local)
                    self._take_block(block, local, resource, found)
        told = self._told(found)
        tasks = [resources[local] for local in sorted(resources) if resources[local].get("resourceType") == "Task"]
        if self._plan.follow_up and tasks:
            told |= self._follow_up(self._plan.follow_up, tasks)
            columns = self._plan.follow_up.beside
            told |= {columns[name]: str(count) for name, count in beside.items() if name in columns}
        return told

    def _take_block(self, block: Block, local: str, resource: Resource, found: Found) -> None:
        if block.for_each is None:
            _take_object(block.root, resource, found)
        else:
            inner = Found()
            _take_object(block.root, resource, inner)
            _take_name(block.local, local, inner, self._columns)
            _merge(block.for_each, inner, found, self._columns)
        found.proved.update(block.proves)

    def _follow_up(self, follow_up: FollowUp, tasks: list[Resource]) -> dict[str, str]:
        """One referral as it stands; of several, each value is marked with the service it belongs to."""
        several: dict[str, list[str]] = {}
        for task in tasks:
            found, label = Found(), ""
            _take_object(follow_up.root, task, found)
            if len(tasks) > 1 and follow_up.by and follow_up.labels:
                named = Found()
                _take_object(follow_up.by, task, named)
                label = "".join(f"{follow_up.labels.back(part[''])}: " for part in named.parts.values())
            for column, text in self._told(found).items():
                several.setdefault(column, []).append(label + text)
        return {column: " | ".join(texts) for column, texts in several.items()}

    def _told(self, found: Found) -> dict[str, str]:
        """Columns as text, in the order of the mapping."""
        values = self._values(found)
        for composed, text in found.composed:
            values.setdefault(composed.code, _decomposed(composed, text, values.get(composed.date)))
        told = {}
        for name, column in self._columns.items():
            if column.transform is not None and not column.within and column.direction != "forward" and name in values:
                told[name] = column.transform.back(values[name])
        for repeat, items in found.items.items():
            for position, item in enumerate(items, 1):
                told |= {
                    name.replace(repeat, f"{repeat}[{position}]", 1): text for name, text in self._item(item).items()
                }
        return told

    def _item(self, found: Found) -> dict[str, str]:
        return {
            name: transform.back(value)
            for name, value in self._values(found).items()
            if (transform := self._columns[name].transform) is not None
        }

    def _values(self, found: Found) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, proof in found.proved.items():
            if (value := _proved(self._columns[name].transform, proof)) is not None:
                values[name] = value
        for name, parts in found.parts.items():
            if (value := _joined(self._columns[name].transform, parts)) is not None:
                values[name] = value
        values |= {name: tuple(dict.fromkeys(several)) for name, several in found.many.items()}
        for condition, name, part, value in found.doubtful:
            joined = _joined(self._columns[name].transform, {part: value})
            if name not in values and joined is not None and condition({**values, name: joined}):
                values[name] = joined
        return values


def _joined(transform: Transform | None, parts: Mapping[str, Any]) -> Any:
    return transform.join(parts) if transform else None


def _proved(transform: Transform | None, token: str) -> Any:
    if isinstance(transform, Boolean):
        return token == "true"  # noqa: S105 — the word of a condition
    if isinstance(transform, Codes):
        return tuple(code for code in transform.vocabulary.codes if code.code == token)[:1] or None
    return token if isinstance(transform, Answer) else None


def _is_exact(block: Block) -> bool:
    """It names one resource, and tells it from others of that name: asked before a block that names many."""
    return bool(block.recognised_by) and "{" not in block.local


def _claims(block: Block, local: str, resource: Resource) -> bool:
    stem, _, key = block.local.partition("{")
    named = local.startswith(stem) if key else local == stem
    if not named or resource.get("resourceType") != block.root.slot.type:
        return False
    if block.recognised_by and block.recognised_by not in resource:
        return False
    return all(
        resource.get(child.slot.key) == one.source.json
        for child in block.root.children.values()
        for one in child.alternatives
        if isinstance(one.source, Constant) and one.when is None and len(child.alternatives) == 1
    )


def _decomposed(item: Composed, text: str, on: Any) -> str:
    """The code as the register has it: without the year that its own date gives."""
    text = text.removeprefix(item.prefix)
    code, separator, year = text.rpartition(item.separator)
    holds = code and separator and on is not None and on.value[:4] == year and not YEAR.search(code)
    return code if holds else text


def _take_name(pattern: str, local: str, found: Found, columns: Mapping[str, Column]) -> None:
    """A column that stands in the draft's name alone, as the number of a row does. In an element it says more than in a name."""
    stem, _, rest = pattern.partition("{")
    name = rest.removesuffix("}")
    if name in columns and isinstance(columns[name].transform, Text) and local.startswith(stem):
        found.parts.setdefault(name, {}).setdefault("", local.removeprefix(stem))


# --- elements --------------------------------------------------------------------------------------------------------


def _take_object(branch: Branch, json: Mapping[str, Any], found: Found) -> None:
    for child in branch.children.values():
        for item in _items(child, json.get(child.slot.key)):
            _take(child, item, found)


def _take(branch: Branch, json: Any, found: Found) -> None:
    inner = Found() if branch.for_each else found
    if branch.alternatives:
        _take_leaf(branch, json, inner)
    else:
        _take_object(branch, json, inner)
    if branch.for_each:
        _merge_element(branch.for_each, inner, found)


def _items(branch: Branch, json: Any) -> Iterator[Any]:
    """The values of a property that belong to this branch: all, or those of its slice."""
    for item in json if isinstance(json, list) else [] if json is None else [json]:
        if holds(item, branch.slot.marks):
            yield item


def holds(json: Any, pattern: Any) -> bool:
    """Whether the JSON has all that the pattern has. https://hl7.org/fhir/R4/elementdefinition-definitions.html#pattern"""
    if isinstance(pattern, Mapping):
        return not pattern or (
            isinstance(json, Mapping) and all(holds(json.get(key), value) for key, value in pattern.items())
        )
    if isinstance(pattern, list):
        return isinstance(json, list) and all(any(holds(one, wanted) for one in json) for wanted in pattern)
    return bool(json == pattern)


def _take_leaf(branch: Branch, json: Any, found: Found) -> None:
    decode = codec(branch.slot)[1]
    if any(_hides(one, json) for one in branch.alternatives):
        return
    for one in branch.alternatives:
        if one.inverts:
            _take_alternative(one, decode, json, found)


def _decoded(source: FromColumn, decode: Decode, json: Any) -> Any:
    """The value; a plain word where the column does not deal in codes."""
    value = decode(json)
    return value[0].code if isinstance(value, tuple) and not isinstance(source.transform, Codes) else value


def _hides(one: Alternative, json: Any) -> bool:
    return isinstance(one.source, Composed) and one.source.digest and str(json).startswith(one.source.prefix)


def _take_alternative(one: Alternative, decode: Decode, json: Any, found: Found) -> None:
    if isinstance(one.source, Constant):
        said = one.source.json
        if json == said or (isinstance(said, list) and json in said):
            found.proved.update(one.proves)
    elif isinstance(one.source, Composed):
        found.composed.append((one.source, str(json)))
    elif isinstance(one.source, FromColumn) and (value := _decoded(one.source, decode, json)) is not None:
        if one.when is not None:
            found.doubtful.append((one.when, one.source.column, one.source.part, value))
        elif isinstance(one.source.transform, Codes) and one.source.column in found.parts:
            earlier = found.parts[one.source.column][""]
            found.parts[one.source.column][""] = (*earlier, *(code for code in value if code not in earlier))
        else:
            found.put(one.source.column, one.source.part, value)


def _merge_element(each: ForEach, inner: Found, found: Found) -> None:
    """An element's item. Items of a repeat cannot be told apart by their elements alone, so only columns come back."""
    for name, parts in inner.parts.items():
        if name == each.column:
            _add(found, name, parts[""])
        elif not each.repeat:
            for part, value in parts.items():
                found.put(name, part, value)


def _merge(each: ForEach, inner: Found, found: Found, columns: Mapping[str, Column]) -> None:
    """A resource of a repeating block."""
    item = Found(doubtful=inner.doubtful if each.repeat else [])
    for name, parts in inner.parts.items():
        if name == each.column:
            _add(found, name, parts[""])
        elif columns[name].within == each.column and each.repeat:
            item.parts[name] = parts
        else:
            for part, value in parts.items():
                found.put(name, part, value)
    if each.repeat:
        found.items.setdefault(each.column, []).append(item)
    else:
        found.doubtful += inner.doubtful
    found.composed += inner.composed
    found.proved |= inner.proved


def _add(found: Found, name: str, value: Any) -> None:
    several = value if isinstance(value, tuple) and not isinstance(value, Code) else (value,)
    found.many.setdefault(name, []).extend(several)
