"""`hub validate`: files of all kinds, good and bad; never a traceback, never a word of what they hold."""

import gzip
import json
import os
import tarfile
from importlib import import_module
from importlib.resources import files
from io import BytesIO
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
from tests.support.made_up import element, profile

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
    told = {(Path(i["file"]).stem, i["element"], i["text"]) for i in errors(answer)}
    expected = {(name, one["path"], one["text"]) for name, one in EXPECTED.items()}
    assert {one for one in expected - told if not one[2].endswith("resource-type")} == set()
    assert {name for name, _, text in told if text.endswith("resource-type")} == {
        name for name, _, text in expected if text.endswith("resource-type")
    }


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


# --- any resource of R4, any definition --------------------------------------------------------------------------------

INVOICE = {"resourceType": "Invoice", "status": "issued", "type": {"text": "x"}}
PARTNER = profile("Invoice", element("Invoice.date", min=1), name="partner-invoice")


def package(path: Path, *definitions: Any, folder: str = "package") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in [
            ("package.json", {"name": "partner"}),
            *((f"{n}.json", one) for n, one in enumerate(definitions)),
        ]:
            entry = tarfile.TarInfo(f"{folder}/{name}")
            text = json.dumps(content).encode()
            entry.size = len(text)
            archive.addfile(entry, BytesIO(text))
    return path


def test_a_resource_of_any_type_is_validated(tmp_path: Path) -> None:
    code, answer = found(write(tmp_path / "right.json", INVOICE))
    assert code == 0 and errors(answer) == []
    code, answer = found(write(tmp_path / "wrong.json", {**INVOICE, "status": "paid"}))
    assert code == 3
    assert [(i["element"], i["severity"], i["text"]) for i in errors(answer)] == [
        ("Invoice.status", "error", "conformance.wrong-code")
    ]


def test_a_warning_is_shown_and_is_no_failure(tmp_path: Path) -> None:
    named = {**INVOICE, "meta": {"profile": ["https://partner.example/unknown"]}}
    result = run(write(tmp_path / "named.json", named))
    assert result.exit_code == 0
    assert "warning" in result.stdout and "Invoice.meta.profile[0]" in result.stdout


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_how_grave_a_finding_is_stands_before_it_in_the_readers_language(tmp_path: Path, language: str) -> None:
    stdout = run(write(tmp_path / "bad.json", BAD), language=language).stdout
    assert texts.say("cli.severity.error", language) in stdout
    assert texts.say("cli.heading.severity", language) in stdout


def test_a_profile_may_be_asked_for_by_its_name_or_url(tmp_path: Path) -> None:
    path = write(tmp_path / "bare.json", {"resourceType": "Patient", "name": [{"text": "x"}]})
    by_default, by_name = found(path), found(path, "--profile", "survivor")
    assert by_default[0] == by_name[0] == 3
    assert errors(by_default[1]) == errors(by_name[1]) != []
    r4 = "http://hl7.org/fhir/StructureDefinition/Patient"
    assert found(path, "--profile", r4)[0] == 0
    assert found(path, "--profile", r4, "--profile", "survivor")[0] == 3


def test_an_unknown_profile_that_is_asked_for_is_an_error(tmp_path: Path) -> None:
    code, answer = found(write(tmp_path / "a.json", INVOICE), "--profile", PARTNER["url"])
    assert code == 3
    assert [(i["text"], i["code"]) for i in errors(answer)] == [("conformance.profile-not-found", "not-found")]


@pytest.mark.parametrize("form", ["file", "bundle", "folder", "package"])
def test_definitions_are_brought_in_a_file_a_folder_or_a_package(tmp_path: Path, form: str) -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PARTNER}, 1]}
    brought = {
        "file": lambda: write(tmp_path / "partner.json", PARTNER),
        "bundle": lambda: write(tmp_path / "partner.json", bundle),
        "folder": lambda: write(tmp_path / "partner" / "deep" / "partner.json", PARTNER).parents[1],
        "package": lambda: package(tmp_path / "partner.tgz", INVOICE, PARTNER),
    }[form]()
    resource = write(tmp_path / "a.json", {**INVOICE, "meta": {"profile": [PARTNER["url"]]}})
    code, answer = found(resource, "--definitions", brought)
    assert code == 3
    assert [(i["element"], i["text"]) for i in errors(answer)] == [("Invoice.date", "conformance.required")]


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.tgz", b"no archive", "cli.validate.no-package"),
        ("b.tgz", gzip.compress(b"x" * 600)[:-9], "cli.validate.no-package"),
        ("c.json", b"{", "cli.validate.not-json"),
        ("d.json", None, "cli.validate.no-access"),
    ],
    ids=["no-archive", "cut-short", "no-json", "not-there"],
)
def test_definitions_that_cannot_be_read_are_said_and_the_files_validated(
    tmp_path: Path, name: str, content: bytes | None, text: str
) -> None:
    if content is not None:
        write(tmp_path / name, content)
    code, answer = found(write(tmp_path / "x.json", {**INVOICE, "status": "paid"}), "--definitions", tmp_path / name)
    assert code == 1
    assert [u["text"] for u in answer["unreadable"]] == [text]
    assert len(errors(answer)) == 1


def test_examples_in_a_package_are_no_definitions(tmp_path: Path) -> None:
    brought = package(tmp_path / "partner.tgz", PARTNER, folder="package/example")
    assert found(write(tmp_path / "a.json", INVOICE), "--definitions", brought, "--profile", PARTNER["url"])[0] == 3


def test_definitions_beyond_a_size_are_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("hub.cli.definitions"), "LARGEST_IN_ALL", 100)
    brought = package(tmp_path / "partner.tgz", PARTNER)
    code, answer = found(write(tmp_path / "a.json", INVOICE), "--definitions", brought)
    assert code == 1 and [u["text"] for u in answer["unreadable"]] == ["cli.validate.too-large"]


def test_the_rules_of_bundles_are_kept_too(tmp_path: Path) -> None:
    entry = {"fullUrl": "https://a.example/Invoice/2", "resource": {**INVOICE, "id": "1"}}
    code, answer = found(write(tmp_path / "b.json", {"resourceType": "Bundle", "type": "searchset", "entry": [entry]}))
    assert code == 3
    assert [(i["entry"], i["element"]) for i in errors(answer)] == [(None, "Bundle.entry[0].fullUrl")]


def test_the_gravest_findings_are_shown_first(tmp_path: Path) -> None:
    warned = {**INVOICE, "meta": {"profile": [f"https://partner.example/{n}" for n in range(300)]}}
    write(tmp_path / "a.json", warned)
    write(tmp_path / "b.json", {**INVOICE, "status": "paid"})
    shown = run(tmp_path).stdout
    assert "Invoice.status" in shown
    assert shown.index("Invoice.status") < shown.index("Invoice.meta.profile")
