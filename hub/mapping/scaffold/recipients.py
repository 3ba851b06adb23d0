"""Whom a register refers to, in its own spellings: those that the directory does not know are asked about, never guessed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hub.mapping.scaffold.proposing import Known, Line, Proposal
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.organizations import OrganizationName, is_person

CONSENT: Final = "consent"  # these as the ready registers call them
CONSENT_DATE: Final = "consent_date"
VISIT_DATE: Final = "visit_date"
MOST: Final = 40  # that are told of; a column of free text has as many as rows


class Stranger(NamedTuple):
    """What stands in the column of those she is referred to, in how many of the rows that were looked at, and what a legend says
    that it means."""

    text: str
    rows: int
    meaning: str = ""

    @property
    def is_person(self) -> bool:
        return is_person(self.text) or is_person(self.meaning)

    @property
    def shown(self) -> str:
        return f"{self.text} = {self.meaning}" if self.meaning else self.text


@dataclass(frozen=True, repr=False)
class Referring:
    """What a register leaves open about its referrals. `column`: of the recipients; `strangers`: whom the directory does not
    know; `persons`: in how many rows somebody has the title of a person, who is not shown; `spelt`: by the organisation, how this
    register writes it; `day` and `instead`: the column of the day of her agreement, which nothing gives, and that of the visit,
    on whose day it may be given, with its header; `agreed`: somebody has said that it is."""

    column: str = ""
    strangers: tuple[Stranger, ...] = ()
    persons: int = 0
    spelt: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day: str = ""
    instead: str = ""
    instead_called: str = ""
    agreed: bool = False


NOTHING_OPEN: Final = Referring()


def referring(proposal: Proposal, ready: Known, find: Callable[[str], str | None]) -> Referring:
    """What is left open before anything was asked."""
    line = column_of_recipients(proposal, ready)
    day, instead = agreement_without_day(proposal, ready)
    header = next((one.question.header for one in proposal.lines if instead and one.column == instead), "")
    found = strangers(line, find, ready.plan.blank) if line else ()
    shown = tuple(one for one in found if not one.is_person)
    persons = sum(one.rows for one in found if one.is_person)
    return Referring(line.column if line else "", shown[:MOST], persons, {}, day, instead, header)


def column_of_recipients(proposal: Proposal, ready: Known) -> Line | None:
    """The line that says whom she is referred to, where it is in force."""
    return next(
        (line for line in proposal.lines if line.is_in_force and _names_organizations(line.column, ready)), None
    )


def strangers(line: Line, find: Callable[[str], str | None], blank: frozenset[str]) -> tuple[Stranger, ...]:
    """Those whom the directory does not know, the most frequent first."""
    cells = (" ".join(value.split()) for value in line.question.values)
    found = Counter(cell for cell in cells if cell and cell.casefold() not in blank and find(cell) is None)
    legend = {one.name: one.labels[0] for one in line.question.choices if one.labels}
    return tuple(Stranger(text, rows, legend.get(text, "")) for text, rows in found.most_common())


def needed(proposal: Proposal, ready: Known) -> tuple[str, ...]:
    """The columns without which there is no case or no referral, and that no line gives."""
    given = {line.column for line in proposal.lines if line.is_in_force}
    required = [name for name, column in ready.columns.items() if column.required and not column.within]
    referred = [name for name in ready.columns if _names_organizations(name, ready)]
    asked = [name for name, one in ready.plan.columns.items() if one.otherwise and one.otherwise.is_service]
    return tuple(name for name in (*required, *referred, *asked) if name not in given)


def agreement_without_day(proposal: Proposal, ready: Known) -> tuple[str, str]:
    """The column of the day of her agreement, where she agrees in one and no other tells its day, and the one of the visit, where
    there is one; ("", ""): nothing is to be said."""
    given = {line.column for line in proposal.lines if line.is_in_force}
    asked = {line.column for line in proposal.lines}  # an open question, too
    agrees = CONSENT in given and isinstance(ready.columns[CONSENT].transform, Answer)
    if not agrees or CONSENT_DATE in asked or CONSENT_DATE not in ready.columns:
        return "", ""
    return CONSENT_DATE, VISIT_DATE if VISIT_DATE in given else ""


def _names_organizations(column: str, ready: Known) -> bool:
    return column in ready.columns and isinstance(ready.plan.columns[column].transform, OrganizationName)


def spellings(found: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The setting `words` of the column: by the organisation, how the register writes it."""
    told: dict[str, list[str]] = {}
    for text, organization in found:
        told.setdefault(organization, []).append(text)
    return {organization: tuple(texts) for organization, texts in told.items()}
