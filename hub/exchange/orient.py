"""Orient: which services of the directory answer a need, as this caller sees the directory.

They are found by the caller's own searches, near first and then anywhere, and ranked by what it sees of them. Nothing of the
question is kept, not even in the record of looks: an hour, an organisation and a need can be enough to know about whom it was.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.directory.matching import Fit, Wanted, around, ranked
from hub.exchange import Hub, View, disclose
from hub.exchange.want_of_room import QUERY, refusals
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Token
from hub.fhir.serial import loads
from hub.ports import Caller

CANDIDATES: Final = 500
"""Services that are compared, of those near and of those anywhere: where there are more, the last to have been changed."""
MOST: Final = 50
ACTIVE: Final = Match("active", "token", (Token(None, "true"),))


@dataclass(frozen=True, repr=False)
class Answer:
    """One service, as the caller sees it."""

    view: View
    fit: Fit


def orient(
    wanted: Wanted,
    caller: Caller,
    *,
    hub: Hub,
    excluded: Collection[str] = frozenset(),
    count: int = MOST,
    remembering: bool = False,
) -> tuple[Answer, ...]:
    """The most fitting first, no more than `count`. `excluded`: ids of organisations that are not asked (again). `remembering`:
    who refused referrals of the caller's for lack of room is told, which it must be allowed to search for."""
    fits: dict[str, Fit] = {}

    def choice(views: Sequence[View]) -> list[View]:
        by_id = {one.id: one for one in views if one.type == "HealthcareService"}
        tasks = (loads(one.text) for one in views if one.type == "Task")
        known = replace(wanted, refused_for_room=refusals(tasks, wanted.service, caller.organization))
        best = ranked((loads(one.text) for one in by_id.values()), known, excluded)[:count]
        fits.update((fit.service["id"], fit) for fit in best)
        return [by_id[id_] for id_ in fits]

    queries = [*_queries(wanted), *([QUERY] if remembering else [])]
    chosen = disclose.choose(queries, choice, caller, hub=hub)
    return tuple(Answer(one, fits[one.id]) for one in chosen)


def catalogue(caller: Caller, *, service: str = "", area: str = "", hub: Hub) -> Iterator[Resource]:
    """The services that are given now, of a kind and in or near a place where these are named, as the caller sees them."""
    matches = [ACTIVE, *([_of(service)] if service else []), *([_near(area)] if area else [])]
    yield from _all("HealthcareService", matches, caller, hub)


def listing(caller: Caller, *, hub: Hub) -> Iterator[Resource]:
    """The whole directory, as the caller sees it: what is given no more too, for others to know."""
    for type_ in ("Organization", "Location", "HealthcareService"):
        yield from _all(type_, (), caller, hub)


def _all(type_: str, matches: Sequence[Match], caller: Caller, hub: Hub) -> Iterator[Resource]:
    after: str | None = None
    while True:
        page = disclose.search(Query(type_, tuple(matches), after=after), caller, hub=hub)
        yield from (loads(view.text) for view in page.entries)
        after = page.after
        if after is None:
            return


def _queries(wanted: Wanted) -> Iterator[Query]:
    """By what the database has indexes for; what else is asked only moves a service."""
    if wanted.area:
        yield _query(_of(wanted.service), ACTIVE, _near(wanted.area))
    yield _query(_of(wanted.service), ACTIVE)


def _of(service: str) -> Match:
    return Match("service-type", "token", (Token(code_system("service-type"), service),))


def _near(area: str) -> Match:
    return Match("area", "token", tuple(Token(code_system(system), code) for system, code in around(area)))


def _query(*matches: Match) -> Query:
    return Query("HealthcareService", matches, count=CANDIDATES, counted=False)
