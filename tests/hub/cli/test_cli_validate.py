"""`hub validate`: files of all kinds, good and bad; never a traceback, never a word of what they hold."""

import json
import os
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import texts
from hub.__main__ import main
from hub.cli.validate import LARGEST_LINE
from tests.support.command_line import MARKS

EXAMPLES = Path(str(files("profiles"))) / "examples"
EXPECTED = yaml.safe_load((EXAMPLES / "invalid" / "issues.yaml").read_text("utf-8"))
GOOD = json.loads((EXAMPLES / "valid" / "survivor.json").read_text("utf-8"))
BAD = {key: value for key, value in GOOD.items() if key != "gender"} | {"name": [{"text": MARKS[0]}]}


def run(*arguments: str | Path, language: str = "en") -> Result:
    runner = CliRunner(catch_exceptions=False)
    given = ["--lang", language, "validate", *map(str, arguments)]
    return runner.invoke(main, given, env={"COLUMNS": "220"})


def found(*arguments: str | Path) -> tuple[int, Any]:
    result = run(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def errors(answer: Any) -> list[Any]:
    return sorted(
        (i for i in answer["issues"] if i["severity"] == "error"), key=lambda i: (i["line"] or 0, i["entry"] or "")
    )


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
    return path


def test_files_that_conform_are_said_to(tmp_path: Path) -> None:
    result = run(EXAMPLES / "valid")
    count = len(list((EXAMPLES / "valid").glob("*.json")))
    assert result.exit_code == 0
    assert result.stdout.strip().endswith(texts.say("cli.validate.done", "en", files=str(count), resources=str(count)))
    code, answer = found(EXAMPLES / "valid")
    assert code == 0 and answer["ok"] is True
    assert {i["severity"] for i in answer["issues"]} <= {"warning", "information"}


def test_every_invalid_example_of_the_contract_is_found_with_its_element() -> None:
    code, answer = found(EXAMPLES / "invalid")
    assert code == 3 and answer["ok"] is False
    errors = {(Path(i["file"]).stem, i["element"], i["text"]) for i in answer["issues"] if i["severity"] == "error"}
    assert errors >= {(name, one["path"], one["text"]) for name, one in EXPECTED.items()}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_table_tells_the_file_the_element_and_the_way_out_in_the_chosen_language(
    tmp_path: Path, language: str
) -> None:
    result = run(write(tmp_path / "bad.json", BAD), language=language)
    assert result.exit_code == 3
    for word in ("bad.json", "Patient.gender", texts.say("conformance.required", language, element="Patient.gender")):
        assert word in result.stdout
    assert texts.say("cli.validate.some-wrong", language, files="1", resources="1", wrong="1") in result.stdout


def test_each_entry_of_a_bundle_is_validated_and_named(tmp_path: Path) -> None:
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": BAD}]}
    entries = [
        {"resource": GOOD},
        {"request": {"method": "DELETE", "url": "Patient/1"}},
        {"resource": BAD},
        {"resource": inner},
    ]
    path = write(tmp_path / "b.json", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    code, answer = found(path)
    assert code == 3 and answer["checked"] == {"files": 1, "resources": 5}
    assert [(i["entry"], i["element"]) for i in errors(answer)] == [
        (None, "Bundle"),  # bdl-3: what is sent in a transaction says how
        ("Bundle.entry[2].resource", "Patient.gender"),
        ("Bundle.entry[3].resource.entry[0].resource", "Patient.gender"),
    ]
    assert "Bundle.entry[2].resource: Patient.gender" in run(path).stdout


@pytest.mark.parametrize(
    ("entries", "element"), [("x", "Bundle.entry"), ([1], "Bundle.entry[0]"), ({}, "Bundle.entry")]
)
def test_a_misshapen_bundle_is_an_issue(tmp_path: Path, entries: Any, element: str) -> None:
    code, answer = found(write(tmp_path / "b.json", {"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert code == 3
    assert [i["element"] for i in answer["issues"]] == [element]


def test_an_ndjson_file_is_validated_line_by_line_and_a_bad_line_never_stops_the_others(tmp_path: Path) -> None:
    lines = [json.dumps(GOOD), "", "{", json.dumps(BAD), json.dumps(GOOD)]
    path = write(tmp_path / "all.ndjson", "\n".join(lines).encode())
    code, answer = found(path)
    assert code == 1 and answer["checked"] == {"files": 1, "resources": 3}
    assert [(u["line"], u["text"]) for u in answer["unreadable"]] == [(3, "cli.validate.not-json")]
    assert [(i["line"], i["element"]) for i in errors(answer)] == [(4, "Patient.gender")]
    assert "line 4" in run(path).stdout


def test_a_folder_is_read_to_the_bottom_but_not_what_is_hidden_or_no_json(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "bad.json", BAD)
    write(tmp_path / "good.ndjson", GOOD)
    write(tmp_path / ".hidden" / "bad.json", BAD)
    write(tmp_path / "notes.txt", b"{")
    (tmp_path / "a" / "round").symlink_to(tmp_path, target_is_directory=True)
    code, answer = found(tmp_path)
    assert code == 3 and answer["checked"] == {"files": 2, "resources": 2}
    assert [Path(i["file"]).relative_to(tmp_path) for i in errors(answer)] == [Path("a/b/bad.json")]


MALFORMED = {
    "not-json": b'{"resourceType": "Patient",}',
    "encoding": b'{"a": "\xe9"}',
    "duplicate-names": b'{"resourceType": "Patient", "resourceType": "Patient"}',
    "number": b'{"resourceType": "Patient", "multipleBirthInteger": NaN}',
    "letters": b'{"resourceType": "\\ud800"}',
    "too-deep": b"[" * 10_000 + b"]" * 10_000,
}


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("why", MALFORMED)
def test_malformed_input_gets_one_clear_line(tmp_path: Path, why: str, language: str) -> None:
    result = run(write(tmp_path / "odd.json", MALFORMED[why]), language=language)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith(str(tmp_path / "odd.json"))
    assert texts.say(f"cli.validate.{why}", language, line="1", column="28") in result.stderr


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as huge:
        huge.truncate(10 * 1024**3)  # sparse
    code, answer = found(path)
    assert code == 1
    assert [u["text"] for u in answer["unreadable"]] == ["cli.validate.too-large"]


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path) -> None:
    long = b'"' + b"x" * (LARGEST_LINE * 2) + b'"'
    path = write(tmp_path / "long.ndjson", b"\n".join([json.dumps(GOOD).encode(), long, json.dumps(BAD).encode()]))
    code, answer = found(path)
    assert code == 1 and answer["checked"]["resources"] == 2
    assert [(u["line"], u["text"]) for u in answer["unreadable"]] == [(2, "cli.validate.too-large")]
    assert [i["line"] for i in errors(answer)] == [3]


def test_however_much_is_wrong_only_so_much_is_kept_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("hub.cli.validate"), "KEPT", 5)
    write(tmp_path / "b.json", {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": 0}] * 8})
    write(tmp_path / "l.ndjson", b"{\n" * 7)
    code, answer = found(tmp_path)
    assert code == 1 and answer["checked"]["resources"] == 9
    assert (len(answer["issues"]), len(answer["unreadable"]), answer["left_out"]) == (5, 5, 3 + 2)


def test_what_cannot_be_opened_is_said_and_the_rest_is_still_validated(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, answer = found(tmp_path / "missing.json", tmp_path / "empty", write(tmp_path / "bad.json", BAD))
    assert code == 1 and len(errors(answer)) == 1
    assert [u["text"] for u in answer["unreadable"]] == ["cli.validate.no-access", "cli.validate.nothing"]


def test_a_file_name_that_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/bad-\xff.json"
    Path(os.fsdecode(path)).write_text(json.dumps(BAD), "utf-8")
    code, answer = found(tmp_path)
    assert code == 3 and "bad-" in answer["issues"][0]["file"]


@pytest.mark.parametrize("content", [None, 1, "x", [], {}, [GOOD], {"resourceType": 1}, {"resourceType": "Nothing"}])
def test_json_that_is_no_resource_of_r4_does_not_conform(tmp_path: Path, content: Any) -> None:
    code, answer = found(write(tmp_path / "odd.json", content))
    assert code == 3
    assert [i["text"] for i in answer["issues"]] == ["conformance.resource-unknown"]


def test_nothing_that_identifies_is_ever_repeated(tmp_path: Path) -> None:
    spoilt = [
        BAD,
        {**BAD, "gender": MARKS[0]},
        {**BAD, MARKS[0]: 1},
        {**BAD, "name": MARKS[0]},
        {**BAD, "birthDate": MARKS[0]},
    ]
    paths = [write(tmp_path / f"{n}.json", one) for n, one in enumerate(spoilt)]
    paths += [write(tmp_path / "cut.json", json.dumps(BAD, ensure_ascii=False).encode()[:-5])]
    for arguments in (paths, [*paths, "--json"]):
        shown = run(*arguments)
        assert MARKS[0] not in shown.output and shown.exit_code == 1


def test_a_command_line_without_files_is_wrong_use() -> None:
    result = run()
    assert result.exit_code == 2
    assert "FILE" in result.stderr


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*GOOD, "entry", "resource", "coding", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(junk=JUNK, place=st.sampled_from([*GOOD, "entry"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_anything_at_all_gets_an_answer(tmp_path: Path, junk: Any, place: str) -> None:
    path = write(tmp_path / "any.json", json.dumps({**GOOD, place: junk}).encode())
    result = run(path, "--json")
    assert result.exit_code in {0, 1, 3}
    assert json.loads(result.stdout)["ok"] is (result.exit_code == 0)
