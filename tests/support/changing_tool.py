"""A tool whose records come, change and go between pulls, with everything that can go wrong on the way to the hub."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from hub.errors import Retriable
from hub.fhir.issues import Issue
from hub.ports import Complete, Connection, FollowUp, Manifest, Pulled, SourceRecord, Watermark, Withdrawn
from tests.support.association import Scene


@dataclass
class ChangingTool:
    """`numbered`: it counts its edits. `since` as a pull is given it; the tool gives everything each time."""

    at: Scene
    numbered: bool = False
    scans: bool = True
    break_after: int | None = None
    meanwhile: Callable[[], None] = lambda: None
    said: list[Withdrawn] = field(default_factory=list)
    records: dict[str, SourceRecord] = field(default_factory=dict)
    copies: dict[str, list[SourceRecord]] = field(default_factory=dict)
    edits: int = 0

    @property
    def manifest(self) -> Manifest:
        able = {"read", "complete-scan"} if self.scans else {"read"}
        return Manifest("register", {}, {}, kinds=("row",), capabilities=frozenset(able))  # type: ignore[arg-type]

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        yield from self.said
        for given, record in enumerate(list(self.records.values())):
            if given == self.break_after:
                self.break_after = None
                raise Retriable("adapters.kobo-down")
            yield record
        if self.break_after is not None:
            self.break_after = None
            raise Retriable("adapters.kobo-down")
        self.meanwhile()
        if self.scans:
            yield Complete("row")
        yield Watermark(str(self.edits))

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        raise AssertionError("nothing is pushed here")

    def check(self, connection: Connection) -> Iterator[Issue]:
        return iter(())

    def write(self, id_: str, **cells: Any) -> SourceRecord:
        """A new record, or an edit of one."""
        self.edits += 1
        own = {"case_number": id_, "survivor_code": f"S-{id_}", "cin": None}
        record = self.at.row(id_, **{**own, **cells})
        self.records[id_] = replace(record, revision=self.edits if self.numbered else None)
        self.copies.setdefault(id_, []).append(self.records[id_])
        return self.records[id_]

    def delete(self, id_: str) -> None:
        self.edits += 1
        self.records.pop(id_, None)

    def names(self) -> list[str]:
        return [str(record.content["full_name"]) for record in self.records.values()]

    def act(self, act: str, id_: str, name: str, read: Callable[[], object]) -> None:
        """One thing that happens in the tool or between the tool and the hub."""
        if act == "write":
            self.write(id_, full_name=name)
        elif act == "delete":
            self.delete(id_)
        elif act == "repeat" and id_ in self.copies:
            self.at.receive(self.copies[id_][0])
        elif act == "echo" and id_ in self.records:
            self.at.receive(self.records[id_])
        elif act == "cut":
            self.break_after = 1
            with suppress(Retriable):
                read()
        elif act == "pull":
            read()
