"""Two files that could be one woman's, side by side: who answers referrals says whether they are. Nothing is merged by it.

`hub.exchange.duplicates` finds them among what this person's organisation sees, `hub.exchange.same_or_not` keeps what it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from flask import Blueprint, Response, redirect, request

from hub.console import facts, pages
from hub.console.desk import Desk
from hub.console.referrals import require
from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub
from hub.exchange.duplicates import STANDINGS, Pair, Pairs, Person, Standing, also_seen, decided, possible
from hub.exchange.same_or_not import judge
from hub.fhir import Resource
from hub.fhir.folding import fold
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.ports import Caller
from hub.search.resemblance import Grade

ADDRESS: Final = "/console/duplicates"
A_PAGE: Final = 20
GRADES: Final[tuple[Grade, ...]] = ("probable", "possible")
"""From which on they are shown."""


@dataclass(frozen=True)
class Row:
    """What the two files say of one thing. `how`: whether it is the same, other, or said in one alone."""

    label: str
    values: tuple[str, str]
    how: Literal["same", "other", "one"]


@dataclass(frozen=True)
class Beside:
    """A pair side by side. `before`: what was said until what was compared changed; `at`: when."""

    ids: tuple[str, str]
    keepers: tuple[str, str]
    grade: str
    rows: tuple[Row, ...]
    standing: Standing
    before: str
    at: str


@dataclass(frozen=True)
class Also:
    """As whom else a woman is seen."""

    name: str
    keeper: str


def register(room: Blueprint, desk: Desk) -> None:
    @room.get(ADDRESS)
    def duplicates() -> Response:
        caller = desk.asker()
        require(caller, "Patient", "search")
        listed, grade = _chosen(request.args)
        found = _found(listed, grade, caller, desk.people.hub)
        return pages.show(
            "duplicates.html",
            account=desk.account(),
            listed=listed,
            lists=STANDINGS,
            grade=grade,
            total=found.total,
            pairs=[_beside(pair, desk.people.hub) for pair in found.pairs],
            may_judge=scopes.permits(caller.scopes, "Task", "update"),
            is_gone="gone" in request.args,
        )

    @room.post(ADDRESS)
    def say() -> Response:
        """Whom it is about stands in the form, never in an address."""
        caller = desk.asker()
        require(caller, "Patient", "search")
        require(caller, "Task", "update")
        listed, grade = _chosen(request.form)
        said = request.form.get("decision", "")
        if said not in STANDINGS:
            raise HubError(NOT_FOUND)
        back = f"{ADDRESS}?list={listed}&grade={grade}"
        one, other = request.form.get("one", ""), request.form.get("other", "")
        try:
            judge(one, other, said, caller, hub=desk.people.hub)
        except HubError as problem:
            if problem.problem is not NOT_FOUND:
                raise
            back += "&gone=1"  # one of them is not seen any more
        return redirect(back, 303)  # type: ignore[return-value]  # Werkzeug's response, of Flask's class


def also(patient: Resource | None, caller: Caller, hub: Hub) -> list[Also]:
    """As whom else the woman of a referral is seen."""
    if patient is None or not scopes.permits(caller.scopes, "Patient", "search"):
        return []
    found = also_seen(patient["id"], caller, hub=hub)
    return [Also(_name(loads(one.view.text)), hub.directory.name(one.keeper, pages.language())) for one in found]


def _chosen(said: Mapping[str, str]) -> tuple[Standing, Grade]:
    """What nobody offered is read as the first choice."""
    listed, grade = said.get("list", ""), said.get("grade", "")
    return (
        listed if listed in STANDINGS else STANDINGS[0],
        grade if grade in GRADES else GRADES[0],
    )


def _found(listed: Standing, grade: Grade, caller: Caller, hub: Hub) -> Pairs:
    if listed == "undecided":
        return possible(caller, hub=hub, count=A_PAGE, least=grade)
    return decided(caller, hub=hub, count=A_PAGE, said=listed)


def _beside(pair: Pair, hub: Hub) -> Beside:
    one, other = both = sorted((pair.one, pair.other), key=lambda side: _keeper(side, hub))
    return Beside(
        (one.view.id, other.view.id),
        (_keeper(one, hub), _keeper(other, hub)),
        pair.like.grade,
        tuple(_rows([facts.card(loads(side.view.text), hub).facts for side in both])),
        pair.standing,
        pair.judgement.said if pair.judgement and pair.is_asked_again else "",
        pages.day(pair.judgement.at) if pair.judgement else "",
    )


def _keeper(one: Person, hub: Hub) -> str:
    return hub.directory.name(one.keeper, pages.language())


def _rows(both: Sequence[Sequence[facts.Fact]]) -> Iterator[Row]:
    said = [_by_label(one) for one in both]
    for label in dict.fromkeys([*said[0], *said[1]]):
        one, other = (side.get(label, "") for side in said)
        yield Row(label, (one, other), "one" if not (one and other) else "same" if _alike(one, other) else "other")


def _alike(one: str, other: str) -> bool:
    """Whatever the spelling of hamzas and capitals, and the order of names."""
    return sorted(fold(one).split()) == sorted(fold(other).split())


def _by_label(said: Sequence[facts.Fact]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for fact in said:
        found.setdefault(fact.label, []).append(fact.value)
    return {label: " · ".join(values) for label, values in found.items()}


def _name(patient: Resource) -> str:
    first: dict[str, Any] = next(iter(patient.get("name", ())), {})
    return str(first.get("text") or " ".join([*first.get("given", ()), first.get("family", "")]).strip())
