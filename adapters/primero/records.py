"""One case as a record: what the mapping asks for, and nothing else that the account may see.

The answer is the view of the account's role. A field that is absent is one that the role may not see, or nobody was asked: what
the hub was told before stays. A field that is there and empty was emptied. A name of asterisks is no name.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.primero import granted
from adapters.primero.absences import Absences
from adapters.primero.consents import CONSENTS, answered, consents
from adapters.primero.forms import INCIDENTS, PERPETRATORS, SERVICES, Fields, items, known_choice
from adapters.primero.unreferred import ANSWERS, service_answers
from hub.fhir.issues import Issue
from hub.ports import Layout, Place, SourceRecord

KIND: Final = "case"
MASKED: Final = re.compile(r"\*+")
HALF: Final = re.compile("[\ud800-\udfff]")
UNWRITABLE: Final = "\ufffd"
ROWS: Final = uuid.UUID("5d7f2f0e-0f0a-5c1e-9b53-3b1f1a4b7c11")
"""For rows of services that an old version saved without an id of their own."""


@dataclass
class _Reading:
    """What is being made of one case."""

    names: Mapping[str, str]  # the tool's name → the mapping's
    content: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)

    def take(self, values: Mapping[str, Any], known: Fields) -> None:
        for name, value in values.items():
            column = self.names.get(name)
            if column is None or isinstance(value, Mapping):
                continue
            self.headers[column] = name
            if value in (None, "", []):
                self.cleared.append(column)
            elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
                inside = known[name].inside if name in known else {}
                self.content[column] = [self.item(name, one, inside) for one in value if isinstance(one, Mapping)]
            elif (told := _told(known_choices(known, name, value))) is not None:
                self.content[column] = told

    def item(self, group: str, values: Mapping[str, Any], known: Fields) -> dict[str, Any]:
        """An item of a subform, whose questions are named by their path."""
        found = {}
        for name, value in values.items():
            column = self.names.get(f"{group}/{name}")
            told = None if isinstance(value, Mapping) else _told(known_choices(known, name, value))
            if column is not None and told is not None:
                self.headers[column] = f"{group}/{name}"
                found[column] = told
        return found


class Reader:
    """Turns cases into records under the names that the layout gives their fields. `now`: the fields of the role's forms, as they
    are at this moment. `absences`: what was missing in cases that were read before; it is added to."""

    def __init__(self, layout: Layout, known: Fields, now: Callable[[], Fields], absences: Absences) -> None:
        self._layout = layout
        self._now = now
        self._absences = absences
        self._names = {path: name for name, paths in layout.columns.items() for path in (*paths, name)}
        self._follow_up = frozenset(layout.follow_up)
        self._known = known

    def explain(self, known: Fields) -> None:
        """The fields of the role's forms as they are known by now."""
        self._known = known

    def record(
        self,
        case: Mapping[str, Any],
        incidents: Iterable[Mapping[str, Any]] | None,
        referrals: Iterable[Mapping[str, Any]] | None,
    ) -> SourceRecord:
        reading = _Reading({path: name for path, name in self._names.items() if name not in self._follow_up})
        referrals = [one for one in referrals or () if one.get("type") in (None, "Referral")]  # a transfer is none
        said = _with_what_hangs_on_it(case, incidents, referrals)
        unsaid = self._unsaid(str(case["id"]), said)
        reading.take({name: value for name, value in said.items() if name not in unsaid}, self._known)
        return SourceRecord(
            kind=KIND,
            id=str(case["id"]),
            version=_version(reading.content, case),
            content=reading.content,
            place=Place(record=str(case["id"])),
            handle={"case": str(case["id"]), **_transitions(referrals)},
            headers=reading.headers,
            issues=_broken(reading),
            silent=True,
            cleared=tuple(reading.cleared),
            unsaid=tuple(sorted(unsaid)),
            revision=moment(case["last_updated_at"]),
        )

    def _unsaid(self, case: str, said: Mapping[str, Any]) -> frozenset[str]:
        """Columns of which the case can say nothing. Before a new absence is believed, the forms are read as they are now."""
        if self._absences.is_news(case, granted.missing(self._layout, self._known, said)):
            self._known = self._now()
        self._absences.settle(case, granted.missing(self._layout, self._known, said))
        return granted.unsaid(self._layout, self._known, said)


