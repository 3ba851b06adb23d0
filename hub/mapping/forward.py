"""From a record to drafts. Everything is decided when the mapping is loaded: what runs here are closures over dicts.

Parts of a resource that never vary (codes, patterns) are shared between resources, which no one changes in place; `meta`
and references are made anew.
"""

import re
from collections.abc import Callable, Sequence

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.issues import Issue
from hub.mapping.cells import Cells, Places, Run, columns, places
from hub.mapping.elements import parts, scopes, write
from hub.mapping.leaves import leaf
from hub.mapping.model import Code, Context, Draft, Mapped, Values, tokens
from hub.mapping.plan import Block, Branch, Check, Plan, walk
from hub.mapping.unsaid import untold
from hub.ports import SourceRecord


class Forward:
    """The compiled way forward of a plan."""

    def __init__(self, plan: Plan) -> None:
        where = places(plan)
        self._plan = plan
        self._cells = Cells(plan, where)
        recurring = frozenset(name for name, one in plan.columns.items() if one.transform and one.transform.recurs)
        self._blocks = tuple(_Block(block, recurring) for block in plan.blocks)
        self._checks = tuple(_check(check, where) for check in plan.checks)

    def __call__(self, record: SourceRecord, context: Context) -> Mapped:
        run = Run(context, record.headers, list(record.issues))
        values = self._cells.read(record.content, run)
        for check in self._checks:
            check(values, run)
        drafts: list[Draft] = []
        for block in self._blocks:
            block.put(drafts, values, run)
        open_ = untold(self._plan, values, record.unsaid) if record.unsaid else frozenset()
        return Mapped(tuple(drafts), tuple(run.issues), tuple(run.links), open_)


def _check(check: Check, where: Places) -> Callable[[Values, Run], None]:
    path = where.get(check.column, ("", ""))[0]
    when, each = check.when, check.for_each

    def run_check(values: Values, run: Run) -> None:
        if each is None:
            if not when(values):
                return
        elif not any(map(when, scopes(each, values))):
            return
        header = run.headers.get(check.column, check.column)
        told = any(issue.column == header for issue in run.issues)  # absent because it could not be read
        if not told:
            run.issues.append(
                Issue("error", "business-rule", check.say, path, header, {"column": header, "element": path})
            )

    return run_check


class _Block:
    def __init__(self, block: Block, recurring: frozenset[str]) -> None:
        self._each = block.for_each
        self._when = block.when
        self._type = block.root.slot.type
        self._profile, self._name = profile(block.profile), block.profile
        self._key = re.sub(r"^.*\{(.*)\}$", r"\1", block.local) if "{" in block.local else ""
        self._stem = block.local.partition("{")[0]
        self._identity = leaf(block.identity) if block.identity else None
        self._constants = block.root.constants
        self._parts = parts(block.root, recurring)
        self._missing = _required(block.root)
        self._required = frozenset(key for key, _, _ in self._missing)

    def put(self, drafts: list[Draft], values: Values, run: Run) -> None:
        """Add the drafts that it makes of a record's values."""
        when = self._when
        if self._each is None:
            if when is None or when(values):
                self._put(drafts, values, {}, run)
            return
        mine: dict[str, int] = {}
        for scope in scopes(self._each, values):
            if when is None or when(scope):
                self._put(drafts, scope, mine, run)

    def _put(self, drafts: list[Draft], scope: Values, mine: dict[str, int], run: Run) -> None:
        local = self._local(scope, mine, run)
        if not local:
            return
        resource: Resource = {"resourceType": self._type, "meta": {"profile": [self._profile]}, **self._constants}
        write(resource, self._parts, scope, run)
        if not self._required <= resource.keys():
            self._report(resource, run)
        told = self._identity(scope, run) if self._identity else None
        identity = f"{run.context.organization}|{self._name}|{told}" if told else None
        drafts.append(Draft(local, identity, resource))

    def _report(self, resource: Resource, run: Run) -> None:
        for key, path, told_by in self._missing:
            if key not in resource:
                _report_missing(path, told_by, run)

    def _local(self, scope: Values, mine: dict[str, int], run: Run) -> str:
        """The draft's name; empty when an earlier block has made it, or when its key is missing."""
        name = self._stem
        if self._key:
            key = scope.get(self._key)
            if key is None:
                return ""
            name = f"{name}{key.code if type(key) is Code else tokens(key)[0]}"
        if name not in mine:
            if name in run.locals:
                return ""
            mine[name] = 1
            run.locals.add(name)
            return name
        mine[name] += 1
        return f"{name}#{mine[name]}"


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
