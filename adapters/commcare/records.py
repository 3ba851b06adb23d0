"""A case as a record: its own properties, and those of the survivor whom a referral belongs to.

Columns are named after both: `survivor/age`, `referral/service`, whatever the project space calls its types of case.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import orjson

from adapters.commcare.cases import Case
from adapters.commcare.terms import Terms
from hub.fhir.folding import fold
from hub.fhir.issues import Issue
from hub.ports import Layout, Place, SourceRecord

SURVIVOR: Final = "survivor"
REFERRAL: Final = "referral"
ANSWER: Final = "answer"
OURS: Final = "ihala-"
"""External ids of referral cases that the hub made: what it wrote there is no news."""
SENT: Final = f"{OURS}to-"
"""Of these, those of referrals that others sent to this organisation; the referral's number follows."""
TAKEN_BACK: Final = "taken_back"
"""The property that says so of such a case, which is closed then."""

OWNER: Final = "owner_id"

FOREIGN: Final = ""
"""In place of the column of a property that the mapping does not know."""


class Reader:
    """Makes records under the names that the layout gives their properties."""

    def __init__(self, layout: Layout, terms: Terms) -> None:
        self._names = {fold(header): name for name, headers in layout.columns.items() for header in (*headers, name)}
        self._follow_up = frozenset(layout.follow_up)
        self._terms = terms

    def survivor(self, case: Case) -> SourceRecord:
        said = self._said(SURVIVOR, case)
        handle = {"survivor": case.id, "owner": case.owner}
        return self._record(SURVIVOR, case, said, version=said, handle=handle, issues=_issues(SURVIVOR, case))

    def referral(self, case: Case, survivor: Case | None) -> SourceRecord:
        own = self._said(REFERRAL, case)
        issues = _issues(REFERRAL, case)
        if survivor is None:
            issues.append(Issue("error", "not-found", "adapters.commcare-no-survivor"))
        said = own | (self._said(SURVIVOR, survivor) if survivor else {})
        issues += _issues(SURVIVOR, survivor) if survivor else []
        of = {**own, "of": case.parents.get(self._terms.survivor, "")}
        return self._record(REFERRAL, case, said, version=of, handle={"referral": case.id}, issues=issues)

    def answer(self, case: Case) -> SourceRecord | None:
        """None where nothing stands in the case but what was sent."""
        said = self._said(REFERRAL, case)
        answered = {f"{REFERRAL}/{name}" for name in case.properties}
        if not any(self._names.get(fold(one), FOREIGN) not in self._follow_up | {FOREIGN} for one in answered):
            return None
        handle = {"referral": case.external_id.removeprefix(SENT)}
        return self._record(ANSWER, case, said, version=said, handle=handle, issues=_issues(REFERRAL, case))

    def _record(
        self,
        kind: str,
        case: Case,
        said: Mapping[str, str],
        *,
        version: Mapping[str, str],
        handle: Mapping[str, str],
        issues: list[Issue],
    ) -> SourceRecord:
        columns = {header: self._names.get(fold(header), header) for header in said}
        return SourceRecord(
            kind=kind,
            id=case.id,
            version=self._version(version),
            content={columns[header]: value for header, value in said.items()},
            place=Place(record=case.id),
            handle=handle,
            headers={column: header for header, column in columns.items()},
            issues=tuple(issues),
            revision=int(case.modified.timestamp() * 1_000_000) if case.modified else None,
        )

    def _said(self, role: str, case: Case) -> dict[str, str]:
        """By header. What is said of a case wins over a property of the same name."""
        return {f"{role}/{name}": value for name, value in (*case.properties.items(), *self._about(role, case))}

    def _about(self, role: str, case: Case) -> Iterator[tuple[str, str]]:
        """Whose case it is, a worker or a group, where the mapping names it alone: as to leave out what trainers enter."""
        if case.owner and fold(f"{role}/{OWNER}") in self._names:
            yield OWNER, case.owner
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

    def _version(self, said: Mapping[str, str]) -> str:
        """Without what the hub itself writes back: it must recognise its own echo."""
        told = {header: value for header, value in said.items() if self._names.get(fold(header)) not in self._follow_up}
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _issues(role: str, case: Case) -> list[Issue]:
    return [Issue("error", "value", "adapters.commcare-value-broken", column=f"{role}/{name}") for name in case.broken]
