"""Match: whom of the survivors that a caller already sees somebody means, by what is said of her.

https://hl7.org/fhir/R4/patient-operation-match.html. Candidates are found by searches of the caller's own, each with its
predicate: who has nothing to do with her finds nobody, by the work that it takes to find nobody. They are compared by what
the caller sees of them. Only matches are told, and recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hub.exchange import Hub, View, disclose
from hub.fhir import Resource
from hub.fhir.query import Match, ParameterType, Query, Token, Value, Word
from hub.fhir.serial import loads
from hub.ports import Caller
from hub.search.matching import SHORTEST
from hub.search.resemblance import Resemblance, resemblance, words

CANDIDATES: Final = 200
MOST_IDENTIFIERS: Final = 10
MOST_WORDS: Final = 20
BEGINNING: Final = 3
"""Letters of a word that must be right for a name with a mistake to be found."""


@dataclass(frozen=True, repr=False)
class Found:
    view: View
    like: Resemblance


def match(said: Resource, caller: Caller, *, only_certain: bool, count: int, hub: Hub) -> tuple[Found, ...]:
    """The best first. `said`: a valid Patient. Where only what is certain is asked for, one or nobody."""
    graded: dict[str, Resemblance] = {}

    def choice(views: Sequence[View]) -> list[View]:
        graded.update((one.id, resemblance(said, loads(one.text))) for one in views)
        return _chosen(views, graded, only_certain)[:count]

    chosen = disclose.choose(_queries(said), choice, caller, hub=hub)
    return tuple(Found(one, graded[one.id]) for one in chosen)


def _chosen(views: Sequence[View], graded: dict[str, Resemblance], only_certain: bool) -> list[View]:
    wanted = [one for one in views if graded[one.id].grade != "certainly-not"]
    if only_certain:
        certain = [one for one in wanted if graded[one.id].grade == "certain"]
        return certain if len(certain) == 1 else []
    return sorted(wanted, key=lambda one: (-graded[one.id].score, one.id))


def _queries(said: Resource) -> Iterator[Query]:
    for one in said.get("identifier", ())[:MOST_IDENTIFIERS]:
        if one.get("value"):
            yield _query("identifier", "token", [Token(one.get("system"), one["value"])])
    for length in (None, BEGINNING):  # whole words first, so that they are among the candidates in any case
        begun = dict.fromkeys(word[:length] for word in words(said)[:MOST_WORDS] if len(word) >= SHORTEST)
        if begun:
            yield _query("name", "string", [Word(word) for word in begun])


def _query(name: str, type_: ParameterType, values: Sequence[Value]) -> Query:
    return Query("Patient", (Match(name, type_, tuple(values)),), count=CANDIDATES)
