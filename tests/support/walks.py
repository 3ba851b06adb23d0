"""A walk: the same requests to both worlds of a pair, answer beside answer. The first difference ends it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from hub.fhir import Resource
from hub.fhir.serial import loads
from tests.support.asked import Ask
from tests.support.asking import Asking, edited
from tests.support.worlds import Answer, Pair

MOST_PAGES: Final = 3
MOST_POLLS: Final = 40
FILE: Final = re.compile(r'"url":"https://hub\.example([^"]+)"')
NEXT: Final = re.compile(r'"relation":"next","url":"https://hub\.example([^"]+)"')


@dataclass
class Walk:
    """What was asked, what it covered, how it was answered; `difference` is empty where the caller could tell nothing."""

    pair: Pair
    asked: int = 0
    covered: set[str] = field(default_factory=set)
    statuses: dict[str, int] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)  # searches that found something
    fetched: int = 0  # files of exports
    difference: str = ""

    def go(self, requests: Iterable[Ask], steps: int) -> "Walk":
        for ask in requests:
            if self.asked >= steps or self.difference:
                break
            self._take(ask)
        return self

    def _take(self, ask: Ask) -> None:
        self.covered |= ask.covers
        if ask.edit is None:
            self._follow(ask, self._both(ask, [ask, ask]))
            return
        read = self._both(ask, [Ask("GET", ask.path)] * 2)
        self._both(ask, [edited(ask, one.raw, one.etag) for one in read])

    def _follow(self, ask: Ask, answers: list[Answer]) -> None:
        """What was begun, to its end; the next pages, each by the link that its world gave."""
        if all(answer.later for answer in answers):
            self._fetch(ask, answers)
            return
        for _ in range(MOST_PAGES):
            links = [link[1] for answer in answers if (link := NEXT.search(answer.raw))]
            if len(links) < len(answers):  # if one had a link and the other none, they differed
                return
            answers = self._both(ask, [Ask("GET", link) for link in links])

    def _fetch(self, ask: Ask, begun: list[Answer]) -> None:
        """The status until it is no longer under way, then every file."""
        for _ in range(MOST_POLLS):
            answers = self._both(ask, [Ask("GET", answer.later) for answer in begun])
            if self.difference or not answers[0].status.startswith("202"):
                break
        files = [FILE.findall(answer.raw) for answer in answers]
        for urls in zip(*files, strict=True) if not self.difference else ():
            self._both(ask, [Ask("GET", url) for url in urls])
            self.fetched += 1

    def _both(self, ask: Ask, asked: list[Ask]) -> list[Answer]:
        answers = [w.ask(a.method, a.path, a.body, a.headers) for w, a in zip(self.pair, asked, strict=True)]
        self.asked += 1
        status = answers[0].status
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if '"mode":"match"' in answers[0].raw:
            self.matched |= ask.covers
        if answers[0] != answers[1] and not self.difference:
            self.difference = _told(ask, answers)
        return answers


def _told(ask: Ask, answers: list[Answer]) -> str:
    """Where two answers part. All that is in these worlds is made up, so it may be shown."""
    first, other = (f"{a.status} {a.headers}\n{a.body}" for a in answers)
    at = next((n for n, (x, y) in enumerate(zip(first, other, strict=False)) if x != y), min(len(first), len(other)))
    return f"{ask}\n{ask.body}\n… {first[max(0, at - 200) : at + 300]}\n… {other[max(0, at - 200) : at + 300]}"


def statement(pair: Pair) -> Resource:
    found: Resource = loads(pair.full.ask("GET", "/fhir/metadata").raw)
    return found


def walk(pair: Pair, steps: int, seed: int = 0) -> Walk:
    """A random walk of so many requests. The worlds are guessed at, and the statement is the application's own."""
    asking = Asking(statement(pair), pair.things, Random(f"{seed} asking"))
    pair.other.ask("GET", "/fhir/metadata")  # so that both clocks go alike
    return Walk(pair).go(asking.requests(), steps)
