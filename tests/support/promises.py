"""A register of promises: each in one sentence, in a group, with the tests that prove it. What it names must exist and be run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

TESTS: Final = Path(__file__).parents[1]
Promise = Mapping[str, Any]


@dataclass(frozen=True)
class Register:
    """`file`: the YAML, below tests/: group → promises of `promise`, `tests` and what else is `known`. `elsewhere`: first word of
    a test's path → the folder that it means, where that is not tests/."""

    file: str
    known: frozenset[str] = frozenset({"promise", "tests"})
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def promises(self) -> list[tuple[str, Promise]]:
        read = yaml.safe_load(TESTS.joinpath(self.file).read_text("utf-8"))
        return [(group, one) for group, promises in read.items() for one in promises]

    @property
    def names(self) -> list[str]:
        """Of each promise, for who runs its tests."""
        return [f"{group}-{number}" for number, (group, _) in enumerate(self.promises)]

    def require_proved(self, promise: Promise) -> None:
        assert {"promise", "tests"} <= set(promise) <= self.known and promise["promise"].endswith(".")
        proofs = list(self._proofs(promise))
        assert proofs
        missing = [name for file, name in proofs if not file.is_file() or name not in _defined_in(file)]
        assert not missing

    def require_each_once(self, count: int) -> None:
        """No promise is lost, and none is said twice."""
        said = [one["promise"] for _, one in self.promises]
        assert len(said) == len(set(said)) == count

    def require_collected(self, request: pytest.FixtureRequest) -> None:
        """Of the files that this run collects, all that the register names of them."""
        collected = {
            (item.path, getattr(item, "originalname", None) or item.name)
            for item in request.session.items
            if hasattr(item, "originalname")
        }
        files = {path for path, _ in collected}
        if request.config.option.keyword or any("::" in arg for arg in request.config.args):
            pytest.skip("a part of the files' tests alone was asked for")
        proofs = [proof for _, promise in self.promises for proof in self._proofs(promise)]
        assert [proof for proof in proofs if proof[0] in files and proof not in collected] == []

    def _proofs(self, promise: Promise) -> Iterator[tuple[Path, str]]:
        for test in promise["tests"]:
            path, _, name = test.partition("::")
            first, _, rest = path.partition(" ")
            yield (self.elsewhere[first] / rest if rest else TESTS / path), f"test_{name}"


def _defined_in(file: Path) -> set[str]:
    """The tests that pytest collects of a file: functions at its top, and methods of classes at its top."""
    found = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        found |= {one.name for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in found if name.startswith("test_")}
