"""The register of what the doors promise: nothing in it is without a test, and every test that it names exists."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

TESTS = Path(__file__).parents[1]
KIT = TESTS.parent / "adapters" / "acceptance"
REGISTER = yaml.safe_load(TESTS.joinpath("adapters", "promises.yaml").read_text("utf-8"))
PROMISES = [(group, one) for group, promises in REGISTER.items() for one in promises]
COUNT = 161  # whoever takes a promise away says so here


def named(promise: dict) -> Iterator[tuple[Path, str]]:
    for test in promise["tests"]:
        file, _, name = test.partition("::")
        yield (KIT / file.removeprefix("kit ") if file.startswith("kit ") else TESTS / file), f"test_{name}"


def defined_in(file: Path) -> set[str]:
    """The tests that pytest collects of a file: functions at its top, and methods of classes at its top."""
    found = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        found |= {one.name for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in found if name.startswith("test_")}


@pytest.mark.parametrize(("group", "promise"), PROMISES, ids=[f"{group}-{n}" for n, (group, _) in enumerate(PROMISES)])
def test_a_promise_is_proved_by_tests_that_exist(group, promise):
    assert set(promise) == {"promise", "tests"} and promise["promise"].endswith(".")
    proofs = list(named(promise))
    assert proofs
    missing = [name for file, name in proofs if not file.is_file() or name not in defined_in(file)]
    assert not missing


def test_no_promise_is_lost_and_none_is_said_twice():
    said = [one["promise"] for _, one in PROMISES]
    assert len(said) == len(set(said)) == COUNT


def test_the_tests_that_are_named_are_collected(request):
    """Of the files that this run collects, all that the register names of them."""
    collected = {
        (item.path, item.originalname or item.name) for item in request.session.items if hasattr(item, "originalname")
    }
    files = {path for path, _ in collected}
    if request.config.option.keyword or any("::" in arg for arg in request.config.args):
        pytest.skip("a part of the files' tests alone was asked for")
    lost = [
        (file.name, name)
        for _, promise in PROMISES
        for file, name in named(promise)
        if file in files and (file, name) not in collected
    ]
    assert not lost


def test_every_door_passes_the_kit():
    doors = {path.parent.name for path in TESTS.parent.glob("adapters/*/manifest.py")}
    assert doors == {path.stem.removeprefix("test_kit_") for path in TESTS.glob("adapters/test_kit_*.py")}
    assert len(doors) == 9
