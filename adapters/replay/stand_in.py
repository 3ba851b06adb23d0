"""A tool as its door meets it: routes, a state, and faults to order. A subclass has one method for each route.

class Register(StandIn):
    @route("GET", "/api/cases/{number}/")
    def case(self, asked: Asked, number: str) -> Answer: ...
"""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeVar

from adapters.replay.faults import Answer, Fault, refusal

__all__ = ["Answer", "Asked", "StandIn", "not_found", "route"]

_ROUTE: Final = "_route"
_Method = TypeVar("_Method", bound=Callable[..., Answer])


@dataclass(frozen=True)
class Asked:
    """A request that the tool has seen. `url`: where it was asked, without the query, for links to the next page."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)  # by name in small letters
    body: bytes = b""
    url: str = ""

    def json(self) -> Any:
        return json.loads(self.body or b"{}")


def route(method: str, path: str) -> Callable[[_Method], _Method]:
    """`{name}` in the path is handed to the method; it stands for anything without a slash."""
    pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))

    def mark(function: _Method) -> _Method:
        setattr(function, _ROUTE, (method, pattern))
        return function

    return mark


def not_found() -> Answer:
    return Answer(404, {"detail": "Not found."})


class StandIn:
    """`asked`: every request. `lock`: to be held where the state is changed. Answers are given in the order of the requests."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.lock = threading.RLock()
        self._faults: deque[tuple[int, Fault]] = deque()
        self._limit: tuple[int, float] | None = None
        self._recent: deque[float] = deque()
        marked = [
            (getattr(one, _ROUTE), name)
            for name in dir(type(self))
            if hasattr(one := getattr(type(self), name), _ROUTE)
        ]
        self._routes = [(method, pattern, name) for (method, pattern), name in marked]

    # what a test orders
    def order(self, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """The next requests meet this fault, once `after` others were answered."""
        with self.lock:
            self._faults += [(after, fault), *[(0, fault)] * (times - 1)]

    def fail(
        self, status: int, *, times: int = 1, after: int = 0, retry_after: int | str | None = None, body: object = None
    ) -> None:
        """The next requests are answered with this status."""
        self.order(refusal(status, retry_after=retry_after, body=body), times=times, after=after)

    def forgive(self) -> None:
        """Nothing more goes wrong."""
        with self.lock:
            self._faults.clear()
            self._limit = None

    def limit(self, requests: int, seconds: float) -> None:
        """No more requests than this in so much time, as a tool protects itself: 429 with `Retry-After`."""
        self._limit = (requests, seconds)

    # what a tool decides for itself
    def refuse(self, asked: Asked) -> Answer | None:
        """The answer to a request without the right credentials; None: they are right. Faults come before."""
        return None

    def unknown(self, asked: Asked) -> Answer:
        """The answer where no route leads."""
        return not_found()

    # what the server asks
    def answer(self, asked: Asked) -> tuple[Fault, Answer]:
        """What goes wrong, which is the right answer where nothing does, and the right answer. A fault that is an answer, or a
        silence, leaves the tool's state as it was: what stands before the tool has spoken."""
        with self.lock:
            self.asked.append(asked)
            fault = self._due() or self._over_limit()
            if isinstance(fault, Answer):
                return fault, fault
            right = self.refuse(asked) or self._routed(asked)
            return fault or right, right

    def _routed(self, asked: Asked) -> Answer:
        for method, pattern, name in self._routes:
            if method == asked.method and (found := pattern.fullmatch(asked.path)):
                answer: Answer = getattr(self, name)(asked, **found.groupdict())
                return answer
        return self.unknown(asked)

    def _due(self) -> Fault | None:
        if not self._faults:
            return None
        wait, fault = self._faults.popleft()
        if wait:
            self._faults.appendleft((wait - 1, fault))
            return None
        return fault

    def _over_limit(self) -> Answer | None:
        if self._limit is None:
            return None
        requests, seconds = self._limit
        now = monotonic()
        while self._recent and self._recent[0] <= now - seconds:
            self._recent.popleft()
        if len(self._recent) < requests:
            self._recent.append(now)
            return None
        return refusal(429, retry_after=max(1, round(self._recent[0] + seconds - now)))
