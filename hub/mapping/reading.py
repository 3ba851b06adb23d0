"""A mapping file → a plan: every path, code, column and condition resolved against the profiles, every problem collected.

The format is described in docs/mapping-format.md.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from hub.fhir.definitions import Definitions
from hub.fhir.folding import fold
from hub.mapping import adds, figures, headers, left_out, otherwise, rows, ticks
from hub.mapping.cells import columns as columns_of
from hub.mapping.closing import left_out_with_a_warning
from hub.mapping.columns import ColumnReader
from hub.mapping.document import Document, Where
from hub.mapping.library import Library
from hub.mapping.model import Code
from hub.mapping.plan import (
    BESIDE,
    Alternative,
    Block,
    Branch,
    Check,
    Column,
    FollowUp,
    ForEach,
    FromColumn,
    Plan,
    walk,
)
from hub.mapping.problems import Problems
from hub.mapping.schema import Schema, Slot, UnknownPath, steps
from hub.mapping.sources import KINDS, SourceReader
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.texts import Integer
from hub.mapping.vocabulary import Vocabulary
from hub.texts import LANGUAGES, catalogue

TOP: Final = frozenset(
    {
        *("id", "version", "title", "language", "kinds", "dates", "blank", "key", "sheet", "extends"),
        *("columns", "checks", "resources", "follow_up", "answers", "figures", "rows", "left_out"),
    }
)
BLOCK: Final = frozenset(
    {"local", "profile", "identity", "for_each", "without", "when", "elements", "recognised_by", "partial"}
)
_KEY: Final = re.compile(r"\{(.+)\}$")


def read_plan(reference: str, library: Library, definitions: Definitions, named_in: str = "") -> tuple[Plan, Problems]:
    """The plan, and what is wrong with it. Raises HubError(UNKNOWN_MAPPING) at the place that names a mapping which is not
    there, HubError(MISCONFIGURED) when a file is no YAML or no JSON."""
    document, folders = library.document(reference, named_in)
    problems = Problems(document)
    reader = ColumnReader(document, problems, definitions, library, folders)
    plan = _PlanReader(document, problems, reader, definitions).read()
    for position, answer in enumerate(plan.answers):
        if not library.has(answer):
            raise library.unknown(answer, document.place(("answers", position)))
    return plan, problems


class _PlanReader:
    def __init__(self, document: Document, problems: Problems, reader: ColumnReader, definitions: Definitions) -> None:
        self._document = document
        self._data = document.data
        self._problems = problems
        self._reader = reader
        self._definitions = definitions
        said = self._data.get("columns")
        columns = {name: reader.column(name, one) for name, one in (said if isinstance(said, dict) else {}).items()}
        for checked in (ticks.checked, adds.checked, otherwise.checked):
            columns = checked(columns, problems, document)
        self._columns: Mapping[str, Column] = columns
        headers.check(document, self._columns, problems)
        self._sources = SourceReader(self._columns, reader, problems, definitions)

    def read(self) -> Plan:
        data = self._data
        self._check_top()
        blocks: list[Block] = []
        for position, said in enumerate(data.get("resources") or ()):
            block = self._block(said, ("resources", position), frozenset(one.local for one in blocks))
            blocks += [block] if block else []
        checks = [self._check(said, ("checks", position)) for position, said in enumerate(data.get("checks") or ())]
        plan = Plan(
            id=str(data.get("id", "")),
            version=str(data.get("version", "")),
            title=data.get("title") or {},
            kinds=tuple(data.get("kinds") or ()),
            language=str(data.get("language", "en")),
            columns=self._columns,
            named=self._document.named & self._columns.keys(),
            blank=frozenset(
                spelt for word in data.get("blank") or () for spelt in (str(word).casefold(), fold(str(word)))
            ),
            blocks=tuple(blocks),
            checks=tuple(check for check in checks if check),
            follow_up=self._follow_up(data.get("follow_up")),
            key=tuple(data.get("key") or ()),
            sheet=data.get("sheet"),
            answers=tuple(str(one) for one in data.get("answers") or ()),
            figures=figures.read(data.get("figures"), self._problems, self._definitions),
            rows=rows.read(data.get("rows"), self._problems, self._definitions),
            left_out=left_out.read(data.get("left_out"), self._columns, self._problems),
        )
        self._check_codes(plan)
        for name in left_out_with_a_warning(plan):
            self._problems.add(("columns", name, "on_error"), "closing-warns", column=name)
        return plan

    def _check_top(self) -> None:
        for where in self._document.traps:
            self._problems.add(where, "quote")
        for where in self._document.twice:
            self._problems.add(where, "twice", setting=str(where[-1]))
        for key in self._data:
            if key not in TOP:
                self._problems.add((key,), "unknown-key", setting=key, known=", ".join(sorted(TOP)))
        title = self._data.get("title")
        if not isinstance(title, dict) or set(title) != set(LANGUAGES):
            self._problems.add(("title",), "shape", expected="title: {ar, fr, en}")
        reads = () if "figures" in self._data else ("kinds", "columns", "resources")
        for key in ("id", "version", *reads):
            if not self._data.get(key):
                self._problems.add((), "missing-key", setting=key)
        for name, column in self._columns.items():
            inside = self._columns.get(column.within) if column.within else None
            if column.within and (inside is None or not inside.repeat):
                self._problems.add(("columns", name, "in"), "unknown-column", column=column.within)
        for column_name in self._data.get("key") or ():
            self._sources.known(column_name, ("key",))

    # --- blocks ------------------------------------------------------------------------------------------------------

    def _block(self, said: Any, where: Where, drafts: frozenset[str]) -> Block | None:
        schema = self._schema(said, where)
        if schema is None:
            return None
        for key in said:
            if key not in BLOCK:
                self._problems.add((*where, key), "unknown-key", setting=key, known=", ".join(sorted(BLOCK)))
        local = str(said.get("local", ""))
        named = _KEY.search(local)
        if not local or (named and named[1] not in self._columns):
            self._problems.add((*where, "local"), "unknown-column", column=named[1] if named else "")
        root = self._tree(said, schema, where, drafts | {local}, whole=not said.get("partial"))
        identity = self._identity(said.get("identity"), root, (*where, "identity"))
        return Block(
            local=local,
            profile=said["profile"],
            root=root,
            identity=identity,
            for_each=self._for_each(said, where),
            when=self._sources.condition(said.get("when"), (*where, "when")),
            proves=self._sources.proves(said.get("when")),
            recognised_by=str(said.get("recognised_by", "")),
        )

    def _schema(self, said: Any, where: Where) -> Schema | None:
        name = said.get("profile") if isinstance(said, dict) else None
        try:
            return Schema(self._definitions.profile(str(name)), self._definitions)
        except KeyError:
            self._problems.add((*where, "profile"), "unknown-profile", name=str(name))
            return None

    def _tree(
        self, said: Mapping[str, Any], schema: Schema, where: Where, drafts: frozenset[str], *, whole: bool = True
    ) -> Branch:
        root = Branch(schema.root)
        self._elements(said.get("elements"), root, schema, (*where, "elements"), drafts)
        self._complete(root, schema, where if whole else None)
        return root

    def _elements(self, said: Any, parent: Branch, schema: Schema, where: Where, drafts: frozenset[str]) -> None:
        if not isinstance(said, dict):
            self._problems.add(where, "shape", expected="elements: {…}")
            return
        for path, spec in said.items():
            branch = self._reach(path, parent, schema, (*where, path))
            if branch is None:
                continue
            if isinstance(spec, dict) and not any(kind in spec for kind in KINDS):
                self._group(spec, branch, schema, (*where, path), drafts)
            else:
                branch.alternatives = self._sources.alternatives(spec, branch.slot, (*where, path), drafts)

    def _group(
        self, spec: dict[str, Any], branch: Branch, schema: Schema, where: Where, drafts: frozenset[str]
    ) -> None:
        for key in spec:
            if key not in {"for_each", "without", "when", "elements"}:
                self._problems.add((*where, key), "unknown-key", setting=key, known="elements, for_each, when, without")
        branch.for_each = self._for_each(spec, where)
        branch.when = self._sources.condition(spec.get("when"), (*where, "when"))
        branch.asks = self._sources.asks(spec.get("when"))
        if branch.for_each is not None and not branch.slot.is_list:
            self._problems.add((*where, "for_each"), "not-a-list", path=branch.slot.path)
        self._elements(spec.get("elements"), branch, schema, (*where, "elements"), drafts)

    def _reach(self, path: str, parent: Branch, schema: Schema, where: Where) -> Branch | None:
        branch = parent
        try:
            for name, slice_name in steps(path):
                key = (name, slice_name)
                if key not in branch.children:
                    branch.children[key] = Branch(schema.child(branch.slot, name, slice_name))
                branch = branch.children[key]
        except UnknownPath as unknown:
            self._problems.add(where, "unknown-path", path=path, step=str(unknown.args[0]), parent=branch.slot.path)
            return None
        return branch

    def _complete(self, branch: Branch, schema: Schema, where: Where | None) -> None:
        """Add what the profile fixes, and report what it requires and nothing gives. Leaves are left alone."""
        branch.constants = {} if branch.alternatives else schema.constants(branch.slot)
        for name, slice_name in () if branch.alternatives or where is None else schema.required(branch.slot):
            below = f"{branch.slot.path}.{name}"
            present = any(
                child.slot.path == below and slice_name in {"", key[1]} for key, child in branch.children.items()
            )
            fixed = name in branch.constants
            if not present and not fixed and name not in {"id", "resourceType"}:
                path = f"{branch.slot.path}.{name}" + (f"[{slice_name}]" if slice_name else "")
                self._problems.add(where or (), "required", path=path)
        for child in branch.children.values():
            branch.constants.pop(child.slot.key, None)
        for child in branch.children.values():
            self._complete(child, schema, where)

    def _identity(self, path: Any, root: Branch, where: Where) -> Branch | None:
        if not path:
            return None
        branch: Branch | None = root
        for key in steps(str(path)):
            branch = branch.children.get(key) if branch else None
        if branch is None or not branch.alternatives:
            self._problems.add(where, "unknown-path", path=str(path), step=str(path), parent=root.slot.path)
            return None
        return branch

    def _for_each(self, said: Mapping[str, Any], where: Where) -> ForEach | None:
        each = said.get("for_each")
        if each is None:
            return None
        if isinstance(each, dict) and "derive" in each:
            derived = self._sources.derived(each, (*where, "for_each"))
            return ForEach(derived=derived) if derived else None
        column = self._sources.known(each, (*where, "for_each"))
        without = said.get("without", "")
        if without:
            self._sources.known(without, (*where, "without"))
        return ForEach(column.name, column.repeat, None, without) if column else None

    # --- the rest ----------------------------------------------------------------------------------------------------

    def _check(self, said: Any, where: Where) -> Check | None:
        if not isinstance(said, dict) or not {"when", "say", "column"} <= set(said):
            self._problems.add(where, "shape", expected="when, say, column")
            return None
        if said.get("strict", "as-column") != "as-column":
            self._problems.add((*where, "strict"), "shape", expected="as-column")
        room, _, rest = str(said["say"]).partition(".")
        if room != "mapping" or rest not in catalogue(room):
            self._problems.add((*where, "say"), "unknown-text", name=str(said["say"]))
        when = self._sources.condition(said["when"], (*where, "when"))
        column = self._sources.known(said["column"], (*where, "column"))
        if when is None or column is None:
            return None
        warns = column.warns and said.get("strict") == "as-column"
        return Check(when, str(said["say"]), column.name, self._for_each(said, where), warns)

    def _follow_up(self, said: Any) -> FollowUp | None:
        if said is None:
            return None
        where: Where = ("follow_up",)
        schema = self._schema(said, where)
        if schema is None:
            return None
        root = self._tree(said, schema, where, frozenset(), whole=False)
        beside = self._beside(said.get("beside", {}), (*where, "beside"))
        if "by" not in said:
            return FollowUp(root, beside=beside)
        top = Branch(root.slot)
        leaf = self._reach(str(said["by"]), top, schema, (*where, "by"))
        if leaf is None:
            return None
        systems = sorted({code.system for code in leaf.slot.codes or ()})
        labels = [label for system in systems for label in self._reader.labels(system, (*where, "by"))]
        words = Codes(Vocabulary((), labels, str(self._data.get("language", "en"))))
        leaf.alternatives = (Alternative(FromColumn("by", words)),)
        self._complete(top, schema, None)
        return FollowUp(root, top, words, beside)

    def _beside(self, said: Any, where: Where) -> dict[str, str]:
        if not isinstance(said, dict):
            self._problems.add(where, "shape", expected="beside: {…}")
            return {}
        for name in said.keys() - BESIDE:
            self._problems.add((*where, name), "unknown-key", setting=str(name), known=", ".join(sorted(BESIDE)))
        found = {name: self._sources.known(column, (*where, name)) for name, column in said.items() if name in BESIDE}
        for name, column in found.items():
            if column and not (isinstance(column.transform, Integer) and column.direction == "back"):
                self._problems.add((*where, name), "shape", expected="transform: integer, direction: back")
        return {name: column.name for name, column in found.items() if column}

    def _check_codes(self, plan: Plan) -> None:
        """Every code that a column can give must fit an element that the column goes to."""
        allowed: dict[str, list[Slot]] = {}
        for root in [block.root for block in plan.blocks]:
            for branch in walk(root):
                for column in columns_of(branch):
                    allowed.setdefault(column, []).append(branch.slot)
        for name, slots in allowed.items():
            transform = self._columns[name].transform
            bound = [slot.codes for slot in slots if slot.codes is not None]
            if not isinstance(transform, Codes) or len(bound) < len(slots):
                continue
            fitting = frozenset[Code]().union(*bound)
            for code in sorted(transform.vocabulary.codes - fitting):
                self._problems.add(("columns", name), "unknown-code", code=code.code, system=slots[0].path)
