"""What every adapter must hold: the port, the words, and silence about people."""

import re
from collections.abc import Iterator
from datetime import date
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import adapters
from demo import registers
from demo.kobo_server import KoboServer, Project
from hub import mapping, texts
from hub.errors import AdapterError
from hub.ports import Connection, FollowUp, SourceRecord, checking

NAMES = ("spreadsheet", "kobo", "hl7v2", "dhis2", "commcare", "hsds", "primero", "odk", "fhir")
ROOT = Path(adapters.__file__).parent
FILES = {"__init__.py", "manifest.py", "pull.py", "push.py", "check.py", "README.md"}
RECORDED = "recorded"
UNTIL = date(2026, 6, 30)


def adapter_of(name):
    (entry,) = [entry for entry in entry_points(group="hub.adapters") if entry.name == name]
    return entry.load()


@pytest.fixture(params=["register-ar", "register-fr", "gbvims-recorder", "intake"])
def marked(request, tmp_path) -> Iterator[tuple[object, Connection]]:
    """A door to a source in which every identifying value carries a mark."""
    form = f"{'kobo' if request.param == 'intake' else 'spreadsheet'}/{request.param}"
    layout = mapping.load(form).layout()
    settings = {"path": "source"}
    project = Project("aZahraIntake", "token", registers.kobo_submissions(until=UNTIL, mark=registers.MARK))
    with KoboServer(project).running() as server:
        if request.param == "intake":
            settings = {"url": server.url, "asset": "aZahraIntake"}
        else:
            writers = {
                "register-ar": registers.arabic_register,
                "register-fr": registers.french_register,
                "gbvims-recorder": registers.gbvims_workbook,
            }
            writers[request.param](tmp_path / "source", until=UNTIL, mark=registers.MARK)
        adapter = adapter_of(form.split("/", maxsplit=1)[0])
        yield (
            adapter,
            Connection("c", "association", adapter.manifest.name, form, settings, tmp_path, layout, lambda _: "token"),
        )


def sources() -> list[Path]:
    """The modules of the doors themselves, and what `hub.ports` says for all of them."""
    own = [file for file in ROOT.rglob("*.py") if file.relative_to(ROOT).parts[0] not in {"acceptance", "replay"}]
    return [*own, Path(checking.__file__)]


def unmarked(text: str) -> bool:
    return not any(mark.casefold() in text.casefold() for mark in registers.marks())


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_has_the_same_files(name):
    assert {file.name for file in (ROOT / name).iterdir()} >= FILES
    assert len((ROOT / name / "README.md").read_text("utf-8").splitlines()) <= 15


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_has_what_its_tool_says_and_a_test_that_plays_it(name):
    assert [file for file in (ROOT / name / RECORDED).iterdir() if file.is_file()]
    told = (ROOT / name / "README.md").read_text("utf-8")
    (line,) = [line for line in told.splitlines() if line.startswith(f"* `{RECORDED}/`: ")]
    (test,) = re.findall(r"`(tests/adapters/test_recorded_\w+\.py)`", line)
    assert (ROOT.parent / test).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_speaks_three_languages_and_explains_every_setting(name):
    manifest = adapter_of(name).manifest
    assert manifest.name == name
    assert set(manifest.title) == set(texts.LANGUAGES)
    assert manifest.required <= set(manifest.settings)
    for key in (*manifest.settings.values(), *manifest.secrets.values()):
        assert all(texts.say(key, language) for language in texts.LANGUAGES)


SHARED = {"settings", "insecure", "busy", "down", "slow", "unreachable", "not-understood", "redirect", "refused"}
"""Words that the HTTP client says for every door that asks through it."""


def spoken() -> dict[str, str]:
    """Of the doors that ask through the HTTP client: what their keys begin with, and the sources that say the rest."""
    client = (ROOT / "http_client.py").read_text("utf-8")
    found = {}
    for folder in {file.parent for file in sources()} - {ROOT}:
        source = "\n".join(file.read_text("utf-8") for file in folder.glob("*.py"))
        if prefix := re.search(r'Problems\("adapters\.([a-z0-9-]+-)"', source):
            found[prefix[1]] = source + client
    return found


