"""After the kills: what was acknowledged against what is there, what was committed against what each subscriber took."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo.database import Database

from hub.delivery.subscriptions import SUBSCRIPTION
from hub.ports import Destination
from hub.store.lanes import dispatch_id
from tests.support.load import Journal, Said
from tests.support.moods import Came, Subscriber
from tests.support.personas import Persona, Resource
from tests.support.wanderers import Told

FOLLOW_UP: Final = "suivi/"
LATE_S: Final = 2.5
"""What was being sent at the moment of a withdrawal may still arrive for so long."""


@dataclass(frozen=True)
class Row:
    """What a commit wrote into the outbox."""

    id: str
    kind: str
    reference: str
    recipient: str
    version: int | None

    def key(self, subscriber: Subscriber) -> str:
        return dispatch_id(self.id, Destination(SUBSCRIPTION, subscriber.subscription))


@dataclass
class Tally:
    """`wrong`: what must not be, in words. `doubled`: of these `unexplained` is what no cut or hanging connection explains."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    doubled: int = 0
    unexplained: int = 0
    wrong: list[str] = field(default_factory=list)

    def blame(self, condition: bool, what: str) -> None:
        if condition:
            self.wrong.append(what)


def rows_since(database: Database[Any], after: Mapping[str, Any]) -> Iterator[Row]:
    """In the order of the commits, from the log of the database: also those that were sent and are gone."""
    now = place(database)["_data"]
    with database.outbox.watch([{"$match": {"operationType": "insert"}}], resume_after=after) as stream:
        while (stream.resume_token or {"_data": ""})["_data"] < now:
            if (change := stream.try_next()) is not None:
                yield row_of(change["fullDocument"])


def rows_now(database: Database[Any]) -> Iterator[Row]:
    return map(row_of, database.outbox.find().sort("order"))


def row_of(document: Mapping[str, Any]) -> Row:
    found = (document[name] for name in ("_id", "kind", "reference", "recipient"))
    return Row(*found, document.get("v"))


def place(database: Database[Any]) -> Mapping[str, Any]:
    with database.outbox.watch() as stream:
        stream.try_next()
        token = stream.resume_token
    assert token is not None
    return token


# --- what was acknowledged -------------------------------------------------------------------------------------------


def check_changes(journal: Journal, keeper: Persona, tally: Tally) -> None:
    """Each acknowledged change is a version that holds what it said; none was given to two."""
    by_reference: dict[str, list[Said]] = defaultdict(list)
    for one in journal.said:
        by_reference[one.reference].append(one)
    for reference, said in by_reference.items():
        versions = history(keeper, reference)
        tally.blame(len({one.version for one in said}) < len(said), f"{reference}: two changes made the same version")
        for one in said:
            there = versions.get(one.version)
            kept = there is not None and all(_holds(there, name, value) for name, value in one.elements.items())
            tally.blame(not kept, f"{reference} version {one.version}: an acknowledged change is missing")


def _holds(resource: Resource, name: str, value: Any) -> bool:
    there = resource.get(name)
    return (
        there == value
        if not isinstance(value, dict)
        else isinstance(there, dict) and there.get("text") == value["text"]
    )


def history(keeper: Persona, reference: str) -> dict[int, Resource]:
    found: dict[int, Resource] = {}
    path = f"{reference}/_history?_count=200"
    while path:
        answer = keeper.ask("GET", path)
        assert answer.status == 200, answer.response.text
        found |= {int(one["meta"]["versionId"]): one for one in answer.resources}
        links = {link["relation"]: link["url"] for link in answer.body.get("link", ())}
        path = links.get("next", "").removeprefix(f"{keeper.base_url}/")
    return found


def check_created(journal: Journal, keeper: Persona, tally: Tally) -> None:
    for type_, alone in journal.once:
        total = keeper.find(type_, **alone).total
        tally.blame(total != 1, f"a {type_} that was acknowledged is there {total} times")
    tally.blame(bool(journal.broken), f"answers that say that the hub is broken: {journal.broken}")


# --- what was told ---------------------------------------------------------------------------------------------------


def check_rows(rows: Sequence[Row], tasks: Mapping[str, int], before: Mapping[str, int], tally: Tally) -> None:
    """Of each version of a referral there is a row, and of each row its version: they are one transaction."""
    told = {(row.reference, row.version) for row in rows if row.reference.startswith("Task/")}
    there = {(task, n) for task, last in tasks.items() for n in range(1, last + 1)}
    for task, n in sorted(there - told):
        tally.blame(n > before.get(task, 0), f"{task} version {n}: there is no row of it")
    for task, version in told - there:
        tally.blame(version is not None, f"{task} version {version}: told, and not there")


def events(database: Database[Any], subscriber: Subscriber, rows: Sequence[Row]) -> dict[int, Row]:
    """The rows that are events of its subscription, in the order of the commits, by the numbers that they were given."""
    kept = database.notified.find({"subscription": subscriber.subscription}, {"n": 1})
    numbers = {one["_id"]: int(one["n"]) for one in kept}
    return {numbers[row.key(subscriber)]: row for row in rows if row.key(subscriber) in numbers}


