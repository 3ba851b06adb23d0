"""The issues of one examination: each said once, and only so many of them."""

import re
from dataclasses import dataclass, field
from typing import Final

from hub.fhir.issues import Issue, Severity

MOST: Final = 1000
WISHED: Final = "conformance.should-be-in-value-set"
_OF_CONCEPT: Final = re.compile(r"(?:\.coding\[\d+\])?\.code$")
"""From a wrong code back to the element that has it."""


class Full(Exception):  # noqa: N818 — no failure: there is enough to say
    """More is wrong than anyone would read."""


@dataclass
class Findings:
    """`misshapen` counts those that say that something is not what its type is: no invariant is asked about it then.

    `settled`: paths of elements that have the very value, or one of the codes, that a profile demands: no other is wished for.
    """

    most: int = MOST
    issues: list[Issue] = field(default_factory=list)
    misshapen: int = 0
    settled: set[str] = field(default_factory=set)
    _said: set[tuple[str, ...]] = field(default_factory=set)
    _at_entrance: set[tuple[str, str]] = field(default_factory=set)

    def precede(self, issue: Issue) -> None:
        """What the entrance says: an error of the same element and kind is not said again."""
        self._at_entrance.add((issue.path, issue.text))
        if issue.code != "invariant":  # of those each is another
            concept = _OF_CONCEPT.sub("", issue.path) if issue.code == "code-invalid" else issue.path
            self._at_entrance |= {(issue.path, issue.code), (concept, issue.code)}
        self.take(issue)

    def add(self, severity: Severity, code: str, key: str, path: str, **params: str) -> None:
        self.misshapen += severity == "error" and code in {"structure", "value"}
        if severity == "error" and not self._at_entrance.isdisjoint({(path, f"conformance.{key}"), (path, code)}):
            return
        self.take(Issue(severity, code, f"conformance.{key}", path, params={"element": path, **params}))

    def take(self, issue: Issue) -> None:
        mark = (issue.severity, issue.text, issue.path, *issue.params.values())
        if mark in self._said:
            return
        if len(self.issues) >= self.most:
            raise Full
        self._said.add(mark)
        self.issues.append(issue)

    def error(self, code: str, key: str, path: str, **params: str) -> None:
        self.add("error", code, key, path, **params)

    @property
    def whole(self) -> tuple[Issue, ...]:
        """All that is to be said, in the end."""
        settled = self.settled | {_OF_CONCEPT.sub("", path) for path in self.settled}
        return tuple(issue for issue in self.issues if not (issue.text == WISHED and issue.path in settled))

    @property
    def has_errors(self) -> bool:
        return any(issue.blocks for issue in self.issues)
