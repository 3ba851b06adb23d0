"""The JSON Schema for editors and the loader know the same format."""

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hub.mapping import available, check
from hub.mapping.editor_schema import schema
from hub.mapping.library import Library

VALIDATOR = jsonschema.Draft202012Validator(schema())
FRENCH = Library([]).document("spreadsheet/register-fr")[0].data


def document(reference: str) -> Any:
    """As written, before what it extends."""
    folder = files("mappings").joinpath(*reference.split("/"))
    return yaml.load((folder / "mapping.yaml").read_text("utf-8"), Loader=yaml.SafeLoader)


def accepted(tmp_path: Path, data: Any) -> tuple[bool, bool]:
    """By the schema, by the loader."""
    folder = tmp_path / "spreadsheet" / "tried"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.yaml").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return VALIDATOR.is_valid(data), not check("spreadsheet/tried", search=[tmp_path])


def changed(*path: str | int, to: Any) -> Any:
    data = deepcopy(FRENCH)
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return data


def test_the_file_for_editors_is_the_one_that_is_generated() -> None:
    assert json.loads((files("mappings") / "mapping.schema.json").read_text("utf-8")) == schema()


@pytest.mark.parametrize("reference", available())
def test_every_ready_mapping_is_accepted(reference: str) -> None:
    assert list(VALIDATOR.iter_errors(document(reference))) == []


WRONG = [
    changed("colums", to={}),
    changed("columns", "phone", "transform", to="telephone"),
    changed("columns", "phone", "on_error", to="ignore"),
    changed("columns", "phone", "direction", to="sideways"),
    changed("columns", "phone", "birth", to=True),
    changed("columns", "phone", "header", to={"fr": ["Tél"]}),
    changed("columns", "phone", "headers", to=["Tél"]),
    changed("resources", 0, "elemants", to={}),
    changed("resources", 0, to={"profile": "survivor", "elements": {}}),
    changed("title", to={"fr": "Registre"}),
    changed("follow_up", "beside", to={"letters-waiting": "messages_waiting"}),
    changed("checks", 0, to={"when": {"present": "phone"}}),
    {key: value for key, value in FRENCH.items() if key != "version"},
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_the_one_refuses_the_other_refuses(tmp_path: Path, number: int) -> None:
    assert accepted(tmp_path, WRONG[number]) == (False, False)


def test_what_the_one_accepts_the_other_accepts(tmp_path: Path) -> None:
    overlay = {"extends": "spreadsheet/register-fr", "id": "spreadsheet/tried", "columns": {"cin": {"ignored": True}}}
    assert accepted(tmp_path, FRENCH) == (True, True)
    assert accepted(tmp_path, overlay) == (True, True)
    assert accepted(tmp_path, changed("columns", "birth_date", "order", to="ymd")) == (True, True)