def unnumbered(subscriber: Subscriber, rows: Sequence[Row], mine: Mapping[int, Row]) -> list[Row]:
    """Of what it may know, what was given no number, and says not what another that has one says of the same version."""
    said = {(row.reference, row.kind, row.version) for row in mine.values()}
    due = [row for row in rows if row.reference.startswith("Task/") and row.recipient in {"", subscriber.organization}]
    return [row for row in due if (row.reference, row.kind, row.version) not in said]


def check_subscriber(
    subscriber: Subscriber, rows: Sequence[Row], mine: Mapping[int, Row], excused: Mapping[str, float], tally: Tally
) -> None:
    """`mine`: its events by their numbers; `excused`: references that may be hidden since that moment: what is sent of them later
    is wrong."""
    taken = subscriber.taken
    firsts = list(dict.fromkeys(one.number for one in taken))
    must = {number for number, row in mine.items() if row.reference not in excused}
    lost = must - set(firsts)
    forgotten = [row for row in unnumbered(subscriber, rows, mine) if row.reference not in excused]
    tally.blame(bool(forgotten), f"{subscriber.name}: {len(forgotten)} events have no number")
    tally.blame(sorted(mine) != list(range(1, len(mine) + 1)), f"{subscriber.name}: numbers with gaps")
    tally.sent += len(must) + len(forgotten)
    tally.received += len(firsts)
    tally.lost += len(lost) + len(forgotten)
    tally.doubled += len(taken) - len(firsts)
    tally.unexplained += unexplained(taken)
    tally.blame(bool(lost), f"{subscriber.name}: {len(lost)} events lost")
    tally.blame(bool(set(firsts) - mine.keys()), f"{subscriber.name}: told of what never was")
    wrong = {one.number for one in taken if one.number in mine and not one.is_about(mine[one.number].reference)}
    tally.blame(bool(wrong), f"{subscriber.name}: {len(wrong)} numbers that were told of something else")
    tally.blame(out_of_order(firsts, mine), f"{subscriber.name}: out of order")
    for one in taken:
        tally.blame(one.at > _since(one, excused) + LATE_S, f"{subscriber.name}: told after the withdrawal")


def _since(one: Came, excused: Mapping[str, float]) -> float:
    return next((since for reference, since in excused.items() if one.is_about(reference)), one.at)


def unexplained(taken: Iterable[Came]) -> int:
    """Events that came again after their sender was told that they were taken."""
    settled: set[int] = set()
    count = 0
    for one in taken:
        count += one.number in settled
        if one.told:
            settled.add(one.number)
    return count


def out_of_order(firsts: Sequence[int], mine: Mapping[int, Row]) -> bool:
    """By referral, in the order of the commits."""
    places = {number: place for place, number in enumerate(mine)}
    last: dict[str, int] = {}
    for number in firsts:
        if number in places:
            reference = mine[number].reference
            if places[number] < last.get(reference, -1):
                return True
            last[reference] = places[number]
    return False


def check_listener(heard: Sequence[Told], sent: set[Told], tally: Tally) -> None:
    lost, doubled = len(sent - set(heard)), len(heard) - len(set(heard))
    tally.blame(lost > 0, f"a listener that came back lost {lost} of {len(sent)} events")
    tally.blame(doubled > 0, f"a listener was told {doubled} events twice")


def check_submissions(
    found: Mapping[str, Mapping[str, Any]], expected: Mapping[str, Mapping[str, Mapping[str, str]]], tally: Tally
) -> None:
    """`found`: by number. Each submission answers its follow-up questions as the foremost of its referrals stands."""
    tally.blame(not expected, "no referral came from the project")
    for id_, told in expected.items():
        now = found[told["handle"]["submission"]]
        asked = {name: value for name, value in told["values"].items() if name.startswith(FOLLOW_UP)}
        wrong = [name for name, value in asked.items() if str(now.get(name, "")) != value]
        tally.blame(bool(wrong), f"Task/{id_}: its submission is not its state: {', '.join(wrong)}")


def check_rows_of_tool(
    register: Sequence[Sequence[Any]], expected: Mapping[str, Mapping[str, str]], tally: Tally
) -> None:
    """`register`: the rows of the follow-up workbook, names of columns first. Each referral has one row, in its present state."""
    names, *written = register
    by_id: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in written:
        if row[0]:
            by_id[str(row[0])].append({str(n): str(v or "") for n, v in zip(names, row, strict=True) if n})
    for id_, found in by_id.items():
        tally.blame(len(found) != 1, f"Task/{id_}: {len(found)} rows in the tool")
    for id_, values in expected.items():
        now = by_id[id_][0] if by_id.get(id_) else None
        tally.blame(
            now is not None and any(now.get(n, "") != v for n, v in values.items() if n in now),
            f"Task/{id_}: its row in the tool is not its state",
        )
