"""One submission as a record: the answers, who she is to the tool, and which version of the answers this is.

Every answer is text, or a number on old servers; a question that was not answered is absent, which is not an empty answer;
a repeat group is a list of dicts whose keys repeat the full path. Keys that begin with `_` are the server's own.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.geopoints import is_place
from hub.fhir.folding import fold
from hub.fhir.instants import MOROCCO
from hub.fhir.issues import Issue
from hub.ports import Layout, Place, SourceRecord

DEVICE: Final = frozenset(
    "deviceid username phonenumber simserial simid subscriberid email audit background-audio start-geopoint".split()  # noqa: SIM905
)
"""About the worker who filled the form and her telephone, not about the case."""

TECHNICAL: Final = frozenset({"formhub/uuid", "__version__", "start", "end", "today"})
"""They change when the form is deployed or saved again, and say nothing that was answered."""

KIND: Final = "submission"
HALF: Final = re.compile("[\ud800-\udfff]")
UNWRITABLE: Final = "\ufffd"
SUBMITTER: Final = "_submitted_by"
"""The account that sent it, as the server says. Read only where the mapping names it, as to leave out what trainers send."""

ATTACHMENT: Final = ("question_xpath", "mimetype", "is_deleted")


class Reader:
    """Turns submissions into records under the names that the layout gives their questions."""

    def __init__(self, layout: Layout) -> None:
        self._names = {fold(path): name for name, paths in layout.columns.items() for path in (*paths, name)}
        self._asked = frozenset(path for name, paths in layout.columns.items() for path in (*paths, name))
        self._follow_up = frozenset(layout.follow_up)

    def record(self, submission: Mapping[str, Any]) -> SourceRecord:
        headers: dict[str, str] = {}
        answers = self._answers(submission, headers)
        issues = tuple(
            Issue("error", "value", "adapters.kobo-text-broken", column=headers.get(name, name))
            for name, value in answers.items()
            if UNWRITABLE in json.dumps(value, ensure_ascii=False)
        )
        number = str(submission["_id"])
        content = answers | {"_id": submission["_id"], **_sent(submission.get("_submission_time"))}
        if SUBMITTER in self._asked and (by := submission.get(SUBMITTER)):
            name = self._names[fold(SUBMITTER)]
            content[name], headers[name] = _storable(by), SUBMITTER
        attachments = [_described(one) for one in submission.get("_attachments") or () if isinstance(one, Mapping)]
        if attachments:
            content["_attachments"] = attachments
        return SourceRecord(
            kind=KIND,
            id=identify(submission),
            version=self._version(answers),
            content=content,
            place=Place(record=number),
            handle={"submission": number},
            headers=headers,
            issues=issues,
        )

    def _answers(self, group: Mapping[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for path, value in group.items():
            if (
                path.startswith(("_", "meta/"))
                or path in TECHNICAL
                or path.rpartition("/")[2] in DEVICE
                or value is None
                or is_place(value)
            ):
                continue
            name = self._names.get(fold(path), path)
            headers[name] = path
            answers[name] = self._value(value, headers)
        return answers

    def _value(self, value: Any, headers: dict[str, str]) -> Any:
        if isinstance(value, list):
            return [self._answers(item, headers) if isinstance(item, Mapping) else _storable(item) for item in value]
        return _storable(value)

    def _version(self, answers: Mapping[str, Any]) -> str:
        """Without what the hub itself writes back: it must recognise its own echo."""
        told = {name: value for name, value in answers.items() if name not in self._follow_up}
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _storable(value: Any) -> Any:
    """Half a character, as a broken telephone sends it, and numbers of more than 64 bits are kept by no database."""
    if isinstance(value, str):
        return HALF.sub(UNWRITABLE, value)
    if isinstance(value, Mapping):
        return {_storable(name): _storable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return str(value) if isinstance(value, int) and value.bit_length() > 63 else value


def _sent(written: Any) -> dict[str, str]:
    """When it was sent, by the clock of where the work is done: the server tells UTC, without saying so."""
    try:
        told = datetime.fromisoformat(str(written))
        there = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(MOROCCO)
    except (ValueError, OverflowError):
        return {}
    return {"_submission_time": there.isoformat()}


def identify(submission: Mapping[str, Any]) -> str:
    """`meta/rootUuid` stays through every edit. Servers that have none change everything but `_id` at each edit."""
    root = submission.get("meta/rootUuid")
    return str(root) if root else f"_id:{submission['_id']}"


def _described(attachment: Mapping[str, Any]) -> dict[str, Any]:
    """That there is a file, and for which question; neither its address nor its name."""
    return {key: attachment[key] for key in ATTACHMENT if key in attachment}
