"""One element's source as the mapping file writes it: `{column: …}`, `{constant: …}`, `{draft: …}` and the others, checked."""

from collections.abc import Mapping
from typing import Any, Final

from hub.fhir.definitions import Definitions
from hub.mapping import conditions, derive
from hub.mapping.columns import ColumnReader
from hub.mapping.conditions import Condition
from hub.mapping.deciding import ITEM
from hub.mapping.document import Where
from hub.mapping.encode import CODED, codec, fits
from hub.mapping.model import Code
from hub.mapping.plan import (
    Alternative,
    Column,
    Composed,
    Constant,
    Custodian,
    Derived,
    FromColumn,
    FromDrafts,
    FromItem,
    Source,
)
from hub.mapping.problems import Problems
from hub.mapping.schema import Slot

KINDS: Final = ("column", "constant", "draft", "drafts", "organization", "derive", "compose")
_SETTINGS: Final = {
    "column": {"part"},
    "derive": {"from", "map", "days"},
    "compose": {"separator", "prefix", "digest"},
}


class SourceReader:
    def __init__(
        self, columns: Mapping[str, Column], reader: ColumnReader, problems: Problems, definitions: Definitions
    ) -> None:
        self._columns = columns
        self._reader = reader
        self._problems = problems
        self._definitions = definitions

    def alternatives(self, said: Any, slot: Slot, where: Where, drafts: frozenset[str]) -> tuple[Alternative, ...]:
        """All alternatives of an element, in the order in which they are tried."""
        written = (
            [(one, (*where, position)) for position, one in enumerate(said)]
            if isinstance(said, list)
            else [(said, where)]
        )
        found = [one for spec, place in written if (one := self._alternative(spec, slot, place, drafts))]
        ambiguous = [
            one for one in found if one.inverts and one.when is None and isinstance(one.source, FromColumn | Composed)
        ]
        if len(ambiguous) > 1:
            self._problems.add(where, "direction", path=slot.path)
        return tuple(found)

    def condition(self, said: Any, where: Where) -> Condition | None:
        if said is None:
            return None
        try:
            for column in conditions.columns(said):
                self.known(column, where)
            return conditions.condition(said)
        except (conditions.UnknownCondition, TypeError, AttributeError):
            self._problems.add(where, "unknown-condition", known=", ".join(conditions.KINDS))
            return None

    def asks(self, said: Any) -> frozenset[str]:
        """The columns of a condition; none of one that is wrong, which is reported elsewhere."""
        try:
            return frozenset(conditions.columns(said)) if said is not None else frozenset()
        except (conditions.UnknownCondition, TypeError, AttributeError):
            return frozenset()

    def proves(self, said: Any) -> tuple[tuple[str, str], ...]:
        """What a condition that held says of its columns; nothing for one that is wrong, which is reported elsewhere."""
        try:
            return tuple(conditions.proves(said)) if said is not None else ()
        except (conditions.UnknownCondition, TypeError, AttributeError):
            return ()

    def known(self, column: Any, where: Where) -> Column | None:
        """The column of this name; a problem when there is none."""
        found = self._columns.get(column) if isinstance(column, str) else None
        if found is None:
            self._problems.add(where, "unknown-column", column=str(column))
        return found

    def derived(self, said: Mapping[str, Any], where: Where) -> Derived | None:
        name = str(said["derive"])
        if name not in derive.DERIVATIONS:
            self._problems.add((*where, "derive"), "unknown-transform", name=name, known=", ".join(derive.DERIVATIONS))
            return None
        function, count, needed = derive.DERIVATIONS[name]
        columns = said.get("from")
        if not isinstance(columns, list) or len(columns) != count or not needed <= set(said):
            self._problems.add(where, "shape", expected=", ".join(["from: […]", *sorted(needed)]))
            return None
        known = [self.known(column, (*where, "from")) for column in columns]
        if None in known:
            return None
        settings: dict[str, Any] = {key: said[key] for key in needed}
        if "map" in settings:
            settings["table"] = derive.table(self._reader.concept_maps(settings["map"], (*where, "map")))
        return Derived(function, tuple(columns), settings)

    def _alternative(self, said: Any, slot: Slot, where: Where, drafts: frozenset[str]) -> Alternative | None:
        spec = {"column": said} if isinstance(said, str) else said
        kind = next((kind for kind in KINDS if isinstance(spec, dict) and kind in spec), "")
        if not kind:
            self._problems.add(where, "shape", expected=", ".join(KINDS))
            return None
        for key in spec:
            if key not in {kind, "when", "direction", *_SETTINGS.get(kind, ())}:
                self._problems.add(
                    (*where, key), "unknown-key", setting=key, known=", ".join(sorted(_SETTINGS.get(kind, ())))
                )
        source = self._source(kind, spec, slot, where, drafts)
        when = self.condition(spec.get("when"), (*where, "when"))
        proves = self.proves(spec.get("when")) if kind == "constant" else ()
        asks = self.asks(spec.get("when"))
        return Alternative(source, when, asks, spec.get("direction") != "forward", proves) if source else None

    def _source(
        self, kind: str, spec: Mapping[str, Any], slot: Slot, where: Where, drafts: frozenset[str]
    ) -> Source | None:
        if kind == "constant":
            return self._constant(spec["constant"], slot, (*where, "constant"))
        if kind == "organization":
            return Custodian()
        if kind in {"draft", "drafts"}:
            return self._drafts(spec[kind], where, drafts)
        if not fits(slot):
            self._problems.add(where, "not-a-leaf", path=slot.path)
            return None
        if kind == "derive":
            return self.derived(spec, where)
        return self._composed(spec, where) if kind == "compose" else self._from_column(spec, where)

    def _from_column(self, spec: Mapping[str, Any], where: Where) -> Source | None:
        if spec["column"] == ITEM:
            return FromItem()
        column = self.known(spec["column"], where)
        if column is None or column.transform is None:
            return None
        part = str(spec.get("part", ""))
        if part not in column.transform.parts:
            self._problems.add(
                (*where, "part"), "shape", expected=", ".join(filter(None, column.transform.parts)) or "—"
            )
            return None
        return FromColumn(column.name, column.transform, part)

    def _composed(self, spec: Mapping[str, Any], where: Where) -> Source | None:
        named = spec["compose"]
        if not isinstance(named, list) or len(named) != 2:
            self._problems.add(where, "shape", expected="compose: [code, date]")
            return None
        known = [self.known(one, where) for one in named]
        if None in known:
            return None
        digest = bool(spec.get("digest"))
        if digest and spec.get("direction") != "forward":
            self._problems.add(where, "forward-only", name="digest")
        return Composed(named[0], named[1], str(spec.get("separator", "/")), str(spec.get("prefix", "")), digest)

    def _drafts(self, said: Any, where: Where, drafts: frozenset[str]) -> Source | None:
        named = said if isinstance(said, list) else [said]
        for one in named:
            if one not in drafts:
                self._problems.add(where, "unknown-draft", local=str(one))
        return FromDrafts(tuple(str(one) for one in named))

    def _constant(self, said: Any, slot: Slot, where: Where) -> Source | None:
        several = said if isinstance(said, list) else [said]
        if slot.type not in CODED:
            return Constant(several if slot.is_list else said)
        codes = [self._code(str(one), slot, where) for one in several]
        if None in codes:
            return None
        json = [codec(slot)[0](code) for code in codes]
        return Constant(json if slot.is_list else json[0])

    def _code(self, written: str, slot: Slot, where: Where) -> Code | None:
        """`active` of the element's own codes, or `v3-ActReason#COC` where the profile leaves them open."""
        name, _, code = written.rpartition("#")
        found = self._named(name, code) if name else next((one for one in slot.codes or () if one.code == code), None)
        if found is None or (slot.codes is not None and found not in slot.codes):
            self._problems.add(where, "unknown-code", code=written, system=slot.path)
            return None
        return found

    def _named(self, name: str, code: str) -> Code | None:
        """A code of a system by the system's name or canonical; one of a system that is not packaged is taken as written."""
        system = next((one for one in self._definitions.code_systems() if name in {one.name, one.url}), None)
        if system is None:
            return Code(name, code) if "://" in name else None
        return Code(system.url, code) if system.contains(code) or not system.complete else None
