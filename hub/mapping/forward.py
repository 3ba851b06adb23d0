"""From a record to drafts. Everything is decided when the mapping is loaded: what runs here are closures over dicts.

Parts of a resource that never vary (codes, patterns) are shared between resources, which no one changes in place; `meta`
and references are made anew.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.issues import Issue
from hub.mapping.cells import Cells, Places, Run, columns, places
from hub.mapping.elements import fields, leaf, scopes
from hub.mapping.model import Context, Draft, Mapped, Values, tokens
from hub.mapping.plan import Block, Branch, Check, Plan, walk
from hub.ports import SourceRecord


class Forward:
    """The compiled way forward of a plan."""

    def __init__(self, plan: Plan) -> None:
        where = places(plan)
        self._cells = Cells(plan, where)
        self._blocks = tuple(_Block(block) for block in plan.blocks)
        self._checks = tuple(_check(check, where) for check in plan.checks)

    def __call__(self, record: SourceRecord, context: Context) -> Mapped:
        run = Run(context, record.headers, list(record.issues))
        values = self._cells.read(record.content, run)
        for check in self._checks:
            check(values, run)
        drafts = tuple(draft for block in self._blocks for draft in block.drafts(values, run))
        return Mapped(drafts, tuple(run.issues), tuple(run.links))


def _check(check: Check, where: Places) -> Callable[[Values, Run], None]:
    path = where.get(check.column, ("", ""))[0]

    def run_check(values: Values, run: Run) -> None:
        scopes_ = scopes(check.for_each, values) if check.for_each else (values,)
        header = run.headers.get(check.column, check.column)
        told = any(issue.column == header for issue in run.issues)  # absent because it could not be read
        if not told and any(check.when(scope) for scope in scopes_):
            run.issues.append(
                Issue("error", "business-rule", check.say, path, header, {"column": header, "element": path})
            )

    return run_check


class _Block:
    def __init__(self, block: Block) -> None:
        self._block = block
        self._when = block.when
        self._type = block.root.slot.type
        self._profile = profile(block.profile)
        self._key = re.sub(r"^.*\{(.*)\}$", r"\1", block.local) if "{" in block.local else ""
        self._stem = block.local.partition("{")[0]
        self._identity = leaf(block.identity) if block.identity else None
        self._fields = fields(block.root)
        self._missing = _required(block.root)

    def drafts(self, values: Values, run: Run) -> Iterator[Draft]:
        mine: dict[str, int] = {}
        for scope in scopes(self._block.for_each, values) if self._block.for_each else (values,):
            if self._when is not None and not self._when(scope):
                continue
            local = self._local(scope, mine, run)
            if local:
                yield self._draft(local, scope, run)
        run.locals.update(mine)

    def _local(self, scope: Values, mine: dict[str, int], run: Run) -> str:
        """The draft's name; empty when an earlier block has made it, or when its key is missing."""
        if not self._key:
            name = self._stem
        else:
            key = scope.get(self._key)
            if key is None:
                return ""
            name = f"{self._stem}{tokens(key)[0]}"
        if name in run.locals and name not in mine:
            return ""
        mine[name] = mine.get(name, 0) + 1
        run.locals.add(name)
        return name if mine[name] == 1 else f"{name}#{mine[name]}"

    def _draft(self, local: str, scope: Values, run: Run) -> Draft:
        resource: Resource = {
            "resourceType": self._type,
            "meta": {"profile": [self._profile]},
            **self._block.root.constants,
        }
        for key, _, emit in self._fields:
            if (json := emit(scope, run)) is not None:
                resource[key] = json
        for key, path, told_by in self._missing:
            if key not in resource:
                _report_missing(path, told_by, run)
        told = self._identity(scope, run) if self._identity else None
        return Draft(local, f"{run.context.organization}|{self._block.profile}|{told}" if told else None, resource)


def _report_missing(path: str, told_by: Sequence[str], run: Run) -> None:
    """A required element without value: said once, unless an issue of one of its columns has said it."""
    headers = [run.headers.get(column, column) for column in told_by] or [""]
    if not any(issue.column in headers for issue in run.issues):
        params = {"column": headers[0], "element": path}
        run.issues.append(Issue("error", "required", "mapping.element-missing", path, headers[0], params))


def _required(root: Branch) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Properties that must be there, with the path and columns to name when they are not."""
    found = []
    for child in root.children.values():
        if child.slot.minimum and child.live:
            told_by = tuple(column for branch in walk(child) for column in columns(branch))
            found.append((child.slot.key, child.slot.path, told_by))
    return tuple(found)
