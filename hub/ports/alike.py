"""Audit events of which very many are made: of one shape where they differ in some strings alone, as ids and instants."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from hub.fhir import Resource
from hub.ports.records import Key, Save


class Shape(Hashable, Protocol):
    """What such events have in common."""

    def event(self, own: Sequence[str], recorded: str) -> Resource:
        """The event that has these strings of its own: in the same places as any other of this shape."""


class Alike(Save):
    """An AuditEvent to write, by its shape; whole only where somebody wants it whole."""

    def __init__(self, made: "Made", person: str | None, custodian: str | None, keys: tuple[Key, ...]) -> None:
        given = {"made": made, "person": person, "custodian": custodian, "keys": keys, "replaces": None, "gone": False}
        self.__dict__.update(given)

    made: "Made"

    @property
    def type(self) -> str:
        return "AuditEvent"

    @property
    def id(self) -> str:
        return self.made.own[0]

    @cached_property
    def resource(self) -> Resource:
        return self.made.shape.event(self.made.own, self.made.recorded)


@dataclass(frozen=True, repr=False)
class Made:
    """`own`: its id first; no string twice."""

    shape: Shape
    own: tuple[str, ...]
    recorded: str
