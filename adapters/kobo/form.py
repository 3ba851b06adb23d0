"""The form of a project, as its XLSForm would have it: a sheet of questions and a sheet of choices. No submission is read.

`GET /api/v2/assets/{uid}/` gives `content.survey` and `content.choices`; labels stand in the order of `content.translations`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.kobo.client import opened
from hub.errors import Retriable
from hub.ports import Connection, Sample

Rows = tuple[tuple[str, ...], ...]


def sample(connection: Connection, rows: int) -> Iterator[Sample]:
    """At most so many questions, and the choices. Raises Fatal or Retriable."""
    with opened(connection) as kobo:
        content = kobo.look().get("content")
    if not isinstance(content, Mapping):
        raise Retriable("adapters.kobo-not-understood")
    languages = [str(one or "default") for one in _list(content.get("translations")) or [None]]
    labels = tuple(f"label::{one}" for one in languages)
    survey = tuple(
        _question(one, len(languages)) for one in _list(content.get("survey"))[:rows] if isinstance(one, Mapping)
    )
    choices = tuple(_choice(one, len(languages)) for one in _list(content.get("choices")) if isinstance(one, Mapping))
    yield Sample(1, (("type", "name", *labels), *survey))
    yield Sample(2, (("list_name", "name", *labels), *choices))


def _question(one: Mapping[str, Any], languages: int) -> tuple[str, ...]:
    listed = str(one.get("select_from_list_name") or "")
    kind = " ".join(part for part in (str(one.get("type") or ""), listed) if part)
    return kind, _name(one, "$autoname"), *_labels(one, languages)


def _choice(one: Mapping[str, Any], languages: int) -> tuple[str, ...]:
    return str(one.get("list_name") or ""), _name(one, "$autovalue"), *_labels(one, languages)


def _name(one: Mapping[str, Any], automatic: str) -> str:
    """What travels: the name that Kobo gives where nobody gave one."""
    return str(one.get("name") or one.get(automatic) or "")


def _labels(one: Mapping[str, Any], languages: int) -> tuple[str, ...]:
    said = [str(text or "") for text in _list(one.get("label"))][:languages]
    return (*said, *[""] * (languages - len(said)))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
