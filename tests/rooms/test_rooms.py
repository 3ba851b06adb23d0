"""The house stays as it was drawn: who may know whom, what each room says of itself, and what is written nowhere."""

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
OURS = ("hub", "adapters", "demo", "benchmarks", "profiles", "mappings")
NOT_OURS = {
    ".venv",
    ".git",
    ".hypothesis",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".import_linter_cache",
    "node_modules",
}
LONGEST_README = 15


def packages() -> list[Path]:
    """Rooms: the packages of the hub, each adapter, and the folders of data."""
    inside = [path.parent for folder in ("hub", "adapters") for path in (ROOT / folder).glob("*/__init__.py")]
    return sorted([*inside, ROOT / "profiles", ROOT / "mappings", ROOT / "tests"])


def modules() -> Iterator[Path]:
    return (path for folder in OURS for path in sorted((ROOT / folder).rglob("*.py")))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- who may know whom -------------------------------------------------------------------------------------------------


@pytest.fixture
def as_loud_as_before() -> Iterator[None]:
    """import-linter silences every logger that there is; tests that run later in this process listen to some."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    were = [(log, log.disabled, log.level, log.propagate) for log in (*loggers, logging.root)]
    handlers = list(logging.root.handlers)
    yield
    logging.root.handlers[:] = handlers
    for log, disabled, level, propagate in were:
        log.disabled, log.propagate = disabled, propagate
        log.setLevel(level)


@pytest.mark.usefixtures("as_loud_as_before")
def test_every_import_contract_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert broken == 0, capsys.readouterr().out


def test_only_the_store_knows_mongodb() -> None:
    knowing = {name(path) for path in modules() if {one.split(".")[0] for one in imported(path)} & {"pymongo", "bson"}}
    assert knowing
    assert {path for path in knowing if not path.startswith("hub/store/")} == {
        "benchmarks/bare.py",
        "benchmarks/crowd.py",
    }, "no hub"


@pytest.mark.parametrize("room", ["hub/web", "hub/console"])
def test_no_route_reaches_the_database_around_disclose(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert not [one for one in imported(path) if one.startswith("hub.store")], name(path)
        assert not re.search(r"\.store\.(read|search|compartments)\b", path.read_text("utf-8")), name(path)


def test_only_bootstrap_and_the_command_line_know_all_the_parts() -> None:
    knowing = {name(path) for path in modules() if any(one.startswith("hub.bootstrap") for one in imported(path))}
    assert {path for path in knowing if not path.startswith(("hub/cli/", "hub/__main__", "demo/", "benchmarks/"))} <= {
        "hub/bootstrap.py"
    }


# --- what each room says of itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", packages(), ids=name)
def test_every_room_has_a_short_readme(room: Path) -> None:
    readme = room / "README.md"
    assert readme.is_file()
    assert len(readme.read_text("utf-8").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("room", packages(), ids=name)
def test_every_module_that_a_readme_names_is_there(room: Path) -> None:
    named = re.findall(r"`([\w/.-]+\.py)`", (room / "README.md").read_text("utf-8"))
    assert [one for one in named if not (room / one).is_file() and not (ROOT / one).is_file()] == []


def test_every_module_opens_with_what_it_does() -> None:
    said = {name(path): path.read_text("utf-8") for path in modules()}
    assert [one for one, text in said.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []


def test_modules_stay_short() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    long = {path: length for path, length in lengths.items() if length > 300}
    assert len(long) <= len(lengths) // 10, long


@pytest.mark.parametrize("unwanted", ["utils", "helpers", "common", "manager", "base"])
def test_no_module_is_a_drawer(unwanted: str) -> None:
    assert not [name(path) for path in modules() if path.stem == unwanted or path.parent.name == unwanted]


def test_tests_are_no_packages() -> None:
    assert [path for path in (ROOT / "tests").rglob("__init__.py") if "node_modules" not in path.parts] == []


def test_every_test_file_has_a_name_of_its_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts]
    assert sorted(names) == sorted(set(names))


# --- what is written nowhere -------------------------------------------------------------------------------------------

UNWANTED = {
    "a path of somebody's machine": r"(?<![\w.:/-])/(?:work|root|home/\w+|Users/\w+)/",
    "a folder outside the project": r"\.\./shared\b",
    "a host of a package registry": r"files\.pythonhosted|registry\.npmjs|artifactory|--index-url|--extra-index|devpi|/nexus/",
    "a private key": "-----BEGIN (?:EC |RSA )?PRIVATE" + " KEY",
}


def texts() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not NOT_OURS & {*parts} and "__pycache__" not in parts and path != Path(__file__):
            yield path


@pytest.mark.parametrize("what", UNWANTED)
def test_the_projects_text_does_not_carry(what: str) -> None:
    found = {}
    for path in texts():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if match := re.search(UNWANTED[what], text):
            found[name(path)] = match[0]
    assert found == {}
