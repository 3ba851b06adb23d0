"""One submission as a record: the answers by the path of their question, and which version of the answers this is.

Central nests groups, gives numbers as numbers, and null where nothing was answered; a repeat is a list (`$expand=*`). Here groups
become paths, and a null is absent. What stands under `__system` is the server's own.
https://docs.getodk.org/central-api-odata-endpoints/
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.odk.changes import Row
from adapters.odk.entities import entity_of
from hub.fhir.folding import fold
from hub.fhir.issues import Issue
from hub.ports import Layout, Place, Pulled, SourceRecord, Withdrawn

KIND: Final = "submission"
REVIEW: Final = "__system/reviewState"
SUBMITTER: Final = "__system/submitterName"
"""Who sent it. Read only where the mapping names it, as to leave out what trainers send."""

ENCRYPTED: Final = frozenset({"notDecrypted", "missingEncryptedFormData"})
HALF: Final = re.compile("[\ud800-\udfff]")
UNWRITABLE: Final = "\ufffd"
DEVICE: Final = frozenset(
    "deviceid username phonenumber simserial simid subscriberid email audit background-audio start-geopoint".split()  # noqa: SIM905
)
"""About the worker who filled the form and her telephone, not about the case."""

TECHNICAL: Final = frozenset({"start", "end", "today"})
"""They change when the form is saved again, and say nothing that was answered."""

DEEPEST: Final = 20
"""Groups in groups; no form has as many."""


class Reader:
    """Turns submissions into records under the names that the layout gives their questions."""

    def __init__(self, layout: Layout, *, only_approved: bool = False, entity_question: str = "") -> None:
        self._names = {odata(path): name for name, paths in layout.columns.items() for path in (*paths, name)}
        self._follow_up = frozenset(layout.follow_up)
        self._only_approved = only_approved
        self._entity = self._names.get(odata(entity_question), entity_question)

    def told(self, row: Row) -> Iterator[Pulled]:
        """The record; where only what is approved is read, that what was changed after is no longer for others."""
        if not self._only_approved or is_approved(row):
            yield self.record(row)
        elif row["__system"].get("updatedAt"):
            yield Withdrawn(KIND, identify(row))

    def record(self, row: Row) -> SourceRecord:
        id_ = identify(row)
        headers: dict[str, str] = {}
        answers = {} if is_encrypted(row) else dict(self._answers(row, "", headers))
        sender = dict(self._sender(row, headers))
        entity = entity_of(answers.get(self._entity))
        return SourceRecord(
            kind=KIND,
            id=id_,
            version=self._version(answers, row, entity),
            content=answers | sender,
            place=Place(record=id_),
            handle={"submission": id_, **({"entity": entity} if entity else {})},
            headers=headers,
            issues=tuple(_issues(row, answers, headers)),
        )

    def _sender(self, row: Row, headers: dict[str, str]) -> Iterator[tuple[str, Any]]:
        by, name = row["__system"].get("submitterName"), self._names.get(odata(SUBMITTER))
        if name and isinstance(by, str):
            headers[name] = SUBMITTER
            yield name, _storable(by)

    def _answers(self, group: Mapping[str, Any], within: str, headers: dict[str, str]) -> Iterator[tuple[str, Any]]:
        """All questions below a group that were answered: name and value."""
        for key, value in group.items():
            path = f"{within}{key}"
            if value is None or _is_servers(path, key) or _is_place(value):
                continue
            if isinstance(value, Mapping):
                if path.count("/") < DEEPEST:
                    yield from self._answers(value, f"{path}/", headers)
                continue
            name = self._names.get(odata(path), path)
            headers[name] = path
            yield name, self._value(value, f"{path}/", headers)

    def _value(self, value: Any, within: str, headers: dict[str, str]) -> Any:
        if isinstance(value, list):
            return [
                dict(self._answers(one, within, headers)) if isinstance(one, Mapping) else _storable(one)
                for one in value
            ]
        return _storable(value)

    def _version(self, answers: Mapping[str, Any], row: Row, entity: str) -> str:
        """Without what the hub itself writes back: it must recognise its own echo. With its entity, so that one which is known
        of from today on is written to from today on."""
        told = {name: value for name, value in answers.items() if name not in self._follow_up}
        said = [told, row["__system"].get("status"), *([entity] if entity else [])]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def odata(path: str) -> str:
    """A question's path as Central spells it in OData, folded: what is no letter, digit or `_` becomes `_`."""
    parts = (re.sub(r"^([^a-z_])", r"_\1", part, flags=re.I) for part in path.split("/"))
    return "/".join(fold(re.sub(r"[^a-z0-9_]+", "_", part, flags=re.I)) for part in parts)


def identify(row: Row) -> str:
    """It stays through every edit."""
    return HALF.sub(UNWRITABLE, str(row["__id"]))


def is_approved(row: Row) -> bool:
    return bool(row["__system"].get("reviewState") == "approved")


def is_encrypted(row: Row) -> bool:
    """Central has no key to it: metadata are all that there is."""
    return str(row["__system"].get("status")) in ENCRYPTED


def _is_servers(path: str, key: str) -> bool:
    technical = key.startswith("__") or "@odata." in key or path == "meta" or path in TECHNICAL
    return technical or key in DEVICE


def _is_place(value: Any) -> bool:
    """A point, a line or an area on a map (GeoJSON) leads to a door: it is not taken."""
    return isinstance(value, Mapping) and isinstance(value.get("coordinates"), list) and "type" in value


def _issues(row: Row, answers: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[Issue]:
    if is_encrypted(row):
        yield Issue("error", "security", "odk.encrypted")
    for name, value in answers.items():
        if UNWRITABLE in json.dumps(value, ensure_ascii=False):
            yield Issue("error", "value", "odk.text-broken", column=headers.get(name, name))


def _storable(value: Any) -> Any:
    """Half a character, as a broken telephone sends it, and numbers of more than 64 bits are kept by no database."""
    if isinstance(value, str):
        return HALF.sub(UNWRITABLE, value)
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, Mapping):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return str(value) if isinstance(value, int) and value.bit_length() > 63 else value