def test_every_key_that_an_adapter_uses_has_its_sentence_and_every_sentence_its_use():
    known = set(texts.catalogue("adapters"))
    used = {
        key for file in sources() for key in re.findall(r'"adapters\.([a-z0-9-]+[a-z0-9])"', file.read_text("utf-8"))
    }
    for prefix, source in spoken().items():
        own = source.removesuffix((ROOT / "http_client.py").read_text("utf-8"))
        said = set(re.findall(r'(?:fatal|later)\(\s*"([a-z-]+)"', own)) | set(re.findall(r'\d{3}: "([a-z-]+)"', own))
        used |= {prefix + word for word in said | SHARED}
        used |= {key for key in known if key.startswith(prefix) and f'"{key.removeprefix(prefix)}"' in source}
    assert len(spoken()) == 5
    assert used == known


def test_every_sentence_has_the_same_blanks_in_its_three_languages():
    for key, sentence in texts.catalogue("adapters").items():
        assert set(sentence) == set(texts.LANGUAGES), key
        assert len({tuple(sorted(re.findall(r"{(\w+)}", text))) for text in sentence.values()}) == 1, key
        assert re.search(r"[\u0621-\u064a]", sentence["ar"]), key


def test_all_that_an_adapter_says_fills_the_blanks_of_its_sentence():
    blanks = {key: set(re.findall(r"{(\w+)}", text["en"])) for key, text in texts.catalogue("adapters").items()}
    source = "\n".join(file.read_text("utf-8") for file in sources())
    doors = spoken()
    for key, names in blanks.items():
        if door := next(
            (one for one in doors if f'"{key.removeprefix(one)}"' in doors[one] and key.startswith(one)), None
        ):
            assert all(re.search(rf"\b{name}\b", doors[door]) for name in names), key
            continue
        uses = [source[at.start() - 400 : at.end() + 160] for at in re.finditer(f'"adapters.{key}"', source)]
        assert all(any(re.search(rf"\b{name}\b", use) for use in uses) for name in names), key


def test_records_show_their_place_and_nothing_else(marked):
    adapter, connection = marked
    for one in adapter.pull(connection, None):
        assert unmarked(repr(one))
        if isinstance(one, SourceRecord):
            assert unmarked(f"{one.place} {one.handle} {one.headers} {one.issues} {one.version}")


def test_a_second_pull_brings_nothing(marked):
    adapter, connection = marked
    *_, reached = adapter.pull(connection, None)
    assert list(adapter.pull(connection, reached)) == []


def test_two_pulls_from_the_beginning_bring_the_same(marked):
    adapter, connection = marked

    def records():
        return [(one.id, one.version) for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]

    first = records()
    assert first == records()
    assert len({id_ for id_, _ in first}) == len(first)


def test_a_sound_connection_passes_its_check(marked):
    adapter, connection = marked
    assert [issue for issue in adapter.check(connection) if issue.blocks] == []


def test_a_pull_after_a_follow_up_sees_no_change(marked):
    adapter, connection = marked
    before = {one.id: one.version for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)}
    record = next(one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord))
    values = dict.fromkeys(connection.layout.follow_up, "x")
    adapter.push(connection, [FollowUp("task-1", record.handle, values)])
    assert {one.id: one.version for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)} == before


@pytest.mark.parametrize("name", NAMES)
def test_a_connection_without_settings_is_refused_in_words_of_the_catalogue(name):
    broken = Connection(
        "c", "o", name, "m", {}, Path("/nonexistent"), mapping.load("kobo/intake").layout(), lambda _: ""
    )
    with pytest.raises(AdapterError) as refused:
        list(adapter_of(name).pull(broken, None))
    without = {
        "adapters.path-not-set",
        *(f"adapters.{one}-settings" for one in NAMES),
        *(f"{one}.settings" for one in NAMES),
    }
    assert refused.value.text in without