def _with_what_hangs_on_it(
    case: Mapping[str, Any], incidents: Iterable[Mapping[str, Any]] | None, referrals: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    rows = [answered(case, referred(row, referrals)) for row in identified(case)]
    told = [flat(one) for one in incidents] if incidents is not None else None
    flats = {} if told is None else {INCIDENTS: told, ANSWERS: service_answers(told)}
    return {**case, **({SERVICES: rows} if rows else {}), CONSENTS: consents(case), **flats}


def known_choices(known: Fields, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [known_choice(known, name, one) for one in value]
    return known_choice(known, name, value)


def _told(value: Any) -> Any:
    """A value as a mapping reads it: text, several choices with a space between. None: it says nothing."""
    if isinstance(value, list):
        return " ".join(str(_told(one)) for one in value if not isinstance(one, list | Mapping)) or None
    if isinstance(value, bool):
        return str(value).lower()
    if value in (None, "") or (isinstance(value, str) and MASKED.fullmatch(value.strip())):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return HALF.sub(UNWRITABLE, str(value))


def identified(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of services, each with an id. One that was saved without is given one that stays; a row that the hub itself has
    written under such an id is the row's other half."""
    rows = [dict(one) for one in items(case.get(SERVICES))]
    made = [row_id(case, number) for number, row in enumerate(rows) if not row.get("unique_id")]
    named = [row for row in rows if str(row.get("unique_id")) not in made]
    for row, id_ in zip((row for row in named if not row.get("unique_id")), made, strict=True):
        row["unique_id"] = id_
    return named


def referred(row: Mapping[str, Any], referrals: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A row with whom it was referred to: the agency of the tool's own referral, or its own once it is marked as referred. An
    agency alone is a plan. A referral that was revoked is none."""
    own = [one for one in referrals if one.get("service_record_id") == row.get("unique_id")]
    live = [one for one in own if one.get("status") != "revoked"]
    named = [one["transitioned_to_agency"] for one in live if one.get("transitioned_to_agency")]
    marked = row.get("service_status_referred") in (True, "true") and (live or not own)
    agency = named[-1] if named else row.get("service_implementing_agency") if marked or live else None
    return {**row, **({"referred_to": agency} if agency else {})}


def row_id(case: Mapping[str, Any], number: int) -> str:
    return str(uuid.uuid5(ROWS, f"{case['id']}/{number}"))


def flat(incident: Mapping[str, Any]) -> dict[str, Any]:
    """An incident with what is said of all alleged perpetrators: relations, sexes, age groups. Nobody is named in GBVIMS."""
    found = {name: value for name, value in incident.items() if not isinstance(value, Mapping)}
    several: dict[str, list[Any]] = {}
    for one in items(incident.get(PERPETRATORS)):
        for name, value in one.items():
            if isinstance(value, str) and value and value not in several.setdefault(name, []):
                several[name].append(value)
    return {**{name: values for name, values in several.items() if name not in found}, **found}


def is_withdrawn(case: Mapping[str, Any], agency: str) -> bool:
    """Disabled, a duplicate of another, or in the hands of another agency since a transfer."""
    gone = case.get("record_state") is False or case.get("enabled") is False or case.get("status") == "duplicate"
    return gone or bool(agency and case.get("owned_by_agency_id") not in (None, "", agency))


def moment(written: object) -> int:
    """Milliseconds of the server's clock; 0 where it says none."""
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _transitions(referrals: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The referral in the tool that belongs to a row of services, where it is this account that answers it."""
    return {
        f"referral:{one['service_record_id']}": str(one["id"])
        for one in referrals
        if one.get("user_can_accept_or_reject") is True
        and isinstance(one.get("service_record_id"), str)
        and "id" in one
    }


def _version(content: Mapping[str, Any], case: Mapping[str, Any]) -> str:
    """Of what the mapping reads and of who owns the case: what the hub writes back is in neither."""
    told = [content, case.get("owned_by"), case.get("owned_by_agency_id")]
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _broken(reading: _Reading) -> tuple[Issue, ...]:
    return tuple(
        Issue("error", "value", "adapters.primero-text-broken", column=reading.headers[name])
        for name, value in reading.content.items()
        if UNWRITABLE in str(value)
    )
