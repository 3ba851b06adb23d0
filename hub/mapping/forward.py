"""From a record to drafts, plainly: closures over dicts. What a mapping means is what stands here.

`hub.mapping.compiled` is held to it by a test, and takes over where many records come. Parts of a resource that never vary
(codes, patterns) are shared between resources, which no one changes in place; `meta` and references are made anew.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.issues import Issue
from hub.mapping.cells import Cells, Places, Run, columns, places
from hub.mapping.elements import parts, scopes, write
from hub.mapping.leaves import leaf
from hub.mapping.left_out import Marks
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
        self._blocks = tuple(_Block(block) for block in plan.blocks)
        self._checks = tuple(_check(check, where) for check in plan.checks)
        self._marks = Marks(plan.left_out, plan.columns)

    def __call__(self, record: SourceRecord, context: Context) -> Mapped:
        if self._marks.bound(context)(record.content):
            return Mapped((), tuple(record.issues), left_out=True)
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
    tell = told_by(check, where)

    def run_check(values: Values, run: Run) -> None:
        scoped = scopes(check.for_each, values) if check.for_each else (values,)
        if any(map(check.when, scoped)):
            tell(run)

    return run_check


def told_by(check: Check, where: Places) -> Callable[[Run], None]:
    """What a check says where its condition holds."""
    path = where.get(check.column, ("", ""))[0]

    def tell(run: Run) -> None:
        header = run.headers.get(check.column, check.column)
        # absent because it could not be read; a remark alone stops nothing, so that a check still does
        told = any(issue.column == header and (check.warns or issue.blocks) for issue in run.issues)
        if not told:
            run.issues.append(
                Issue(
                    "warning" if check.warns else "error",
                    "business-rule",
                    check.say,
                    path,
                    header,
                    {"column": header, "element": path},
                )
            )

    return tell


class _Block:
    def __init__(self, block: Block) -> None:
        self._each = block.for_each
        self._when = block.when
        self._type = block.root.slot.type
        self._profile, self._name = profile(block.profile), block.profile
        self._stem, self._key = stem_and_key(block.local)
        self._identity = leaf(block.identity) if block.identity else None
        self._constants = block.root.constants
        self._parts = parts(block.root)
        self._report = report_missing(required_of(block.root))

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
        self._report(resource, run)
        told = self._identity(scope, run) if self._identity else None
        identity = f"{run.context.organization}|{self._name}|{told}" if told else None
        drafts.append(Draft(local, identity, resource))

    def _local(self, scope: Values, mine: dict[str, int], run: Run) -> str:
        if not self._key:
            return numbered(self._stem, mine, run.locals)
        return named(self._stem, scope.get(self._key), mine, run.locals)


def stem_and_key(local: str) -> tuple[str, str]:
    """`need:{request}` as `need:` and `request`."""
    stem, _, key = local.partition("{")
    return stem, key.removesuffix("}")


def named(stem: str, key: Any, mine: dict[str, int], locals_: set[str]) -> str:
    """The name of a draft by its key; empty when it has none."""
    if key is None:
        return ""
    return numbered(f"{stem}{key.code if type(key) is Code else tokens(key)[0]}", mine, locals_)


def numbered(name: str, mine: dict[str, int], locals_: set[str]) -> str:
    """The name, with a number where this block has made it before; empty when an earlier block has."""
    if name in mine:
        mine[name] += 1
        name = f"{name}#{mine[name]}"
    elif name in locals_:
        return ""
    else:
        mine[name] = 1
    locals_.add(name)
    return name


Required = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Properties that must be there, each with the path and the columns to name when it is not."""


def report_missing(required: Required) -> Callable[[Resource, Run], None]:
    """What is said of the properties that must be there and are not."""

    def report(resource: Resource, run: Run) -> None:
        for key, path, told_by in required:
            if key not in resource:
                _report_missing(path, told_by, run)

    return report


def _report_missing(path: str, told_by: Sequence[str], run: Run) -> None:
    """A required element without value: said once, unless an issue of one of its columns has said it."""
    headers = [run.headers.get(column, column) for column in told_by] or [""]
    if not any(issue.column in headers for issue in run.issues):
        params = {"column": headers[0], "element": path}
        run.issues.append(Issue("error", "required", "mapping.element-missing", path, headers[0], params))


def required_of(root: Branch) -> Required:
    found = []
    for child in root.children.values():
        if child.slot.minimum and child.live:
            told_by = tuple(column for branch in walk(child) for column in columns(branch))
            found.append((child.slot.key, child.slot.path, told_by))
    return tuple(found)
