"""A case as a record: its own properties, and those of the survivor whom a referral belongs to.

Columns are named after both: `survivor/age`, `referral/service`, whatever the project space calls its types of case.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from adapters.commcare.cases import Case
from adapters.commcare.terms import Terms
from hub.fhir.folding import fold
from hub.fhir.issues import Issue
from hub.ports import Layout, Place, SourceRecord

SURVIVOR: Final = "survivor"
REFERRAL: Final = "referral"
OURS: Final = "ihala-"
"""External ids of referral cases that the hub made: what it wrote there is no news."""


class Reader:
    """Makes records under the names that the layout gives their properties."""

    def __init__(self, layout: Layout, terms: Terms) -> None:
        self._names = {fold(header): name for name, headers in layout.columns.items() for header in (*headers, name)}
        self._follow_up = frozenset(layout.follow_up)
        self._terms = terms

    def survivor(self, case: Case) -> SourceRecord:
        headers: dict[str, str] = {}
        content = self._content(SURVIVOR, case, headers)
        handle = {"survivor": case.id, "owner": case.owner}
        return self._record(SURVIVOR, case, content, headers, self._version(content), handle, _issues(SURVIVOR, case))

    def referral(self, case: Case, survivor: Case | None) -> SourceRecord:
        headers: dict[str, str] = {}
        own = self._content(REFERRAL, case, headers)
        version = self._version({**own, "": case.parents.get(self._terms.survivor)})
        issues = [*_issues(REFERRAL, case)]
        if survivor is None:
            issues.append(Issue("error", "not-found", "adapters.commcare-no-survivor"))
        else:
            own |= self._content(SURVIVOR, survivor, headers)
            issues += _issues(SURVIVOR, survivor)
        return self._record(REFERRAL, case, own, headers, version, {"referral": case.id}, issues)

    def _record(
        self,
        kind: str,
        case: Case,
        content: Mapping[str, Any],
        headers: Mapping[str, str],
        version: str,
        handle: Mapping[str, str],
        issues: list[Issue],
    ) -> SourceRecord:
        revision = int(case.modified.timestamp() * 1_000_000) if case.modified else None
        return SourceRecord(
            kind, case.id, version, content, Place(record=case.id), handle, headers, tuple(issues), revision=revision
        )

    def _content(self, role: str, case: Case, headers: dict[str, str]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for name, value in (*case.properties.items(), *self._about(case)):
            header = f"{role}/{name}"
            column = self._names.get(fold(header), header)
            headers[column] = header
            content[column] = value
        return content

    def _about(self, case: Case) -> Iterator[tuple[str, str]]:
        if case.name:
            yield "case_name", case.name
        if case.external_id:
            yield "external_id", case.external_id
        yield "closed", "true" if case.closed else "false"
        for name, moment in (("date_opened", case.opened), ("date_closed", case.closed_on)):
            if moment:
                yield name, self._day(moment)

    def _day(self, moment: datetime) -> str:
        try:
            return moment.astimezone(self._terms.zone).date().isoformat()
        except OverflowError:
            return moment.date().isoformat()

    def _version(self, content: Mapping[str, Any]) -> str:
        """Without what the hub itself writes back: it must recognise its own echo."""
        told = {name: value for name, value in content.items() if name not in self._follow_up}
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _issues(role: str, case: Case) -> list[Issue]:
    return [Issue("error", "value", "adapters.commcare-value-broken", column=f"{role}/{name}") for name in case.broken]
