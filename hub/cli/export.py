"""Records from a JSON export of a tool that has no files of its own: the answers by the tool's names, as its server gives them.

Good enough to try a mapping; what the adapter adds when it pulls (versions, handles, attachments) is not in an export.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.cli.problems import WrongUse
from hub.fhir.folding import fold
from hub.ports import Layout, Place, SourceRecord


def records(exported: Any, layout: Layout) -> Iterator[SourceRecord]:
    """One for each object of the export. Raises WrongUse when it is no list of objects."""
    listed = exported.get("results") if isinstance(exported, Mapping) else exported
    if not isinstance(listed, Sequence) or not all(isinstance(one, Mapping) for one in listed):
        raise WrongUse("mapping-preview.bad-json")
    names = {fold(path): name for name, paths in layout.columns.items() for path in (*paths, name)}
    for number, one in enumerate(listed, 1):
        headers: dict[str, str] = {}
        content = _answers(one, names, headers)
        id_ = str(one.get("_id", number))
        yield SourceRecord("submission", id_, "export", content, Place(record=id_), headers=headers)


def _answers(group: Mapping[str, Any], names: Mapping[str, str], headers: dict[str, str]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for path, value in group.items():
        name = names.get(fold(path), path)
        headers[name] = path
        answers[name] = _value(value, names, headers)
    return answers


def _value(value: Any, names: Mapping[str, str], headers: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_answers(item, names, headers) if isinstance(item, Mapping) else item for item in value]
    return value
