"""Transact: the acts of a transaction, all computed on one draft and committed together, or refused together.

https://hl7.org/fhir/R4/http.html#transaction: what is deleted first, then what is created, then what is changed; references
to what the transaction creates are rewritten to the ids that it gets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, Invalid, View, disclose
from hub.exchange.change.conditional import guard, match
from hub.exchange.change.create import creation
from hub.exchange.change.delete import deletion, require_unreferred
from hub.exchange.change.draft import Draft, carry_out
from hub.exchange.change.expected import Expected, require_any, require_met
from hub.exchange.change.revise import Revise, replacing, revision
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.rewriting import conditional_references, rewritten
from hub.ports import Caller
from hub.search import Unstored, index

Kind = Literal["delete", "create", "update", "patch", "none"]
_ORDER: Final[Sequence[Kind]] = ("delete", "create", "update", "patch", "none")


@dataclass(frozen=True, repr=False)
class Step:
    """One change of a transaction. `path`: where it stands in the request; `full_url`: by what others refer to it;
    `revise`: of a patch, what it makes of what is stored; `query`: by what the one that is meant is found. `none`
    changes nothing: what was to be created is there already, what was to be deleted is not. `lacking`: the scope without which
    an update that finds nothing creates nothing."""

    kind: Kind
    path: str
    type: str
    id: str
    resource: Resource
    full_url: str = ""
    expected: Expected = None
    revise: Revise | None = None
    query: Query | None = None
    lacking: str = ""


@dataclass(frozen=True, repr=False)
class Done:
    """What became of a step; nothing is left to see of what is deleted."""

    kind: Kind
    view: View | None


Search = Callable[[str], Query]
"""A conditional reference, as the query that it asks."""


def transact(steps: Sequence[Step], caller: Caller, read: Search, *, hub: Hub) -> list[Done]:
    """Carry out every step, or none. Raises HubError, whose path names the step that was refused."""
    steps = [step if step.id else replace(step, id=hub.ids.new()) for step in steps]

    def act(draft: Draft) -> list[Step]:
        meant = [_meant(step, draft) for step in steps]
        _require_apart(meant)
        links = _links(meant)
        taken: dict[str, Resource] = {}
        for step in sorted(meant, key=_place):
            with _At(step):
                links_of_it = {**links, **_found(step.resource, caller, read, hub)}
                taken[step.path] = _take(step, rewritten(step.resource, links_of_it), draft)
        _require_unmet(meant, taken)
        _require_whole(meant, draft)
        return meant

    draft, meant = carry_out(act, caller, hub=hub)
    return [_done(step, draft) for step in meant]


def _done(step: Step, draft: Draft) -> Done:
    """What an update brings back is made by it."""
    key = _key(step)
    view = draft.view(key) if key and step.kind != "delete" else None
    return Done("create" if step.kind == "update" and draft.made(key) else step.kind, view)


def _key(step: Step) -> str:
    return f"{step.type}/{step.id}" if step.id else ""


def _meant(step: Step, draft: Draft) -> Step:
    """With the id of the one that its condition finds, and what is left to do to it."""
    if step.query is None:
        return step
    with _At(step):
        if step.kind in {"create", "update"}:
            guard(step.resource, step.query, draft)
        found = match(step.query, draft)
        return _of_none(step) if found is None else _of_one(step, found)


def _of_none(step: Step) -> Step:
    if step.kind == "patch":
        require_any(step.expected)
        raise HubError(errors.NOT_FOUND)
    if step.kind != "create":
        require_met(step.expected, None)
    if step.kind == "update" and step.lacking:
        raise HubError(errors.SCOPE_LACKING, expected=step.lacking)
    if step.kind == "update" and "id" in step.resource:  # ids are given by the hub
        raise HubError(errors.NOT_SUPPORTED)
    return replace(step, kind="none", id="") if step.kind == "delete" else replace(step, kind="create")


def _of_one(step: Step, found: str) -> Step:
    if step.kind == "update" and step.resource.get("id", found) != found:
        raise HubError(errors.WRONG_ID, path=f"{step.type}.id")
    return replace(step, kind="none" if step.kind == "create" else step.kind, id=found)


def _place(step: Step) -> tuple[int, int]:
    """A survivor is created before what is hers, and a need before the referral that carries it."""
    return _ORDER.index(step.kind), {"Patient": 0, "Task": 2}.get(step.type, 1)


def _take(step: Step, resource: Resource, draft: Draft) -> Resource:
    match step.kind:
        case "delete":
            deletion(step.type, step.id, expected=step.expected, alone=False)(draft)
        case "create":
            creation(resource, draft.hub, step.id)(draft)
        case "update" | "patch":
            revise = step.revise or replacing(step.type, step.id, resource)
            revision(step.type, step.id, revise, expected=step.expected, interaction=step.kind)(draft)
    return resource


def _links(steps: Iterable[Step]) -> dict[str, str]:
    """By what a step is referred to in the others: its fullUrl, and the end of it where that is `…/Type/id`."""
    links: dict[str, str] = {}
    for step in steps:
        if step.full_url and step.id:
            links[step.full_url] = f"{step.type}/{step.id}"
            end = "/".join(step.full_url.rsplit("/", 2)[1:])
            if step.full_url.startswith("http") and end.startswith(f"{step.type}/"):
                links[end] = f"{step.type}/{step.id}"
    return links


def _found(resource: Resource, caller: Caller, read: Search, hub: Hub) -> dict[str, str]:
    """What conditional references mean to this caller: what it may not see is not found. A problem is told of its element."""
    found: dict[str, str] = {}
    for path, literal in conditional_references(resource):
        try:
            found[literal] = _only(replace(read(literal), count=2), caller, hub)
        except HubError as problem:
            problem.path = f"{resource['resourceType']}.{path}"
            raise
    return found


def _only(query: Query, caller: Caller, hub: Hub) -> str:
    page = disclose.search(query, caller, hub=hub)
    if len(page.entries) != 1:
        raise HubError(errors.NO_ONE_MATCH)
    return f"{page.entries[0].type}/{page.entries[0].id}"


def _require_apart(steps: Iterable[Step]) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: no two steps change one resource, or create what one condition tells apart."""
    seen: set[str] = set()
    created: set[str] = set()
    for step in steps:
        key = _key(step)
        meaning = step.query.meaning if step.kind == "create" and step.query is not None else ""
        if meaning and meaning in created:
            raise HubError(errors.BAD_BUNDLE, path=f"{step.path}.request.ifNoneExist", expected="1 × ifNoneExist")
        created.add(meaning)
        if key and key in seen:
            raise HubError(errors.BAD_BUNDLE, path=f"{step.path}.request.url", expected="1 × Type/id")
        seen.add(key)


