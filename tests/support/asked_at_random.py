"""Random searches, each with what it means: `name=value` for the hub, and a predicate for a naive evaluation.

Of encrypted elements only the forms that are answered from tokens exactly.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.search.parameters import PARAMETERS, Parameter
from hub.search.sealed import is_bare, is_sealed
from tests.support import naive
from tests.support.grown import CODES, DAYS, INSTANTS, SYSTEMS, TEXTS, URLS
from tests.support.naive import Predicate

PREFIXES: Final = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


@dataclass
class Searches:
    """Over `visible` resources by type, at a moment that `ap` is counted from."""

    visible: Mapping[str, Sequence[Resource]]
    chance: Random
    now: datetime

    def one(self, type_: str, depth: int = 0) -> tuple[str, str, Predicate]:
        """A parameter, its value, and what it means."""
        kind = self.chance.random()
        if depth < 2 and kind < 0.2 and (chain := self._chain(type_, depth)):
            return chain
        if depth < 2 and kind < 0.35 and (has := self._has(type_, depth)):
            return has
        if self.chance.random() < 0.1:
            return self._of_every_type()
        parameter = self.chance.choice([p for p in PARAMETERS[type_].values() if _is_covered(type_, p)])
        return self._plain(type_, parameter, depth)

    # --- chains --------------------------------------------------------------------------------------------------------

    def _chain(self, type_: str, depth: int) -> tuple[str, str, Predicate] | None:
        known = [(p, t) for p in PARAMETERS[type_].values() for t in p.targets if t in self.visible]
        if not known:
            return None
        parameter, target = self.chance.choice(known)
        name, value, holds = self.one(target, depth + 1)
        reached = {f"{target}/{one['id']}" for one in self.visible[target] if holds(one)}
        return (
            f"{parameter.name}:{target}.{name}",
            value,
            lambda one: not reached.isdisjoint(naive.literals(_nodes(one, parameter))),
        )

    def _has(self, type_: str, depth: int) -> tuple[str, str, Predicate] | None:
        known = [(s, p) for s in self.visible for p in PARAMETERS[s].values() if type_ in p.targets]
        if not known:
            return None
        source, parameter = self.chance.choice(known)
        name, value, holds = self.one(source, depth + 1)
        pointing = [one for one in self.visible[source] if holds(one)]
        reached = {literal for one in pointing for literal in naive.literals(_nodes(one, parameter))}
        return f"_has:{source}:{parameter.name}:{name}", value, lambda one: f"{type_}/{one['id']}" in reached

    # --- one parameter -------------------------------------------------------------------------------------------------

    def _plain(self, type_: str, parameter: Parameter, depth: int) -> tuple[str, str, Predicate]:
        if not depth and parameter.type != "composite" and self.chance.random() < 0.15:
            asked = self.chance.choice(["true", "false"])
            return f"{parameter.name}:missing", asked, lambda one: (not _nodes(one, parameter)) == (asked == "true")
        forms = {
            "token": self._token, "reference": self._reference, "date": self._date, "string": self._string,
            "uri": self._uri, "composite": self._composite,
        }  # fmt: skip
        return forms[parameter.type](type_, parameter)

    def _of_every_type(self) -> tuple[str, str, Predicate]:
        name = self.chance.choice(["_tag", "_security", "_source", "_id"])
        if name == "_source":
            url = self.chance.choice(URLS)
            return name, url, lambda one: one.get("meta", {}).get("source") == url
        if name == "_id":
            ids = [one["id"] for some in self.visible.values() for one in some]
            wanted = self.chance.sample(ids, min(len(ids), 20))
            return name, ",".join(wanted), lambda one: one["id"] in wanted
        test, asked = naive.is_code(code := self._code()), code
        return name, asked, lambda one: any(map(test, naive.codes(one.get("meta", {}).get(name.removeprefix("_"), ()))))

    def _alternatives(self, make: Callable[[], str]) -> list[str]:
        return list(dict.fromkeys(make() for _ in range(self.chance.choice([1, 1, 2]))))

    def _code(self) -> str:
        system, code = self.chance.choice(SYSTEMS), self.chance.choice(CODES)
        return self.chance.choice([code, f"{system}|{code}", f"{system}|" if system else code, code])

    def _bound_code(self, bound: Mapping[str, tuple[str, ...]]) -> str:
        """Of an element whose binding tells the system: in it, or in another."""
        system = self.chance.choice([*bound, *bound, SYSTEMS[0]])
        code = self.chance.choice(sorted(code for codes in bound.values() for code in codes)[:3])
        return self.chance.choice([code, f"{system}|{code}", f"{system}|", f"|{code}"])

    def _token(self, type_: str, parameter: Parameter) -> tuple[str, str, Predicate]:
        sealed = is_sealed(type_, parameter.name)
        modifier = self.chance.choice(
            ["", "", "not"] + ([] if sealed or _is_closed(type_, parameter) else _of_words(parameter))
        )
        if modifier == "text":
            text = self.chance.choice(TEXTS)[:3]
            is_said = naive.is_word("", text)
            return f"{parameter.name}:text", text, lambda one: any(map(is_said, naive.wordings(_nodes(one, parameter))))
        if modifier == "of-type":
            kind, code, value = self.chance.choice(SYSTEMS[:2]), self.chance.choice(CODES), self.chance.choice(CODES)
            return (
                f"{parameter.name}:of-type",
                f"{kind}|{code}|{value}",
                lambda one: any(
                    node.get("value") == value and (kind, code) in list(naive.codes([node["type"]]))
                    for node in _nodes(one, parameter)
                    if isinstance(node, dict) and "type" in node
                ),
            )
        bound = naive.bound(type_, parameter)
        asked = self._alternatives(lambda: self._bound_code(bound) if bound else self._code())
        holds = [naive.is_code(one) for one in asked]
        return (
            parameter.name + (":not" if modifier else ""),
            ",".join(asked),
            lambda one: (
                any(test(code) for test in holds for code in naive.codes(_nodes(one, parameter), bound))
                != bool(modifier)
            ),
        )

    def _reference(self, type_: str, parameter: Parameter) -> tuple[str, str, Predicate]:
        if self.chance.random() < 0.2 and not _is_closed(type_, parameter):
            asked = self._code()
            test = naive.is_code(asked)
            return (
                f"{parameter.name}:identifier",
                asked,
                lambda one: any(
                    test(code)
                    for node in _nodes(one, parameter)
                    if "identifier" in node
                    for code in naive.codes([node["identifier"]])
                ),
            )
        targets = [t for t in parameter.targets if t in self.visible] or ["Patient"]
        target = self.chance.choice(targets)
        id_ = self.chance.choice([one["id"] for one in self.visible.get(target, ())] or ["nobody"])
        name, value = self.chance.choice(
            [(parameter.name, f"{target}/{id_}"), (f"{parameter.name}:{target}", id_), (parameter.name, f"https://hub.example/fhir/{target}/{id_}")]
            if target in parameter.targets
            else [(parameter.name, f"{target}/{id_}")]
        )  # fmt: skip
        return name, value, lambda one: f"{target}/{id_}" in naive.literals(_nodes(one, parameter))

    def _date(self, _: str, parameter: Parameter) -> tuple[str, str, Predicate]:
        asked = [
            (self.chance.choice(PREFIXES), self.chance.choice((*DAYS, *INSTANTS)))
            for _ in range(self.chance.choice([1, 1, 2]))
        ]
        holds = [naive.is_when(prefix or "eq", text, self.now) for prefix, text in asked]
        return (
            parameter.name,
            ",".join(f"{prefix}{text}" for prefix, text in asked),
            lambda one: any(test(found) for test in holds for found in naive.ranges(_nodes(one, parameter))),
        )

    def _string(self, type_: str, parameter: Parameter) -> tuple[str, str, Predicate]:
        modifier = "exact" if is_sealed(type_, parameter.name) else self.chance.choice(["", "exact", "contains"])
        text = self.chance.choice(TEXTS)
        text = text if modifier == "exact" else self.chance.choice([text, text[:2], text[1:3], text.upper()])
        test = naive.is_word(modifier, text)
        name = parameter.name + (f":{modifier}" if modifier else "")
        return name, text, lambda one: any(map(test, naive.texts(_nodes(one, parameter))))

    def _uri(self, _: str, parameter: Parameter) -> tuple[str, str, Predicate]:
        modifier, url = self.chance.choice(["", "above", "below"]), self.chance.choice(URLS)
        modifier = "" if url.startswith("urn:") else modifier
        tests: dict[str, Callable[[str], bool]] = {
            "": lambda one: one == url,
            "below": lambda one: one == url or one.startswith(f"{url}/"),
            "above": lambda one: one == url or url.startswith(f"{one}/"),
        }
        name = parameter.name + (f":{modifier}" if modifier else "")
        return name, url, lambda one: any(map(tests[modifier], _nodes(one, parameter)))

    def _composite(self, type_: str, parameter: Parameter) -> tuple[str, str, Predicate]:
        first, second = self._code(), self._code()
        tests = [naive.is_code(first), naive.is_code(second)]
        base = type_ if not parameter.paths[0].steps else parameter.expression

        def holds(resource: Resource) -> bool:
            return any(
                all(
                    any(map(test, naive.codes(naive.nodes(item, part.expression, base))))
                    for test, part in zip(tests, parameter.components, strict=True)
                )
                for item in _nodes(resource, parameter)
            )

        return parameter.name, f"{first}${second}", holds


def _nodes(resource: Resource, parameter: Parameter) -> list[Any]:
    return naive.nodes(resource, parameter.expression)


def _of_words(parameter: Parameter) -> list[str]:
    return ["text", "of-type"] if any(path.type == "Identifier" for path in parameter.paths) else ["text"]


def _is_closed(type_: str, parameter: Parameter) -> bool:
    """Whether nothing is kept in clear beside its values."""
    meant = load().for_type(type_)
    return meant is None or is_bare(type_, parameter.name, meant.name)


def _is_covered(type_: str, parameter: Parameter) -> bool:
    if parameter.type in {"special", "quantity", "number"}:  # have a test of their own
        return False
    if parameter.type == "composite":
        tokens = {part.type for part in parameter.components} == {"token"}
        return tokens and not is_sealed(type_, parameter.name)
    return parameter.type in {"token", "string"} or not is_sealed(type_, parameter.name)


def sortable(type_: str) -> Iterator[Parameter]:
    for parameter in PARAMETERS[type_].values():
        if parameter.type in {"token", "reference", "date", "string", "uri"} and not is_sealed(type_, parameter.name):
            yield parameter
