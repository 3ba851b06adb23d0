"""How long a verdict takes: `validate` on every valid example of the contract, invariants included, as an import asks for it.

Whole resources are new to an import, parts of them (a period, an age) repeat and their answers are remembered. So each round
changes the id, and everything is measured a second time with a validator that remembers nothing.
"""

import json
import time
from collections.abc import Iterator
from importlib.resources import files
from statistics import median
from typing import Any

import jsonschema

from hub.conformance import invariants, schema, validate, validator
from hub.fhir.definitions import load

ROUNDS = 400


def main() -> None:
    examples = dict(sorted(read()))
    spent = {name: each(example) for name, example in examples.items()}
    times_slower = slower(examples)
    invariants.REMEMBERED = 0  # type: ignore[misc]  # what an import would take if nothing in it repeated
    validator._compile.cache_clear()
    forgetful = {name: each(example) for name, example in examples.items()}
    of_size = [name for name, example in examples.items() if 1000 <= len(json.dumps(example)) <= 3000]
    slowest = max(spent, key=lambda name: spent[name])
    print(
        json.dumps(
            {
                "examples": len(examples),
                "median of all, µs": micro(median(spent.values())),
                "examples of 1 to 3 KB": len(of_size),
                "median of those, µs": micro(median(spent[name] for name in of_size)),
                "slowest of those, µs": micro(max(spent[name] for name in of_size)),
                "median of those, nothing remembered, µs": micro(median(forgetful[name] for name in of_size)),
                "slowest of those, nothing remembered, µs": micro(max(forgetful[name] for name in of_size)),
                "slowest of all, µs": f"{micro(spent[slowest])} ({slowest})",
                "jsonschema without accelerator, times slower": round(times_slower),
            }
        )
    )


def read() -> Iterator[tuple[str, Any]]:
    for path in files("profiles").joinpath("examples", "valid").iterdir():
        if path.name.endswith(".json"):
            yield path.name.removesuffix(".json"), json.loads(path.read_bytes())


def each(example: Any) -> float:
    """The median of one verdict, in seconds."""
    found = []
    for number in range(ROUNDS):
        resource = {**example, "id": f"n{number}"}
        start = time.perf_counter()
        issues = validate(resource)
        found.append(time.perf_counter() - start)
        assert not issues
    return median(found[ROUNDS // 10 :])


def slower(examples: dict[str, Any]) -> float:
    """The same schema by the two libraries, on the survivor."""
    example = examples["survivor"]
    profile = load().profile_of(example)
    assert profile is not None
    reference = jsonschema.Draft202012Validator(schema(profile.name))
    start = time.perf_counter()
    for _ in range(20):
        assert reference.is_valid(example)
    return (time.perf_counter() - start) / 20 / each(example)


def micro(seconds: float) -> float:
    return round(seconds * 1e6, 1)


main()