def _require_unmet(steps: Sequence[Step], taken: Mapping[str, Resource]) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: what comes of it does not depend on the order of the entries. A condition that
    found nothing, and that another step of the same transaction meets, would find something if that one had come before."""
    conditional = [one for one in steps if one.kind == "create" and one.query is not None]
    types = {one.type for one in conditional}
    others = [one for one in steps if one.kind in {"create", "update"} and one.type in types]
    if len(others) < 2:
        return
    known = {
        type_: Unstored({one.path: index(taken[one.path]) for one in others if one.type == type_}) for type_ in types
    }
    for step in reversed(conditional):
        if step.query is not None and known[step.type].meeting(step.query) - {step.path}:
            raise HubError(errors.BAD_BUNDLE, path=f"{step.path}.request", expected="1 × ?…")


def _require_whole(steps: Iterable[Step], draft: Draft) -> None:
    """What is deleted is referred to by nothing that the transaction leaves, whichever entry came first."""
    for step in steps:
        if step.kind == "delete":
            with _At(step):
                require_unreferred(_key(step), draft)


class _At:
    """Says of a problem in which step it was met."""

    def __init__(self, step: Step) -> None:
        self._path = f"{step.path}.resource"

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        if isinstance(problem, Invalid):
            problem.issues = tuple(replace(one, path=self._inside(one.path)) for one in problem.issues)
        if isinstance(problem, HubError):
            problem.path = self._inside(problem.path)

    def _inside(self, path: str) -> str:
        rest = path.partition(".")[2]
        return f"{self._path}.{rest}" if rest else self._path
